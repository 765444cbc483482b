from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from engine.evaluation import bootstrap
from engine.evaluation.metrics import NoRowsToEvaluate, PredictionsNotFinite, evaluate
from engine.evaluation.result import EvaluationResult
from engine.i18n import translate
from engine.recipe import Evaluation

NO_SLICES = pd.DataFrame()


def run(truth, probabilities, classes, slices=NO_SLICES, majority=0, seed=0, **spec):
    labels = [f"class {at}" for at in range(classes)]
    return evaluate(
        part="test", truth=np.asarray(truth), probabilities=probabilities, classes=labels, slices=slices,
        majority=majority, spec=Evaluation(**{"resamples": 300, **spec}), seed=seed,
    )  # fmt: skip


def certain(predicted, classes):
    return np.eye(classes)[np.asarray(predicted)]


def sklearn_overall(truth, predicted, classes):
    labels = list(range(classes))
    figures = {"accuracy": accuracy_score(truth, predicted)}
    for average in ("macro", "weighted"):
        scores = precision_recall_fscore_support(
            truth, predicted, labels=labels, average=average, zero_division=0
        )
        figures |= {
            f"{average}_{name}": value
            for name, value in zip(("precision", "recall", "f1"), scores, strict=False)
        }
    return figures


@pytest.mark.parametrize(
    ("n", "classes", "used"), [(400, 2, 2), (400, 5, 5), (30, 6, 4), (7, 12, 3), (1, 2, 1)]
)
def test_point_figures_equal_scikit_learn(n, classes, used, draw):
    """Over all classes of the schema, also those that no row has and that nothing predicts."""
    truth, probabilities = draw(n, used, seed=n)
    probabilities = np.pad(probabilities, ((0, 0), (0, classes - used)))
    predicted = probabilities.argmax(axis=1)
    result = run(truth, probabilities, classes)
    for figures, guess in ((result.overall, predicted), (result.baseline, np.zeros(n, dtype=int))):
        expected = sklearn_overall(truth, guess, classes)
        assert set(figures) == set(expected)
        for name, score in figures.items():
            assert score.value == pytest.approx(expected[name], abs=1e-12), name
            assert score.n == n
    labels = list(range(classes))
    assert [list(row) for row in result.confusion] == confusion_matrix(
        truth, predicted, labels=labels
    ).tolist()
    scores = precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    for at, own in enumerate(result.per_class):
        assert own.support == scores[3][at]
        if own.support:
            values = (own.precision.value, own.recall.value, own.f1.value)
            assert values == pytest.approx([figures[at] for figures in scores[:3]], abs=1e-12)
        else:
            assert (own.precision, own.recall, own.f1) == (None, None, None)


def test_slices_equal_scikit_learn_on_their_rows_and_missing_is_a_slice(drawn):
    truth, probabilities, slices = drawn
    result = run(truth, probabilities, 3, slices)
    predicted = probabilities.argmax(axis=1)
    shown = {(s.column, s.value): s for s in result.slices}
    assert {value for column, value in shown if column == "region"} == {"north", "south", ""}
    for (column, value), score in shown.items():
        rows = (slices[column] == value).to_numpy()
        expected = sklearn_overall(truth[rows], predicted[rows], 3)
        assert score.n == score.accuracy.n == rows.sum()
        assert score.accuracy.value == pytest.approx(expected["accuracy"], abs=1e-12)
        assert score.macro_f1.value == pytest.approx(expected["macro_f1"], abs=1e-12)
        assert score.accuracy.low <= score.accuracy.value <= score.accuracy.high


def test_small_and_very_many_slices_are_left_out_and_said(draw):
    truth, probabilities = draw(600, 2)
    values = [f"v{i % 60}" for i in range(590)] + [f"rare {i}" for i in range(10)]
    result = run(truth, probabilities, 2, pd.DataFrame({"shop": values}))
    assert len(result.slices) == 50
    assert [s.n for s in result.slices] == sorted((s.n for s in result.slices), reverse=True)
    (note,) = (note for note in result.notes if note["code"] == "slice_values_not_shown")
    assert note["params"]["count"] == 20
    assert "{" not in translate(note["message"], "en", **note["params"])


