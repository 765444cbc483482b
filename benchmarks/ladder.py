"""What each family brings on nine public sets: the product's own ladder, chosen on validation, test opened once.

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.ladder [--dial D] [--minutes M] [--test] [SET ...]

Each set is imported as a file, its `split` column honoured. The ladder trains every family on train with the values of the dial
and scores it on validation ("dev"); with `--test` the rung with the best validation score is trained as a run and its
test part opened, once. Prints Markdown; state goes to a temporary home.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import Any

from benchmarks.sets import SETS, Set, imported


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("sets", nargs="*", default=list(SETS))
    asked.add_argument("--dial", default="quick", choices=["quick", "balanced", "thorough"])
    asked.add_argument("--minutes", type=float, default=30)
    asked.add_argument("--test", action="store_true")
    given = asked.parse_args()
    os.environ["BENTU_HOME"] = tempfile.mkdtemp(prefix="bentu-benchmark-")
    from engine.workspace import open_workspace

    ws = open_workspace()
    print(f"Dial: {given.dial}. Macro-F1 in percent with 95 % interval; seconds of training.\n")
    print("| set | family | validation | n | seconds | size kB | ms a text | test (once) | n | reference |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in given.sets:
        _climb(ws, name, SETS[name], given)


def _climb(ws: Any, name: str, entry: Set, given: argparse.Namespace) -> None:
    from engine.services.inline import run_job_here
    from engine.workspace import Plan

    project = imported(ws, name, entry.content(), entry.roles)
    recipe = ws.recipes.choose(project, "tfidf_svm", given.dial)
    begun = ws.searches.start(project, recipe, "ladder", Plan(minutes=given.minutes), inline=True)
    for job in begun.jobs:
        run_job_here(ws.scope, job.id)
    found = ws.searches.get(begun.id)
    held = ws.splits.current(found.version_id).counts["validation"]
    for one in sorted(found.candidates, key=lambda c: c.score or 0):
        if one.state != "done":
            print(f"| {name} | {one.family} | {one.state} {one.note or ''} | | | | | | | |", flush=True)
            continue
        marks = " (best)" * (one.number == found.insight.best) + " (recommended)" * (
            one.number == found.insight.recommended
        )
        tested = "| |"
        if given.test and one.number == found.insight.best:
            tested = _tested(ws, project, ws.searches.recipe_of(found.id, one.number))
        print(
            f"| {name} | {one.family}{marks} | {100 * one.score:.1f} ({100 * one.low:.1f} to {100 * one.high:.1f}) | {held:,} "
            f"| {one.seconds:.1f} | {one.size / 1000:.0f} | {1000 * one.latency:.2f} {tested} {entry.reference} |", flush=True,
        )  # fmt: skip


def _tested(ws: Any, project: str, recipe: Any) -> str:
    from engine.services.inline import run_job_here

    run = ws.runs.submit(project, recipe, inline=True)
    run_job_here(ws.scope, run.job_id)
    assert ws.runs.get(run.id).state == "succeeded", ws.runs.get(run.id).error
    run_job_here(ws.scope, ws.evaluations.open_test(run.id, "benchmark").id)
    test = ws.evaluations.get(run.id, "test").result
    score = test.overall["macro_f1"]
    return f"| {100 * score.value:.1f} ({100 * score.low:.1f} to {100 * score.high:.1f}) | {test.n:,} |"


if __name__ == "__main__":
    main()
