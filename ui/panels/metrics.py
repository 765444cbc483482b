"""The words for figures of an evaluation, in one place, so that every page calls them the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import N_
from engine.evaluation.result import Score
from ui.format import score
from ui.text import t

METRICS = {
    "accuracy": N_("Accuracy"),
    "macro_f1": N_("Macro-F1"), "macro_precision": N_("Macro precision"), "macro_recall": N_("Macro recall"),
    "weighted_f1": N_("Weighted F1"), "weighted_precision": N_("Weighted precision"), "weighted_recall": N_("Weighted recall"),
}  # fmt: skip

METRIC_HELP = {
    "accuracy": N_("Share of rows whose predicted class is the true one."),
    "macro_f1": N_(
        "F1 of each class, averaged with equal weight, so that rare classes count as much as common ones."
    ),
    "weighted_f1": N_("F1 of each class, averaged by the number of its rows."),
}

CHOOSABLE = ("macro_f1", "accuracy", "weighted_f1")
"""Metrics by which runs are compared and chosen."""

PARTS = {"train": N_("Train part"), "validation": N_("Validation"), "test": N_("Test")}


def metric_title(name: str) -> str:
    """The metric's name in the reader's language."""
    return t(METRICS[name]) if name in METRICS else name


def metric_head(name: str) -> str:
    """The head of a column that shows the metric in percent."""
    return t("{metric}, %", metric=metric_title(name))


def part_title(part: str) -> str:
    """The part's name in the reader's language."""
    return t(PARTS[part]) if part in PARTS else part


def score_of(metrics: Mapping[str, Any] | None, name: str) -> Score | None:
    """A run's stored score, or None while there is none."""
    found = (metrics or {}).get(name)
    return Score.model_validate(found) if found else None


def score_text(metrics: Mapping[str, Any] | None, name: str) -> str:
    """ "89.3 % (87.5 to 91.0, n = 1,198)", or a dash."""
    found = score_of(metrics, name)
    return score(found) if found else "–"
