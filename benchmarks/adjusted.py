"""What adjusting a decision to macro-F1 brings on rows that its share was not chosen on (docs/decisions/0017).

    BENTU_SHARED_DATA=<folder of the development data> .venv/bin/python -m benchmarks.adjusted [--families tfidf_svm embedding_bag] [--draws 10] [SET ...]

A family is trained once with the balanced dial's defaults and no adjustment, and once more with balanced class weights. The share is
chosen on one half of the validation rows ("dev"), drawn by class, and scored on the other, and the other way round; mean over draws. The three are compared on the
same halves. Choice and metric are the product's own. Rows of the test part are not read. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.sets import SETS, codes, facts_of
from engine.models.decision import fit_decision, macro_f1
from engine.models.family import FloatArray, Training, TrainingData, families
from engine.recipe import Part
from engine.training.machine import machine
from engine.training.run import fit_part


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("sets", nargs="*", default=["swa", "amh", "hau"])
    asked.add_argument("--families", nargs="*", default=["tfidf_svm", "embedding_bag"])
    asked.add_argument("--draws", type=int, default=10)
    given = asked.parse_args()
    print("| family | set | n of dev | macro-F1 as it is, % | adjusted | balanced class weights | accuracy as it is, % | adjusted | balanced class weights | processor s of a training |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for family in given.families:
        for name in given.sets:
            line(family, name, given.draws)


def line(family_name: str, name: str, draws: int) -> None:
    train, held = SETS[name].part("train"), SETS[name].part("dev")
    classes = tuple(sorted(set(train["label"])))
    data = TrainingData(
        list(train["text"]), codes(train["label"], classes), list(held["text"]), codes(held["label"], classes), classes, 0
    )  # fmt: skip
    family, sizes = families.get(family_name), np.bincount(data.train_labels, minlength=len(classes))
    facts = facts_of(train["text"], data.train_labels, len(classes))
    params = family.defaults("balanced", facts, machine()).model_dump() | {"adjust": False}
    started = time.process_time()
    plain = answers(Part(name=family.name, version=family.version, params=params), data)
    spent = time.process_time() - started
    weighted = answers(
        Part(name=family.name, version=family.version, params={**params, "balanced": True}), data
    )
    truth, scores = data.validation_labels, np.log(np.maximum(plain, 1e-12))
    figures = []
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(truth))
        order = order[np.argsort(truth[order], kind="stable")]
        halves = order[::2], order[1::2]
        for chosen, scored in (halves, halves[::-1]):
            decision = fit_decision(scores[chosen], truth[chosen], sizes, adjust=True)
            said = [rows[scored] for rows in (plain, decision.probabilities(scores), weighted)]
            figures.append([[macro_f1(truth[scored], rows.argmax(axis=1), len(classes)) for rows in said], [float(np.mean(rows.argmax(axis=1) == truth[scored])) for rows in said]])  # fmt: skip
    means = " | ".join(f"{100 * value:.1f}" for value in np.mean(figures, axis=0).reshape(-1))
    print(f"| {family_name} | {name} | {len(truth)} | {means} | {spent:.0f} |", flush=True)


def answers(part: Part, data: TrainingData) -> FloatArray:
    """Probabilities of the validation rows."""
    with TemporaryDirectory() as folder:
        line = Training(lambda kind, **said: None, lambda: None, Path(folder))
        return fit_part(part, data, line).predict_proba(data.validation_inputs)


if __name__ == "__main__":
    main()
