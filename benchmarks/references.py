"""The README's table of real runs: three public sets through the product's own loop, test opened once a run.

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.references [SET ...]

Each set is imported as a file, its `split` column honoured, trained on train only with the balanced dial's
defaults, and evaluated on validation and test. Prints Markdown; state goes to a temporary home.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.sets import SETS, imported

REFERENCES: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "waimai_10k (zh)": (
        "waimai",
        {"majority": (66.6, 40.0), "tfidf_svm": (89.3, 87.6), "case_network": (88.2, 86.6), "article_listing": (64.9, 42.5)},
    ),
    "MasakhaNEWS (yor)": ("yor", {"tfidf_svm": (91.2, 91.2), "case_network": (88.1, 87.7)}),
    "AfriSenti (hau)": ("hau", {"tfidf_svm": (76.6, 76.5), "case_network": (73.1, 72.8)}),
}  # fmt: skip
"""By title: the set, and by family the accuracy and macro-F1 on test (percent) to compare with."""


def main(wanted: list[str]) -> None:
    home = Path(tempfile.mkdtemp(prefix="bentu-benchmark-"))
    os.environ["BENTU_HOME"] = str(home)
    from engine.services.inline import run_job_here
    from engine.workspace import open_workspace

    ws = open_workspace()
    print(
        "| set | family | validation acc / macro-F1 | test acc / macro-F1 (95 % interval of macro-F1, n) | reference | train s |"
    )
    print("|---|---|---|---|---|---|")
    for name, (key, references) in REFERENCES.items():
        if wanted and not any(w in name for w in wanted):
            continue
        project = imported(ws, key, SETS[key].content(), SETS[key].roles)
        for family, reference in references.items():
            recipe = ws.recipes.choose(project, family, "balanced")
            run = ws.runs.submit(project, recipe)
            start = time.perf_counter()
            run_job_here(ws.scope, run.job_id)
            seconds = time.perf_counter() - start
            done = ws.runs.get(run.id)
            assert done.state == "succeeded", done.error
            run_job_here(ws.scope, ws.evaluations.open_test(run.id, "benchmark").id)
            validation, test = ws.evaluations.get(run.id, "validation"), ws.evaluations.get(run.id, "test")
            assert validation is not None
            assert test is not None
            print(_row(name, family, validation.result, test.result, reference, seconds), flush=True)


def _row(
    name: str, family: str, validation: Any, test: Any, reference: tuple[float, float], seconds: float
) -> str:
    def pair(result: Any) -> str:
        return f"{result.overall['accuracy'].value * 100:.1f} / {result.overall['macro_f1'].value * 100:.1f}"

    f1 = test.overall["macro_f1"]
    interval = f"{f1.low * 100:.1f} to {f1.high * 100:.1f}, n = {test.n:,}"
    return f"| {name} | {family} | {pair(validation)} | {pair(test)} ({interval}) | {reference[0]} / {reference[1]} | {seconds:.0f} |"


if __name__ == "__main__":
    main(sys.argv[1:])
