from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.family import families
from engine.models.linear import STRENGTHS
from tests.models.toys import Line, texts_of, toy_data

SVM: Any = families.get("tfidf_svm")
LOGREG: Any = families.get("tfidf_logreg")
BOTH = pytest.mark.parametrize("family", [SVM, LOGREG], ids=lambda f: f.name)


@BOTH
def test_a_class_without_training_rows_is_never_answered(family: Any, line: Line, tmp_path: Path) -> None:
    data = replace(toy_data(classes=2), classes=("a", "never", "b"))
    data = replace(data, train_labels=data.train_labels * 2, validation_labels=data.validation_labels * 2)
    fitted = family.fit(data, family.Params(min_df=1), line.training)
    fitted.save(tmp_path)
    texts, labels = texts_of(50, seed=9)
    for model in (fitted, family.load(tmp_path)):
        said = model.predict_proba(texts)
        assert said.shape == (50, 3)
        assert (said[:, 1] == 0).all()
        assert (said.argmax(axis=1) == labels * 2).mean() > 0.9


@BOTH
def test_validation_rows_of_an_unknown_class_do_not_disturb_the_calibration(family: Any, line: Line) -> None:
    data = replace(toy_data(), classes=("a", "b", "c"))
    data = replace(data, validation_labels=np.where(np.arange(60) < 5, 2, data.validation_labels))
    fitted = family.fit(data, family.Params(min_df=1), line.training)
    assert np.isfinite(fitted.temperature)
    assert fitted.temperature > 0


@BOTH
def test_three_classes(family: Any, line: Line) -> None:
    fitted = family.fit(toy_data(200, classes=3), family.Params(min_df=1, balanced=True), line.training)
    texts, labels = texts_of(60, seed=4, classes=3)
    assert (fitted.predict_proba(texts).argmax(axis=1) == labels).mean() > 0.9


def test_tuning_keeps_the_best_strength_on_validation(line: Line) -> None:
    fitted = SVM.fit(toy_data(), SVM.Params(min_df=1, tune_c=True), line.training)
    tried = [event["params"] for event in line.of("log") if "macro F1" in str(event.get("message"))]
    assert len(tried) == len(STRENGTHS)
    scores = [float(params["score"]) for params in tried]
    assert STRENGTHS[int(np.argmax(scores))] == fitted.estimator.C
    assert not fitted.stopped_early


def test_stopping_while_tuning_keeps_the_best_so_far(tmp_path: Path) -> None:
    line = Line(tmp_path, "keep", after=2)
    fitted = SVM.fit(toy_data(), SVM.Params(min_df=1, tune_c=True), line.training)
    assert fitted.stopped_early
    assert fitted.estimator.C in STRENGTHS[:2]


def test_calibration_changes_no_decision(line: Line) -> None:
    fitted = SVM.fit(toy_data(), SVM.Params(min_df=1), line.training)
    texts, _ = texts_of(100, seed=6)
    margins = fitted.estimator.decision_function(fitted.features.transform(texts))
    assert ((margins > 0) == fitted.predict_proba(texts).argmax(axis=1)).all()


def test_what_the_solver_warns_of_reaches_the_log(line: Line) -> None:
    class Hasty(type(SVM)):  # type: ignore[misc]
        def estimator(self, params: Any, strength: float, seed: int) -> Any:
            return super().estimator(params, strength, seed).set_params(max_iter=1, tol=1e-12, dual=True)

    Hasty().fit(toy_data(), SVM.Params(min_df=1, C=100.0), line.training)
    assert any(e["level"] == "warning" and "converge" in str(e.get("text")) for e in line.of("log"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "columns", "label", "han", "least"),
    [("text/zh-no-licence-stated/waimai_10k.csv.gz", ["review"], "label", 0.9, 0.876),
     ("text/afrisenti/hau.tsv.gz", ["tweet"], "label", 0.0, 0.765)],
)  # fmt: skip
def test_balanced_svm_reaches_its_reference_on_development_data(
    shared_data: Path, line: Line, file: str, columns: list[str], label: str, han: float, least: float
) -> None:
    import pandas as pd
    from sklearn.metrics import f1_score

    from engine.models.family import TrainingData
    from tests.models.toys import MACHINE, toy_facts

    frame = pd.read_csv(
        shared_data / file, sep="\t" if ".tsv" in file else ",", dtype=str, keep_default_na=False
    )
    classes = tuple(sorted(frame[label].unique()))
    parts = [frame[frame["split"] == part] for part in ("train", "dev")]
    texts = [part[columns].agg("\n".join, axis=1).tolist() for part in parts]
    codes = [part[label].map(classes.index).to_numpy(np.int64) for part in parts]
    data = TrainingData(texts[0], codes[0], texts[1], codes[1], classes, 0)
    fitted = SVM.fit(
        data, SVM.defaults("balanced", toy_facts(len(texts[0]), han=han), MACHINE), line.training
    )
    said = fitted.predict_proba(texts[1]).argmax(axis=1)
    assert f1_score(codes[1], said, average="macro") >= least


@BOTH
def test_a_small_machine_gets_smaller_features(family: Any) -> None:
    from engine.models.family import Machine
    from tests.models.toys import toy_facts

    facts = toy_facts(rows=1_000_000)
    wide = family.defaults("balanced", facts, Machine(2, 2**40))
    tight = Machine(2, family.estimate(wide, facts, Machine(2, 2**40)).memory_bytes - 1)
    narrow = family.defaults("balanced", facts, tight)
    assert family.estimate(narrow, facts, tight).memory_bytes <= tight.memory_bytes
    assert narrow.max_features < wide.max_features
