"""Complement naive Bayes over TF-IDF: the fastest family, and a fair one to rare classes.

Rennie, Shih, Teevan, Karger, "Tackling the poor assumptions of naive Bayes text classifiers" (2003), sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from engine.errors import N_
from engine.models.decision import DecisionParams
from engine.models.family import IntArray, families
from engine.models.features.tfidf import TfidfParams
from engine.models.linear import LinearFamily
from engine.params import Params as ParamsBase
from engine.params import param

SMOOTHINGS = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Tried by `tune_smoothing`."""


class SmoothingParams(ParamsBase):
    """How counts become weights."""

    smoothing: float = param(
        0.03, N_("Smoothing"), N_("Added to every count, so that a word not yet seen with a class does not rule it out."),
        low=0.001, high=10.0, scale="log",
    )  # fmt: skip
    tune_smoothing: bool = param(
        False, N_("Choose the smoothing on validation"),
        N_("Tries five values and keeps the best macro-F1 on the validation part."), level="advanced",
    )  # fmt: skip
    even: bool = param(
        False, N_("Even out the weights"), N_("The weights of each class get the same sum, so that none is favoured for its long texts."),
        level="advanced",
    )  # fmt: skip


class ComplementParams(DecisionParams, SmoothingParams, TfidfParams):
    """TF-IDF features and naive Bayes over them."""


@dataclass
class ComplementBayes:
    """scikit-learn's ComplementNB as a linear classifier: `coef_` of shape (classes, features), centred over the classes."""

    smoothing: float
    balanced: bool
    even: bool
    classes_: IntArray = field(init=False)
    coef_: Any = field(init=False)
    intercept_: Any = field(init=False)
    _model: Any = field(init=False, repr=False)

    def fit(self, rows: Any, labels: IntArray) -> ComplementBayes:
        from sklearn.naive_bayes import ComplementNB
        from sklearn.utils.class_weight import compute_sample_weight

        weights = compute_sample_weight("balanced", labels) if self.balanced else None
        self._model = ComplementNB(alpha=self.smoothing, norm=self.even).fit(rows, labels, weights)
        self.classes_ = self._model.classes_
        self.coef_ = self._model.feature_log_prob_ - self._model.feature_log_prob_.mean(axis=0)
        self.intercept_ = np.zeros(len(self.classes_))
        return self

    def decision_function(self, rows: Any) -> Any:
        return self._model.predict_joint_log_proba(rows)


class ComplementNaiveBayes(LinearFamily):
    """Naive Bayes that learns each class from the texts of all others."""

    name = "complement_nb"
    title = N_("Complement naive Bayes")
    summary = N_(
        "Counts how often each word stands in the texts of the other classes. Trained in one pass, and good where classes are "
        "small or uneven; with many texts the linear SVM is better."
    )
    order = 15
    Params: type[ParamsBase] = ComplementParams
    usual: ClassVar[dict[str, Any]] = {}
    passes = 3
    tried_message = N_("Smoothing {strength}: macro-F1 {score} on validation")

    def strengths(self, params: ComplementParams) -> Sequence[float]:
        return SMOOTHINGS if params.tune_smoothing else (params.smoothing,)

    def thorough(self) -> dict[str, Any]:
        return {"tune_smoothing": True}

    def estimator(self, params: ComplementParams, strength: float, seed: int) -> Any:
        return ComplementBayes(strength, params.balanced, params.even)


families.register(ComplementNaiveBayes())
