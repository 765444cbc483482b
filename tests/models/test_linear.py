from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.decision import macro_f1
from engine.models.dial import values
from engine.models.family import Facts, TrainingData, families
from engine.models.linear import STRENGTHS
from tests.models.toys import MACHINE, Line, texts_of, toy_data, toy_facts

SVM: Any = families.get("tfidf_svm")
LOGREG: Any = families.get("tfidf_logreg")
BAYES: Any = families.get("complement_nb")
RATIOS: Any = families.get("nb_svm")
KERNEL: Any = families.get("rbf_svm")
BLEND: Any = families.get("linear_blend")
ALL = [BAYES, LOGREG, SVM, RATIOS, KERNEL, BLEND]
EVERY = pytest.mark.parametrize("family", ALL, ids=lambda f: f.name)


def hard_and_uneven() -> TrainingData:
    """Three classes of 70, 20 and 10 in a hundred whose words overlap."""
    random = np.random.default_rng(0)
    words = [f"w{number}" for number in range(30)]
    parts = []
    for rows in (400, 200):
        labels = random.choice(3, rows, p=[0.7, 0.2, 0.1]).astype(np.int64)
        weights = [np.where(np.arange(30) % 3 == k, 1.6, 1.0) for k in range(3)]
        texts = [" ".join(random.choice(words, 8, p=weights[k] / weights[k].sum())) for k in labels]
        parts += [texts, labels]
    return TrainingData(*parts, classes=("a", "b", "c"), seed=0)


@EVERY
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


@EVERY
def test_validation_rows_of_an_unknown_class_do_not_disturb_the_calibration(family: Any, line: Line) -> None:
    data = replace(toy_data(), classes=("a", "b", "c"))
    data = replace(data, validation_labels=np.where(np.arange(60) < 5, 2, data.validation_labels))
    fitted = family.fit(data, family.Params(min_df=1), line.training)
    assert np.isfinite(fitted.decision.temperature)
    assert fitted.decision.temperature > 0


@EVERY
def test_three_classes(family: Any, line: Line) -> None:
    fitted = family.fit(toy_data(200, classes=3), family.Params(min_df=1, balanced=True), line.training)
    texts, labels = texts_of(60, seed=4, classes=3)
    assert (fitted.predict_proba(texts).argmax(axis=1) == labels).mean() > 0.9


def test_tuning_keeps_the_best_strength_on_validation(line: Line) -> None:
    fitted = SVM.fit(toy_data(), SVM.Params(min_df=1, tune_c=True), line.training)
    tried = [event["params"] for event in line.of("log") if "macro-F1" in str(event.get("message"))]
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


@EVERY
def test_a_small_machine_gets_smaller_features(family: Any) -> None:
    from engine.models.family import Machine

    facts = toy_facts(rows=1_000_000)
    wide = family.defaults("balanced", facts, Machine(2, 2**40))
    tight = Machine(2, family.estimate(wide, facts, Machine(2, 2**40)).memory_bytes - 1)
    narrow = family.defaults("balanced", facts, tight)
    assert family.estimate(narrow, facts, tight).memory_bytes <= tight.memory_bytes
    assert narrow.max_features < wide.max_features


@pytest.mark.parametrize("family", [LOGREG, SVM, RATIOS, KERNEL], ids=lambda f: f.name)
def test_an_adjusted_decision_is_served_as_it_was_trained(family: Any, line: Line, tmp_path: Path) -> None:
    data = hard_and_uneven()
    params = family.Params(min_df=1, adjust=True)
    fitted = family.fit(data, params, line.training)
    assert np.ptp(fitted.decision.offsets) > 0
    fitted.save(tmp_path)
    said = family.load(tmp_path).predict_proba(data.validation_inputs)
    assert np.abs(said - fitted.predict_proba(data.validation_inputs)).max() < 1e-5
    plain = family.fit(data, params.model_copy(update={"adjust": False}), line.training)
    before, after = (
        macro_f1(data.validation_labels, model.predict_proba(data.validation_inputs).argmax(axis=1), 3)
        for model in (plain, fitted)
    )
    assert after > before


@EVERY
def test_balancing_helps_a_small_class(family: Any, line: Line) -> None:
    data = hard_and_uneven()
    shares = []
    for balanced in (False, True):
        fitted = family.fit(data, family.Params(min_df=1, balanced=balanced), line.training)
        shares.append(fitted.predict_proba(data.validation_inputs)[:, 2].mean())
    assert shares[1] > shares[0] if family is not BAYES else shares[1] != shares[0]


def test_the_decision_is_adjusted_where_classes_are_uneven_and_on_the_thorough_dial() -> None:
    uneven, even = (Facts(900, 3, smallest, 60.0, 200.0, {}) for smallest in (100, 290))
    for facts, expected in ((uneven, [True, True, True]), (even, [False, False, True])):
        said = [SVM.defaults(dial, facts, MACHINE).adjust for dial in ("quick", "balanced", "thorough")]
        assert said == expected


