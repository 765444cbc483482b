"""A support vector machine with Gaussian (RBF) kernel over TF-IDF, through landmarks.

The kernel is approximated by its values at some training texts (Williams and Seeger, "Using the Nystroem method to speed up
kernel machines", 2001). An exact machine keeps most of the training texts as support vectors, so that its file and the time of
an answer grow with the data; landmarks bound both, and with no more texts than landmarks nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.errors import N_
from engine.models.decision import DecisionParams
from engine.models.family import Estimate, Facts, FloatArray, IntArray, Machine, families
from engine.models.features.tfidf import TfidfParams
from engine.models.linear import LinearFamily, Scorer, StrengthParams
from engine.params import Params as ParamsBase
from engine.params import param

LANDMARKS = "landmarks.npz"
_AT_ONCE = 2048
_SMALLEST = 1e-6
"""Directions in which the landmarks differ less than this, against the largest, are noise."""


class KernelParams(ParamsBase):
    """The kernel and its landmarks."""

    gamma: float = param(
        0.5, N_("Kernel width (gamma)"), N_("Large values look at near neighbours only; small ones come close to a linear SVM."),
        low=0.01, high=10.0, scale="log",
    )  # fmt: skip
    landmarks: int = param(
        1000, N_("Landmarks"), N_("Training texts that every text is compared with; more are slower and closer to the exact kernel."),
        low=50, high=4000, scale="log", unit=N_("texts"),
    )  # fmt: skip


class RbfParams(DecisionParams, StrengthParams, KernelParams, TfidfParams):
    """Features, the kernel over them and the machine."""


def kernel(rows: Any, landmarks: Any, gamma: float) -> FloatArray:
    """exp(-gamma |x - z|^2) of every row x with every landmark z, shape (rows, landmarks)."""
    products = (rows @ landmarks.T).toarray().astype(np.float64)
    distances = _squares(rows)[:, None] + _squares(landmarks)[None, :] - 2 * products
    return np.asarray(np.exp(-gamma * np.maximum(distances, 0)))


def _squares(rows: Any) -> FloatArray:
    return np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel()


@dataclass
class Landmarks:
    """Some of the train rows, and rows turned by them so that products are the approximated kernel.

    Turning costs more than the machine that is fitted afterwards, so machines that differ in C share it.
    """

    gamma: float
    count: int
    seed: int
    rows: Any = field(init=False, repr=False)
    turn: FloatArray = field(init=False, repr=False)
    _turned: list[tuple[Any, FloatArray]] = field(init=False, repr=False, default_factory=list)

    def fit(self, rows: Any) -> None:
        """Draw the landmarks from the train rows; again only for other ones."""
        if any(known is rows for known, _ in self._turned):
            return
        chosen = np.random.default_rng(self.seed).permutation(rows.shape[0])[: self.count]
        self.rows = rows[np.sort(chosen)]
        sizes, directions = np.linalg.eigh(kernel(self.rows, self.rows, self.gamma))
        kept = sizes > sizes[-1] * _SMALLEST
        self.turn = np.asarray(directions[:, kept] / np.sqrt(sizes[kept]))
        self._turned = [(rows, self.turned(rows))]

    def turned(self, rows: Any) -> FloatArray:
        """The rows after the turn, shape (rows, at most landmarks); what was turned before is not turned again."""
        for known, done in self._turned:
            if known is rows:
                return done
        starts = range(0, max(rows.shape[0], 1), _AT_ONCE)
        return np.concatenate([kernel(rows[at : at + _AT_ONCE], self.rows, self.gamma) @ self.turn for at in starts])  # fmt: skip


@dataclass
class LandmarkSvm:
    """A linear SVM over the kernel's values at landmarks."""

    landmarks: Landmarks
    C: float
    balanced: bool
    classes_: IntArray = field(init=False)
    svm: Any = field(init=False, repr=False)

    def fit(self, rows: Any, labels: IntArray) -> LandmarkSvm:
        from sklearn.svm import LinearSVC

        self.landmarks.fit(rows)
        weight = "balanced" if self.balanced else None
        self.svm = LinearSVC(
            C=self.C, class_weight=weight, random_state=self.landmarks.seed, dual=False, max_iter=1000
        )
        self.svm.fit(self.landmarks.turned(rows), labels)
        self.classes_ = self.svm.classes_
        return self

    def decision_function(self, rows: Any) -> Any:
        return self.svm.decision_function(self.landmarks.turned(rows))


