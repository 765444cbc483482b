"""What each family brings on nine public sets: the product's own ladder, chosen on validation, test opened once.

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.ladder [--dial D] [--minutes M] [--test] [SET ...]

Each set is imported as a file, its `split` column honoured. The ladder trains every family on train with the values of the dial
and scores it on validation ("dev"); with `--test` the rung with the best validation score is trained as a run and its
test part opened, once. Prints Markdown; state goes to a temporary home.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ZH, NEWS, TWEETS = "text/zh-no-licence-stated", "text/masakhanews", "text/afrisenti"


@dataclass(frozen=True)
class Set:
    """A development set, and the macro-F1 on test (percent) of the best tuned TF-IDF with a linear model, or fastText."""

    file: str
    roles: dict[str, str]
    reference: float


def _news(name: str, reference: float) -> Set:
    roles = {"headline": "input", "text": "input", "category": "label", "split": "split"}
    return Set(f"{NEWS}/{name}.tsv.gz", roles, reference)


def _tweets(name: str, reference: float) -> Set:
    return Set(f"{TWEETS}/{name}.tsv.gz", {"tweet": "input", "label": "label", "split": "split"}, reference)


def _reviews(name: str, reference: float) -> Set:
    return Set(f"{ZH}/{name}.csv.gz", {"review": "input", "label": "label", "split": "split"}, reference)


SETS = {
    "waimai": _reviews("waimai_10k", 87.6), "online_shopping": _reviews("online_shopping_9_cats", 93.5),
    "lin": _news("lin", 76.8), "pcm": _news("pcm", 93.5), "som": _news("som", 70.4), "yor": _news("yor", 91.2),
    "amh": _tweets("amh", 45.4), "hau": _tweets("hau", 76.5), "swa": _tweets("swa", 45.9),
}  # fmt: skip


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

    project = _imported(ws, name, entry)
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


def _imported(ws: Any, name: str, entry: Set) -> str:
    from engine.data.readers import ReadOptions
    from engine.services.inline import run_job_here

    shared = Path(os.environ.get("BENTU_SHARED_DATA") or Path(__file__).parents[2] / "shared/data")
    project: str = ws.projects.create(name).id
    raw = gzip.decompress((shared / entry.file).read_bytes())
    upload = ws.datasets.stage(raw, Path(entry.file).name.removesuffix(".gz"))
    job = ws.datasets.start_import(project, upload.id, name, ReadOptions(), entry.roles, idempotency=name)
    ended = run_job_here(ws.scope, job.id)
    assert ended.state == "succeeded", ended.error
    return project


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
