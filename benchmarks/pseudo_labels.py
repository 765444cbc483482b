"""Do guessed labels help? A tenth of a set's train rows keep their label; the others are guessed, or left out.

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.pseudo_labels [--family tfidf_svm] [--threshold 0.9] [--most 1]
        [--seeds 5] [SET ...]

The family has the balanced dial's defaults for the labelled tenth, drawn anew by each seed; the pairs are compared on all of the
set's validation rows (mean over seeds, 95 % interval over rows and seeds). Guesses and comparison are the product's own code.
Rows of the test part are not read. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.augmentation import TITLES
from benchmarks.sets import SETS, codes, facts_of

SHARE = 0.1


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", default="tfidf_svm")
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--most", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("sets", nargs="*")
    asked = parser.parse_args(arguments)
    print(f"{asked.family}, guesses from {asked.threshold:g}, at most {asked.most:g} a labelled row, {asked.seeds} seeds\n")  # fmt: skip
    print("| set | labelled / free / validation | joined | of them right, % | without, % | with, % | difference, points (95 %) | verdict |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for title, name in TITLES.items():
        if not asked.sets or any(wanted in title for wanted in asked.sets):
            line(title, SETS[name].part("train"), SETS[name].part("dev"), asked)


def line(name: str, train: pd.DataFrame, validation: pd.DataFrame, asked: Any) -> None:
    from engine.evaluation.repeated import compare_repeated
    from engine.models.family import Training, TrainingData, families
    from engine.recipe import Evaluation, Part, PseudoLabels, Recipe
    from engine.training.machine import machine
    from engine.training.pseudo_labels import with_pseudo_labels
    from engine.training.run import fit_run

    classes = tuple(sorted(set(train["label"])))
    known, truth = codes(train["label"], classes), codes(validation["label"], classes)
    texts, held, family = train["text"].to_numpy(), list(validation["text"]), families.get(asked.family)
    guess = PseudoLabels(enabled=True, threshold=asked.threshold, most=asked.most)
    pairs, joined, right = [], 0, 0
    for seed in range(asked.seeds):
        order = np.random.default_rng(seed).permutation(len(train))
        mine, free = np.split(order, [round(SHARE * len(train))])
        data = TrainingData(list(texts[mine]), known[mine], held, truth, classes, seed, list(texts[free]))
        facts = facts_of(train["text"].iloc[mine], known[mine], len(classes))
        params = family.defaults("balanced", facts, machine()).model_dump()
        recipe = Recipe(
            data="benchmark", family=Part(name=family.name, version=family.version, params=params), pseudo_labels=guess, seed=seed,
        )  # fmt: skip
        with TemporaryDirectory() as folder:
            training = Training(lambda *args, **payload: None, lambda: None, Path(folder))
            before = fit_run(recipe, data, replace(training, checkpoints=Path(folder) / "without"))
            grown, _ = with_pseudo_labels(recipe, data, training)
            after = fit_run(recipe, grown, training)
            pairs.append((before.predict_proba(held), after.predict_proba(held)))
        of_text = dict(zip(texts[free], known[free], strict=True))
        new = range(len(mine), len(grown.train_inputs))
        joined += len(new)
        right += sum(of_text[grown.train_inputs[at]] == grown.train_labels[at] for at in new)
    found = compare_repeated(truth, pairs, classes, "macro_f1", Evaluation(), 0)
    print(
        f"| {name} | {len(mine)} / {len(free)} / {len(held)} | {joined / asked.seeds:.0f} | {100 * right / max(joined, 1):.1f} | {100 * found.first:.1f} | "
        f"{100 * found.second:.1f} | {100 * found.difference:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f}) | {found.verdict} |",
        flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
