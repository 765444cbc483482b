"""A linear SVM over features weighted by naive Bayes.

Wang and Manning, "Baselines and bigrams: simple, good sentiment and topic classification" (2012), section 2.3; for more than
two classes, one against the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from engine.errors import N_
from engine.models.decision import DecisionParams
from engine.models.family import Dial, Facts, FloatArray, IntArray, Machine, Setting, families
from engine.models.features.tfidf import TfidfParams, Weighting
from engine.models.linear import STRENGTHS, LinearFamily, StrengthParams
from engine.params import Params as ParamsBase
from engine.params import param

LONG = 500
"""Characters of the median text above which ones beat TF-IDF weights (on the four sets of news; not on the five of short texts)."""
BINARY = 0.01
"""Rows of ones are that much longer than rows of TF-IDF weights, so C is that much smaller."""


class RatioParams(ParamsBase):
    """The weights that naive Bayes gives, and what they are given to."""

    values: Literal["tfidf", "binary"] = param(
        "tfidf", N_("Values"), N_("TF-IDF weights, or only whether a sequence occurs, as in the paper of 2012."),
        titles=(N_("TF-IDF weights"), N_("occurs or not")),
    )  # fmt: skip
    smoothing: float = param(
        1.0, N_("Smoothing"), N_("Added to every count, so that a word not yet seen with a class does not rule it out."),
        low=0.001, high=10.0, scale="log", level="advanced",
    )  # fmt: skip
    trust: float = param(
        1.0, N_("Trust in the SVM"), N_("1 keeps the SVM's own weights; smaller values draw them towards those of naive Bayes."),
        low=0.0, high=1.0, level="advanced",
    )  # fmt: skip


class NbSvmParams(DecisionParams, StrengthParams, RatioParams, TfidfParams):
    """Features, their weights and the SVM over them."""


@dataclass
class RatioSvm:
    """Linear SVMs over rows times log-count ratios; `coef_` holds ratios and weights in one, shape (scores, features)."""

    C: float
    smoothing: float
    trust: float
    balanced: bool
    seed: int
    classes_: IntArray = field(init=False)
    coef_: FloatArray = field(init=False)
    intercept_: FloatArray = field(init=False)
    _machines: list[tuple[FloatArray, Any]] = field(init=False, repr=False)

    def fit(self, rows: Any, labels: IntArray) -> RatioSvm:
        from sklearn.svm import LinearSVC

        self.classes_ = np.unique(labels)
        asked = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self._machines = []
        for label in asked:
            inside = labels == label
            ratio = self._ratio(rows, inside)
            svm = LinearSVC(
                C=self.C, class_weight="balanced" if self.balanced else None, random_state=self.seed, max_iter=3000
            )  # fmt: skip
            svm.fit(_times(rows, ratio), inside)
            if self.trust < 1:
                svm.coef_ = self.trust * svm.coef_ + (1 - self.trust) * np.abs(svm.coef_).mean()
            self._machines.append((ratio, svm))
        self.coef_ = np.vstack([ratio * svm.coef_ for ratio, svm in self._machines])
        self.intercept_ = np.concatenate([svm.intercept_ for _, svm in self._machines])
        return self

    def decision_function(self, rows: Any) -> FloatArray:
        found = [svm.decision_function(_times(rows, ratio)) for ratio, svm in self._machines]
        return np.asarray(found[0] if len(found) == 1 else np.column_stack(found), dtype=np.float64)

    def _ratio(self, rows: Any, inside: Any) -> FloatArray:
        """Logarithm of how much more of each feature there is inside than outside (equation 2)."""
        shares = []
        for part in (inside, ~inside):
            counts = self.smoothing + np.asarray(rows[part].sum(axis=0), dtype=np.float64).ravel()
            shares.append(np.log(counts / counts.sum()))
        return np.asarray(shares[0] - shares[1])


def _times(rows: Any, ratio: FloatArray) -> Any:
    """Each column times its ratio; the rows' own pattern of zeros is shared, not copied."""
    from scipy.sparse import csr_matrix

    values = rows.data * ratio[rows.indices].astype(rows.dtype)
    return csr_matrix((values, rows.indices, rows.indptr), shape=rows.shape)


def ratio_values(facts: Facts, values: str, strength: str, C: float) -> dict[str, Setting]:
    """What the ratios are multiplied with, and a C that fits, under the names of their fields."""
    if facts.size_median < LONG:
        message = N_("Half of the texts have no more than {median} characters: on short texts TF-IDF weights did better.")  # fmt: skip
        return {values: Setting("tfidf", message, {"median": round(facts.size_median)})}
    message = N_("Half of the texts have {median} characters or more: on long texts it did better to say only what occurs.")  # fmt: skip
    return {
        values: Setting("binary", message, {"median": round(facts.size_median)}),
        strength: Setting(C * BINARY, N_("Values that only say what occurs are larger than TF-IDF weights, so C is smaller.")),
    }  # fmt: skip


class NbSvm(LinearFamily):
    """Naive Bayes says how telling each feature is; a linear SVM learns how far to believe it."""

    name = "nb_svm"
    title = N_("Naive Bayes + linear SVM")
    summary = N_(
        "Weighs every word by how much more often it stands in one class than in the others, then separates the classes by a "
        "plane. Trained in seconds; about as good as the linear SVM, on long texts such as news often a little better."
    )
    order = 32
    Params: type[ParamsBase] = NbSvmParams
    usual: ClassVar[dict[str, Any]] = {"C": 1.0}
    passes = 25

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """As the other linear families; long texts are better read by what occurs in them at all."""
        return super().settings(dial, facts, machine) | ratio_values(facts, "values", "C", self.usual["C"])

    def strengths(self, params: NbSvmParams) -> Sequence[float]:
        if not params.tune_c:
            return (params.C,)
        return STRENGTHS if params.values == "tfidf" else [strength * BINARY for strength in STRENGTHS]

    def weighting(self, params: NbSvmParams) -> Weighting:
        return params.values

    def estimator(self, params: NbSvmParams, strength: float, seed: int) -> Any:
        return RatioSvm(strength, params.smoothing, params.trust, params.balanced, seed)


families.register(NbSvm())
