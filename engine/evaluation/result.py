"""What an evaluation is: plain numbers and labels, drawn elsewhere.

Stage 5 (evaluation). The same object goes to the page, the report and the JSON export.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


class Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Score(Plain):
    """A figure with its percentile bootstrap interval; `n` rows stand behind it."""

    value: float
    low: float
    high: float
    n: int


class ClassScore(Plain):
    """One class of the schema; support 0 gives None scores."""

    label: str
    support: int
    precision: Score | None
    recall: Score | None
    f1: Score | None


class SliceScore(Plain):
    """One value of one slice column."""

    column: str
    value: str
    n: int
    accuracy: Score
    macro_f1: Score


class EvaluationResult(Plain):
    """A run on one part (validation or test) of one split.

    `overall` and `baseline` hold accuracy, macro_precision, macro_recall, macro_f1, weighted_precision,
    weighted_recall, weighted_f1; `baseline` is the majority class of the train part on the same rows.
    `confusion[i][j]` counts rows of true class i predicted as class j, in the order of `classes`.
    """

    part: str
    n: int
    classes: tuple[str, ...]
    overall: Mapping[str, Score]
    baseline: Mapping[str, Score]
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    slices: tuple[SliceScore, ...]
    resamples: int
    confidence: float
    seed: int
    unlabelled: int = 0
    notes: tuple[Mapping[str, Any], ...] = ()


class Difference(Plain):
    """Second run minus first on the same rows: paired bootstrap interval of one metric.

    `wins` rows only the second has right, `losses` rows only the first has right.
    `verdict`: "better", "worse" when the interval excludes 0, else "undecided".
    """

    metric: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    n: int
    wins: int
    losses: int
    verdict: str
    left_out: int = 0
    """Rows that only one of them was scored on, or with another label: edits of the data took them out of the comparison."""


class LeakEffect(Plain):
    """A score on all rows of a part against the rows that do not leak; `difference` is the first minus the second.

    `low` and `high` bound the difference (paired bootstrap): above 0 the leak flatters the score.
    """

    metric: str
    every: Score
    clean: Score
    difference: float
    low: float
    high: float


class FoldScore(Plain):
    """One fold of a k-fold division: its run and what that run scored on the fold, None until it has."""

    fold: int
    run_id: str
    state: str
    score: Score | None


class FoldScores(Plain):
    """The folds of one recipe beside each other, and their mean.

    The interval of the mean is Student's over the folds that have a score. Folds share most of their training rows, so
    it is narrower than it should be (Bengio and Grandvalet 2004, "No unbiased estimator of the variance of K-fold
    cross-validation"). None below two scores.
    """

    metric: str
    folds: int
    scores: tuple[FoldScore, ...]
    mean: float | None
    low: float | None
    high: float | None