@dataclass(frozen=True)
class KernelScorer:
    """Weighted sums of the kernel's values at the landmarks, a CSR matrix; `weights` of shape (scores, landmarks)."""

    landmarks: Any
    gamma: float
    weights: FloatArray
    intercepts: FloatArray

    def scores(self, rows: Any) -> FloatArray:
        return np.asarray(kernel(rows, self.landmarks, self.gamma) @ self.weights.T + self.intercepts)

    def save(self, folder: Path) -> None:
        kept = self.landmarks
        np.savez(
            folder / LANDMARKS, data=kept.data, indices=kept.indices, indptr=kept.indptr, shape=kept.shape,
            gamma=self.gamma, weights=self.weights, intercepts=self.intercepts,
        )  # fmt: skip

    @classmethod
    def load(cls, folder: Path) -> KernelScorer:
        from scipy.sparse import csr_matrix

        with np.load(folder / LANDMARKS, allow_pickle=False) as read:
            landmarks = csr_matrix(
                (read["data"], read["indices"], read["indptr"]), shape=tuple(read["shape"])
            )
            return cls(landmarks, float(read["gamma"]), read["weights"], read["intercepts"])


class RbfSvm(LinearFamily):
    """Texts are told apart by their likeness to landmarks, with curved borders."""

    name = "rbf_svm"
    title = N_("TF-IDF + RBF SVM")
    summary = N_(
        "Compares every text with some of the training texts, so that borders between classes may be curved. Slower to answer than "
        "the linear SVM and seldom better on texts: it is here to compare."
    )
    order = 34
    Params: type[ParamsBase] = RbfParams
    usual: ClassVar[dict[str, Any]] = {"C": 1.0}
    passes = 1

    def smaller(self) -> dict[str, Any]:
        return {"landmarks": 500}

    def thorough(self) -> dict[str, Any]:
        return {"tune_c": True, "landmarks": 2000}

    def estimate(self, params: RbfParams, facts: Facts, machine: Machine) -> Estimate:
        """The features' cost, and that of the dense kernel with each landmark (rates measured on one core, rough)."""
        features = super().estimate(params.model_copy(update={"tune_c": False}), facts, machine)
        count, scores = min(params.landmarks, facts.rows), 1 if facts.classes == 2 else facts.classes
        values = facts.rows * count
        fits = len(self.strengths(params))
        return Estimate(
            parameters=(count + 1) * scores,
            memory_bytes=features.memory_bytes + 45 * values + 32 * count**2,
            seconds=features.seconds + values * (1.5e-7 + 1e-7 * fits * scores) + 6e-10 * count**3,
        )

    def estimator(self, params: RbfParams, strength: float, seed: int) -> Any:
        return LandmarkSvm(Landmarks(params.gamma, params.landmarks, seed), strength, params.balanced)

    def estimators(self, params: RbfParams, seed: int) -> Iterator[tuple[float, Any]]:
        """All over the same landmarks."""
        first = self.estimator(params, params.C, seed)
        return ((strength, replace(first, C=strength)) for strength in self.strengths(params))

    def scorer(self, estimator: LandmarkSvm) -> Scorer:
        shared = estimator.landmarks
        return KernelScorer(
            shared.rows, shared.gamma, estimator.svm.coef_ @ shared.turn.T, estimator.svm.intercept_
        )

    def load_scorer(self, folder: Path) -> Scorer:
        return KernelScorer.load(folder)


families.register(RbfSvm())