def test_a_class_without_rows_counts_as_zero_and_a_note_says_so():
    result = run([0, 1] * 20, certain([0, 1] * 20, 3), 3)
    assert result.overall["macro_f1"].value == pytest.approx(2 / 3)
    assert result.overall["weighted_f1"].value == 1
    (note,) = result.notes
    assert (note["code"], note["params"]["labels"]) == ("classes_without_rows", ["“class 2”"])


def test_slices_that_lack_a_class_are_noted():
    truth = [0, 1] * 20 + [0] * 20
    slices = pd.DataFrame({"region": ["both"] * 40 + ["one"] * 20})
    (note,) = run(truth, certain(truth, 2), 2, slices).notes
    assert (note["code"], note["params"]["count"]) == ("slices_lack_classes", 1)
    assert not run(truth, certain(truth, 2), 2, pd.DataFrame({"region": ["all"] * 60})).notes


def test_the_accuracy_interval_is_the_binomial_one(draw):
    """Against theory: the resampled accuracy of n rows is binomial(n, p) / n."""
    truth, probabilities = draw(1000, 2, seed=4)
    score = run(truth, probabilities, 2, resamples=5000).overall["accuracy"]
    spread = 1.96 * np.sqrt(score.value * (1 - score.value) / 1000)
    assert score.high - score.value == pytest.approx(spread, rel=0.08)
    assert score.value - score.low == pytest.approx(spread, rel=0.08)


def test_the_macro_interval_is_that_of_drawing_rows_with_replacement(draw):
    """Against the method spelled out: draw row numbers, measure with scikit-learn."""
    truth, probabilities = draw(150, 4, seed=5)
    predicted = probabilities.argmax(axis=1)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(400):
        rows = rng.integers(0, 150, 150)
        drawn.append(
            precision_recall_fscore_support(
                truth[rows], predicted[rows], labels=range(4), average="macro", zero_division=0
            )[2]
        )
    expected = np.percentile(drawn, [2.5, 97.5])
    score = run(truth, probabilities, 4, resamples=4000).overall["macro_f1"]
    assert [score.low, score.high] == pytest.approx(expected, abs=0.02)


def test_more_confidence_is_wider_and_more_rows_are_narrower(draw):
    def width(n, **spec):
        score = run(*draw(n, 2), 2, **spec).overall["macro_f1"]
        return score.high - score.low

    assert width(400, confidence=0.99) > width(400) > width(4000)


def test_the_seed_decides_and_chunks_do_not(drawn, monkeypatch):
    truth, probabilities, slices = drawn
    first = run(truth, probabilities, 3, slices)
    assert run(truth, probabilities, 3, slices) == first
    assert run(truth, probabilities, 3, slices, seed=1).overall != first.overall
    monkeypatch.setattr(bootstrap, "_CHUNK_BYTES", 1000)
    assert run(truth, probabilities, 3, slices) == first


def test_the_result_survives_json(drawn):
    truth, probabilities, slices = drawn
    result = run(truth, probabilities, 3, slices)
    assert EvaluationResult.model_validate_json(result.model_dump_json()) == result


def test_nothing_to_measure_and_diverged_models_are_errors():
    with pytest.raises(NoRowsToEvaluate):
        run(np.array([], dtype=int), np.zeros((0, 2)), 2)
    with pytest.raises(PredictionsNotFinite) as caught:
        run([0, 1], np.array([[np.nan, 0.5], [0.5, 0.5]]), 2)
    assert caught.value.params == {"count": 1, "rows": 2}


def test_a_slice_whose_rows_are_missing_from_some_resamples_still_has_an_interval(draw):
    truth, probabilities = draw(5000, 2)
    slices = pd.DataFrame({"region": ["tiny"] * 5 + ["rest"] * 4995})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run(truth, probabilities, 2, slices, resamples=2000)
    tiny = next(s for s in result.slices if s.value == "tiny")
    assert 0 <= tiny.accuracy.low <= tiny.accuracy.high <= 1
