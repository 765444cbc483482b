"""What each family brings on nine public sets: the product's own ladder, chosen on validation, test opened once.

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.ladder [--dial D] [--minutes M] [--test] [--keep FILE] [SET ...]

Each set is imported as a file, its `split` column honoured. The ladder trains every family on train with the values of the dial
and scores it on validation ("dev"); with `--test` the rung with the best validation score is trained as a run and its
test part opened, once. Prints Markdown; `--keep` adds what it found to a file that `benchmarks.ladder_chart` draws. State goes to
a temporary home.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.sets import SETS, Set, imported

HEAD = """| set | family | validation | n | seconds | size kB | ms a text | test (once) | n | reference |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("sets", nargs="*", default=list(SETS))
    asked.add_argument("--dial", default="quick", choices=["quick", "balanced", "thorough"])
    asked.add_argument("--minutes", type=float, default=30)
    asked.add_argument("--test", action="store_true")
    asked.add_argument("--keep", type=Path)
    given = asked.parse_args()
    os.environ["BENTU_HOME"] = tempfile.mkdtemp(prefix="bentu-benchmark-")
    from engine.workspace import open_workspace

    ws = open_workspace()
    print(f"Dial: {given.dial}. Macro-F1 in percent with 95 % interval; seconds of training.\n\n{HEAD}")
    for name in given.sets:
        for rung in _climbed(ws, name, SETS[name], given):
            print(row(rung), flush=True)
            if given.keep:
                with given.keep.open("a", encoding="utf-8") as kept:
                    kept.write(json.dumps(rung) + "\n")


def row(rung: dict[str, Any]) -> str:
    """A rung as a row of the table."""
    if "validation" not in rung:
        return f"| {rung['set']} | {rung['family']} | {rung['state']} | | | | | | | |"
    tested = f"{score(rung['test'])} | {rung['test']['n']:,}" if rung.get("test") else "|"
    marks = "".join(f" ({mark})" for mark in ("best", "recommended") if rung[mark])
    return (
        f"| {rung['set']} | {rung['family']}{marks} | {score(rung['validation'])} | {rung['validation']['n']:,} "
        f"| {rung['seconds']:.1f} | {rung['size'] / 1000:.0f} | {1000 * rung['latency']:.2f} | {tested} | {rung['reference']} |"
    )


def score(one: dict[str, float]) -> str:
    """A score and its interval in percent."""
    return f"{100 * one['value']:.1f} ({100 * one['low']:.1f} to {100 * one['high']:.1f})"


def _climbed(ws: Any, name: str, entry: Set, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The rungs of one set in the order of climbing, those passed over too."""
    from engine.services.inline import run_job_here
    from engine.workspace import Plan

    project = imported(ws, name, entry.content(), entry.roles)
    recipe = ws.recipes.choose(project, "tfidf_svm", given.dial)
    begun = ws.searches.start(project, recipe, "ladder", Plan(minutes=given.minutes), inline=True)
    for job in begun.jobs:
        run_job_here(ws.scope, job.id)
    found = ws.searches.get(begun.id)
    counts = ws.splits.current(found.version_id).counts
    for one in sorted(found.candidates, key=lambda c: c.number):
        rung: dict[str, Any] = {
            "set": name,
            "dial": given.dial,
            "minutes": given.minutes,
            "family": one.family,
        }
        if one.state != "done":
            yield rung | {"state": f"{one.state}: {(one.note or {}).get('reason', one.note)}"}
            continue
        best = one.number == found.insight.best
        rung |= {
            "validation": {"value": one.score, "low": one.low, "high": one.high, "n": counts["validation"]}, "train": counts["train"], "seconds": one.seconds,
            "size": one.size, "latency": one.latency, "best": best, "reference": entry.reference,
            "recommended": one.number == found.insight.recommended,
        }  # fmt: skip
        if given.test and best:
            rung["test"] = _tested(ws, project, ws.searches.recipe_of(found.id, one.number))
        yield rung


def _tested(ws: Any, project: str, recipe: Any) -> dict[str, float]:
    """Macro-F1 of the recipe on the test part, trained anew as a run."""
    from engine.services.inline import run_job_here

    run = ws.runs.submit(project, recipe, inline=True)
    run_job_here(ws.scope, run.job_id)
    assert ws.runs.get(run.id).state == "succeeded", ws.runs.get(run.id).error
    run_job_here(ws.scope, ws.evaluations.open_test(run.id, "benchmark").id)
    test = ws.evaluations.get(run.id, "test").result
    score = test.overall["macro_f1"]
    return {"value": score.value, "low": score.low, "high": score.high, "n": test.n}


if __name__ == "__main__":
    main()
