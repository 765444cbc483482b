"""Does augmentation help? Small train parts of public sets, with and without each augmentation, on their validation rows.

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.augmentation [--rows 300] [--factor 2] [--balance 0] [--seeds 5]
        [--family tfidf_svm] [SET ...]

Trains one family (the linear SVM) with the balanced dial's defaults on a seeded subset of a set's own train rows, once a seed, without and
with copies, and compares the pairs on all of the set's validation rows (mean over seeds, 95 % interval over rows and seeds).
Copies and comparison are the product's own code. Rows of the test part are not read. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.sets import SETS, codes, facts_of

TITLES = {
    "waimai_10k (zh)": "waimai", "MasakhaNEWS (yor)": "yor", "AfriSenti (hau)": "hau", "AfriSenti (swa)": "swa",
}  # fmt: skip
LISTS: dict[str, tuple[str, ...]] = {
    "(rows repeated as they are)": (),
    "delete": ("delete",), "swap": ("swap",), "insert": ("insert",), "keyboard": ("keyboard",), "homophones": ("homophones",),
    "width_variant": ("width_variant",), "chinese_variant": ("chinese_variant",), "marks": ("marks",), "snippets": ("snippets",),
    "delete + swap + insert": ("delete", "swap", "insert"), "delete + snippets": ("delete", "snippets"),
}  # fmt: skip


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--factor", type=float, default=2.0)
    parser.add_argument("--balance", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--family", default="tfidf_svm")
    parser.add_argument("--only", nargs="*", help="names of the lists to try; all without it")
    parser.add_argument("sets", nargs="*")
    asked = parser.parse_args(arguments)
    for title, name in TITLES.items():
        if not asked.sets or any(wanted in title for wanted in asked.sets):
            table(title, SETS[name].part("train"), SETS[name].part("dev"), asked)


def table(name: str, train: pd.DataFrame, validation: pd.DataFrame, asked: Any) -> None:
    from engine.evaluation.repeated import compare_repeated
    from engine.modality import modalities
    from engine.models.family import TrainingData, families
    from engine.prepare.augmenting import Augmenter, Copies
    from engine.prepare.copies import copies_of_rows
    from engine.recipe import Augmentation, Evaluation, Part, Recipe, Step
    from engine.training.machine import machine

    key = modalities.get("text-classification").key
    places = np.sort(np.random.default_rng(0).permutation(len(train))[: asked.rows])
    subset = train.iloc[places]
    classes = tuple(sorted(set(train["label"])))
    inputs, labels = list(subset["text"]), codes(subset["label"], classes)
    held, truth = list(validation["text"]), codes(validation["label"], classes)
    facts = facts_of(subset["text"], labels, len(classes))
    family = families.get(asked.family)
    part = Part(
        name=family.name,
        version=family.version,
        params=family.defaults("balanced", facts, machine()).model_dump(),
    )
    avoid = {key(text) for text in held}

    def trained(texts: list[str], codes: np.ndarray, seed: int) -> np.ndarray:
        recipe = Recipe(data="benchmark", family=part, seed=seed)
        return np.asarray(fitted(recipe, TrainingData(texts, codes, held, truth, classes, seed)))

    without = [trained(inputs, labels, seed) for seed in range(asked.seeds)]
    print(
        f"\n### {name}: {len(subset)} train rows, {len(truth)} validation rows, {asked.family}, factor {asked.factor:g}, balance {asked.balance:g}, {asked.seeds} seeds\n"
    )
    print(
        "| augmentation | copies | macro-F1 without, % | with, % | difference, points (95 %) | verdict | CPU s for the copies |"
    )
    print("|---|---|---|---|---|---|---|")
    for title, names in LISTS.items():
        if asked.only and title not in asked.only:
            continue
        spec = Augmentation(
            steps=tuple(Step(name=n) for n in names or ("delete",)),
            factor=asked.factor,
            balance=asked.balance,
        )
        augmenter = Augmenter(spec)
        pairs, made, spent = [], 0, 0.0
        for seed, before in enumerate(without):
            started = time.process_time()
            if names:
                copies = augmenter(inputs, labels, places, seed, key=key, avoid=avoid)
            else:  # the control: is it the variation that helps, or only the number?
                sources = np.repeat(np.arange(len(inputs)), copies_of_rows(labels, places, spec, seed))
                copies = Copies([inputs[at] for at in sources], sources, len(sources))
            spent += time.process_time() - started
            made = len(copies.inputs)
            if made:
                pairs.append(
                    (
                        before,
                        trained(
                            [*inputs, *copies.inputs], np.concatenate([labels, labels[copies.sources]]), seed
                        ),
                    )
                )
        if not pairs:
            print(f"| {title} | 0 | | | | nothing to vary | |")
            continue
        found = compare_repeated(truth, pairs, classes, "macro_f1", Evaluation(), 0)
        print(
            f"| {title} | {made} | {100 * found.first:.1f} | {100 * found.second:.1f} | {100 * found.difference:+.1f} "
            f"({100 * found.low:+.1f} to {100 * found.high:+.1f}) | {found.verdict} | {spent / len(pairs):.2f} |"
        )  # fmt: skip
        sys.stdout.flush()


def fitted(recipe: Any, data: Any) -> Any:
    """Probabilities of the validation rows by a model that was fitted as a run fits it."""
    from engine.models.family import Training
    from engine.training.run import fit_run

    with TemporaryDirectory() as folder:
        line = Training(lambda *args, **payload: None, lambda: None, Path(folder))
        return fit_run(recipe, data, line).predict_proba(data.validation_inputs)


if __name__ == "__main__":
    main(sys.argv[1:])
