"""A run's figures on one part, each with its bootstrap interval, beside the majority class on the same rows.

Stage 5 (evaluation).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import N_, DataError, JobError
from engine.evaluation.bootstrap import interval, kinds_of_rows, resamples
from engine.evaluation.figures import Counts, class_figures, count, overall_figures
from engine.evaluation.result import ClassScore, EvaluationResult, Score, SliceScore
from engine.models.family import FloatArray, IntArray
from engine.recipe import Evaluation

FEWEST_SLICE_ROWS = 5
MOST_SLICE_VALUES = 50
_SLICE_FIGURES = ("accuracy", "macro_f1")


class NoRowsToEvaluate(DataError):
    code = "NO_ROWS_TO_EVALUATE"
    message = N_("The {part} part has no labelled rows, so there is nothing to measure on.")
    remedy = N_("Draw a split with a share for this part, or add rows to it.")


class PredictionsNotFinite(JobError):
    code = "PREDICTIONS_NOT_FINITE"
    message = N_("{count} of {rows} predictions are not numbers; the training has diverged.")
    remedy = N_("Train again with a smaller learning rate.")


@dataclass(frozen=True)
class _Slice:
    """The kinds of rows that one value of one slice column has."""

    column: str
    value: str
    kinds: IntArray


def predicted_classes(probabilities: FloatArray) -> IntArray:
    """The most probable class of each row; raises `PredictionsNotFinite` when there is none."""
    broken = int((~np.isfinite(probabilities).all(axis=1)).sum())
    if broken:
        raise PredictionsNotFinite(count=broken, rows=len(probabilities))
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def evaluate(
    *,
    part: str,
    truth: IntArray,
    probabilities: FloatArray,
    classes: Sequence[str],
    slices: pd.DataFrame,
    majority: int,
    spec: Evaluation,
    seed: int,
    unlabelled: int = 0,
) -> EvaluationResult:
    """Every figure of a run on one part, from one shared set of resamples.

    Macro averages run over all classes of the schema, in a slice too: a class without rows there counts as 0
    (scikit-learn with `labels` = all and `zero_division=0`), and a note says so. A slice's interval leaves out the
    resamples in which none of its rows came.

    Args:
        part: "validation" or "test".
        truth: class codes, shape (n,).
        probabilities: shape (n, classes).
        classes: the schema's classes.
        slices: one column a slice column, rows in the order of `truth`; "" is a missing value, and is a slice too.
        majority: code of the majority class of the train part.
        spec: number of resamples and confidence.
        seed: of the resamples.
        unlabelled: rows of the part that have no label, for the record.

    Raises:
        NoRowsToEvaluate: n is 0.
        PredictionsNotFinite: a probability is NaN or infinite.
    """
    n, size = len(truth), len(classes)
    if n == 0:
        raise NoRowsToEvaluate(part=part)
    predicted = predicted_classes(probabilities)
    named, codes, notes = _slice_codes(slices)
    (kind_truth, kind_predicted, *kind_slices), counts = kinds_of_rows([truth, predicted, *codes])
    views = [
        _Slice(column, value, np.flatnonzero(column_kinds == code))
        for (column, values), column_kinds in zip(named, kind_slices, strict=True)
        for code, value in enumerate(values)
    ]
    majorities = np.full(len(kind_truth), majority, dtype=np.int64)

    def measure(weights: FloatArray) -> list[FloatArray]:
        everything = count(weights, kind_truth, kind_predicted, size)
        baseline = count(weights, kind_truth, majorities, size)
        per_slice = (
            overall_figures(count(weights[:, v.kinds], kind_truth[v.kinds], kind_predicted[v.kinds], size))
            for v in views
        )
        return [
            np.stack(list(overall_figures(everything).values()), axis=1),
            np.stack(list(overall_figures(baseline).values()), axis=1),
            np.stack(class_figures(everything), axis=1),
            *(np.stack([figures[name] for name in _SLICE_FIGURES], axis=1) for figures in per_slice),
        ]

    point = [values[0] for values in measure(counts[None].astype(np.float64))]
    drawn = zip(*(measure(weights) for weights in resamples(counts, spec.resamples, seed)), strict=True)
    bounds = [interval(np.concatenate(chunks), spec.confidence) for chunks in drawn]

    def score(block: int, *at: int, rows: float) -> Score:
        low, high = bounds[block]
        return Score(value=float(point[block][at]), low=float(low[at]), high=float(high[at]), n=int(rows))

    whole = count(counts[None].astype(np.float64), kind_truth, kind_predicted, size)
    names = list(overall_figures(whole))
    slice_rows = [int(counts[view.kinds].sum()) for view in views]
    confusion = np.bincount(truth * size + predicted, minlength=size * size).reshape(size, size)
    return EvaluationResult(
        part=part,
        n=n,
        classes=tuple(classes),
        overall={name: score(0, at, rows=n) for at, name in enumerate(names)},
        baseline={name: score(1, at, rows=n) for at, name in enumerate(names)},
        per_class=tuple(_class_score(label, at, whole, score) for at, label in enumerate(classes)),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        slices=tuple(
            SliceScore(
                column=view.column,
                value=view.value,
                n=rows,
                accuracy=score(3 + at, 0, rows=rows),
                macro_f1=score(3 + at, 1, rows=rows),
            )
            for at, (view, rows) in enumerate(zip(views, slice_rows, strict=True))
        ),
        resamples=spec.resamples,
        confidence=spec.confidence,
        seed=seed,
        unlabelled=unlabelled,
        notes=tuple(_class_notes(classes, truth, [kind_truth[view.kinds] for view in views]) + notes),
    )


def _class_score(label: str, at: int, whole: Counts, score: Callable[..., Score]) -> ClassScore:
    support, predicted, hits = (int(rows[0, at]) for rows in (whole.truth, whole.predicted, whole.hits))
    if not support:
        return ClassScore(label=label, support=0, precision=None, recall=None, f1=None)
    return ClassScore(
        label=label,
        support=support,
        precision=score(2, 0, at, rows=predicted),
        recall=score(2, 1, at, rows=support),
        f1=score(2, 2, at, rows=support + predicted - hits),
    )


def _slice_codes(
    slices: pd.DataFrame,
) -> tuple[list[tuple[str, list[str]]], list[IntArray], list[Mapping[str, Any]]]:
    """The values shown of each slice column, the codes of the rows (-1: not shown), and notes on what is not."""
    named: list[tuple[str, list[str]]] = []
    codes: list[IntArray] = []
    notes: list[Mapping[str, Any]] = []
    for column in slices.columns:
        values = slices[column].fillna("").astype(str)
        sizes = values.value_counts()
        shown = sorted(sizes[sizes >= FEWEST_SLICE_ROWS].index, key=lambda value: (-sizes[value], value))[
            :MOST_SLICE_VALUES
        ]
        named.append((str(column), shown))
        codes.append(pd.Index(shown, dtype="str").get_indexer(values).astype(np.int64))
        if len(shown) < len(sizes):
            message = N_(
                "{count} {count:value|values} of “{column}” {count:is|are} not shown: fewer than {fewest} rows, or beyond the {most} most frequent."
            )
            params = {
                "column": str(column),
                "count": len(sizes) - len(shown),
                "fewest": FEWEST_SLICE_ROWS,
                "most": MOST_SLICE_VALUES,
            }
            notes.append({"code": "slice_values_not_shown", "message": message, "params": params})
    return named, codes, notes


def _class_notes(
    classes: Sequence[str], truth: IntArray, slice_truths: Sequence[IntArray]
) -> list[Mapping[str, Any]]:
    """Where a class has no rows, in the part or in a slice, so that macro averages are read rightly."""
    notes: list[Mapping[str, Any]] = []
    present = np.unique(truth)
    absent = [f"“{label}”" for at, label in enumerate(classes) if at not in present]
    if absent:
        message = N_(
            "No row here is truly of these classes; each counts as 0 in the macro averages: {labels}."
        )
        notes.append({"code": "classes_without_rows", "message": message, "params": {"labels": absent}})
    lacking = sum(len(np.unique(of_slice)) < len(present) for of_slice in slice_truths)
    if lacking:
        message = N_(
            "{count} slice {count:value lacks|values lack} rows of some class, which counts as 0 in {count:its|their} macro-F1; compare {count:it|those} by accuracy."
        )
        notes.append({"code": "slices_lack_classes", "message": message, "params": {"count": lacking}})
    return notes