def test_the_quick_dial_counts_less_only_where_that_saves_more_than_seconds() -> None:
    few, many = (Facts(rows, 3, rows // 4, 300.0, 900.0, {}) for rows in (2000, 200_000))
    assert SVM.defaults("quick", few, MACHINE) == SVM.defaults("balanced", few, MACHINE)
    short = SVM.settings("quick", many, MACHINE)
    assert (short["analyzer"].value, short["char_max"].value) == ("words", 2)
    assert short["analyzer"].params["most"] == 20
    assert (
        SVM.estimate(SVM.Params(**values(short)), many, MACHINE).seconds
        < SVM.estimate(SVM.defaults("balanced", many, MACHINE), many, MACHINE).seconds
    )


def test_ratios_and_weights_in_one_are_the_machines_themselves(line: Line) -> None:
    fitted = RATIOS.fit(
        toy_data(classes=3), RATIOS.Params(min_df=1, values="binary", trust=0.5), line.training
    )
    texts, _ = texts_of(40, seed=8, classes=3)
    rows = fitted.features.transform(texts)
    assert set(np.unique(rows.data)) == {1.0}
    assert np.allclose(fitted.scorer.scores(rows), fitted.estimator.decision_function(rows), atol=1e-4)


def test_ratios_are_the_ones_of_the_paper() -> None:
    from scipy.sparse import csr_matrix

    from engine.models.text.nb_svm import RatioSvm

    rows = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], dtype=np.float32))
    estimator = RatioSvm(1.0, 1.0, 1.0, False, 0).fit(rows, np.array([1, 1, 0]))
    inside, outside = np.array([3, 2, 1]) / 6, np.array([1, 2, 2]) / 5
    assert np.allclose(estimator._machines[0][0], np.log(inside / outside))


def test_with_every_text_a_landmark_the_kernel_is_exact() -> None:
    from sklearn.metrics.pairwise import rbf_kernel

    from engine.models.features.tfidf import Tfidf, TfidfParams
    from engine.models.text.rbf_svm import Landmarks, kernel

    texts, _ = texts_of(80, seed=1)
    _, rows = Tfidf.fit(texts, TfidfParams(min_df=1))
    expected = rbf_kernel(rows, gamma=0.7)
    assert np.allclose(kernel(rows, rows, 0.7), expected, atol=1e-6)
    landmarks = Landmarks(0.7, 80, 0)
    landmarks.fit(rows)
    turned = landmarks.turned(rows)
    assert np.allclose(turned @ turned.T, expected, atol=1e-4)
    landmarks.fit(rows)
    assert landmarks.turned(rows) is turned, "the machines of several C share the work"


def test_long_texts_are_read_by_what_occurs() -> None:
    short, long = (Facts(900, 3, 290, median, 2000.0, {}) for median in (60.0, 900.0))
    assert RATIOS.defaults("quick", short, MACHINE).values == "tfidf"
    params = RATIOS.defaults("thorough", long, MACHINE)
    assert params.values == "binary"
    assert np.allclose([params.C, *RATIOS.strengths(params)], [0.01, *(c / 100 for c in STRENGTHS)])


@pytest.mark.parametrize("values", ["tfidf", "binary"])
def test_a_blend_is_the_weighted_mean_of_its_members(values: str, line: Line, tmp_path: Path) -> None:
    data = hard_and_uneven()
    members = ("svm_weight", "bayes_weight", "ratio_weight")
    common = {"min_df": 1, "ratio_values": values}
    alone = []
    for name in members:
        off = dict.fromkeys(members, 0.0) | {name: 1.0}
        alone.append(BLEND.fit(data, BLEND.Params(**common, **off), line.training))
    weights = np.array([1.0, 0.5, 0.25])
    fitted = BLEND.fit(
        data, BLEND.Params(**common, **dict(zip(members, weights, strict=True))), line.training
    )
    rows = fitted.features.transform(data.validation_inputs)
    parts = [np.exp(one.estimator.decision_function(rows)) for one in alone]
    expected = np.tensordot(weights / weights.sum(), parts, axes=1)
    assert np.allclose(np.exp(fitted.estimator.decision_function(rows)), expected, atol=1e-6)
    folder = tmp_path / "model"
    folder.mkdir()
    fitted.save(folder)
    assert sorted(p.name for p in folder.iterdir() if p.is_dir()) == ["bayes", "ratio", "svm"]
    served = BLEND.load(folder).predict_proba(data.validation_inputs)
    assert np.abs(served - fitted.predict_proba(data.validation_inputs)).max() < 1e-5


def test_a_member_alone_decides_as_its_own_family(line: Line) -> None:
    texts, _ = texts_of(80, seed=6, classes=3)
    alone = BLEND.Params(min_df=1, bayes_weight=0.0, ratio_weight=0.0)
    said = BLEND.fit(toy_data(classes=3), alone, line.training).predict_proba(texts)
    expected = SVM.fit(toy_data(classes=3), SVM.Params(min_df=1), line.training).predict_proba(texts)
    assert (said.argmax(axis=1) == expected.argmax(axis=1)).all()
