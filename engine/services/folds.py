"""The runs of a k-fold division, read side by side: one a fold."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from engine.evaluation.result import FoldScore, FoldScores, Score
from engine.recipe import Recipe
from engine.services.runs import Run, Runs

_STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093,
)  # fmt: skip
"""The 97.5 % quantile of Student's t for 1 to 19 degrees of freedom."""

MOST_RUNS = 300
"""Runs of a project among which the folds of a recipe are looked for."""


def fold_scores(runs: Runs, run_id: str, metric: str) -> FoldScores | None:
    """The latest run of each fold of a run's recipe on the same split, and the mean of their scores on validation."""
    here = runs.get(run_id)
    split = here.recipe.split
    if not split.folds:
        return None
    same = _whole(here.recipe)
    latest: dict[int, Run] = {here.recipe.split.fold: here}
    for other in runs.list(here.project_id, limit=MOST_RUNS):  # newest first
        if other.version_id == here.version_id and _whole(other.recipe) == same:
            latest.setdefault(other.recipe.split.fold, other)
    scores = tuple(
        FoldScore(
            fold=fold, run_id=one.id, state=one.state,
            score=Score.model_validate(one.metrics[metric]) if one.metrics and one.state == "succeeded" else None,
        )
        for fold, one in sorted(latest.items())
    )  # fmt: skip
    mean, low, high = _over([one.score.value for one in scores if one.score is not None])
    return FoldScores(metric=metric, folds=split.folds, scores=scores, mean=mean, low=low, high=high)


def _whole(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"split": recipe.split.whole})


def _over(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """Mean and 95 % interval of the mean (Student), within 0 to 1."""
    if len(values) < 2:
        return (values[0] if values else None), None, None
    mean = statistics.fmean(values)
    half = _STUDENT[len(values) - 2] * statistics.stdev(values) / len(values) ** 0.5
    return mean, max(0.0, mean - half), min(1.0, mean + half)
