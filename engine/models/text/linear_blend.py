"""Three linear models over the same features, and the mean of their probabilities.

They err on different texts: a margin (SVM), a count (complement naive Bayes) and a margin over counted ratios. The members are
trained in the run itself, so that the recipe alone makes them again on the next version of the data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from engine.errors import N_
from engine.models.decision import Decision, DecisionParams, fit_decision
from engine.models.family import Dial, Estimate, Facts, FloatArray, IntArray, Machine, Setting, families
from engine.models.features.tfidf import TfidfParams
from engine.models.linear import LinearFamily, LinearScorer, Scorer
from engine.models.text.complement_nb import ComplementBayes
from engine.models.text.nb_svm import RatioSvm, ratio_values
from engine.params import Params as ParamsBase
from engine.params import param

BLEND = "blend.json"


class MemberParams(ParamsBase):
    """The members and what each counts for."""

    svm_weight: float = param(
        1.0, N_("Weight of the linear SVM"), N_("Its share in the mean; 0 leaves it out."), low=0.0, high=1.0,
    )  # fmt: skip
    svm_c: float = param(
        0.3, N_("Strength C of the linear SVM"), N_("Small values keep the model simple; large ones follow the training texts closely."),
        low=0.001, high=100.0, scale="log", level="advanced",
    )  # fmt: skip
    bayes_weight: float = param(
        1.0, N_("Weight of complement naive Bayes"), N_("Its share in the mean; 0 leaves it out."), low=0.0, high=1.0,
    )  # fmt: skip
    smoothing: float = param(
        0.03, N_("Smoothing of complement naive Bayes"),
        N_("Added to every count, so that a word not yet seen with a class does not rule it out."), low=0.001, high=10.0, scale="log",
        level="advanced",
    )  # fmt: skip
    ratio_weight: float = param(
        1.0, N_("Weight of naive Bayes + linear SVM"), N_("Its share in the mean; 0 leaves it out."), low=0.0, high=1.0,
    )  # fmt: skip
    ratio_values: Literal["tfidf", "binary"] = param(
        "tfidf", N_("Values for naive Bayes + linear SVM"), N_("TF-IDF weights, or only whether a sequence occurs, as in the paper of 2012."),
        titles=(N_("TF-IDF weights"), N_("occurs or not")), level="advanced",
    )  # fmt: skip
    ratio_c: float = param(
        1.0, N_("Strength C of naive Bayes + linear SVM"),
        N_("Small values keep the model simple; large ones follow the training texts closely."), low=0.001, high=100.0, scale="log",
        level="advanced",
    )  # fmt: skip


class BlendParams(DecisionParams, MemberParams, TfidfParams):
    """Features and the members over them."""


@dataclass(frozen=True)
class Member:
    """One of the models: `score` gives its scores of rows; `binary` if it looks only at what occurs."""

    name: str
    weight: float
    binary: bool
    score: Callable[[Any], Any]
    decision: Decision | None = None


def blended(members: Sequence[Member], rows: Any) -> FloatArray:
    """Logarithm of the weighted mean of the members' probabilities, for the classes with training rows."""
    total = sum(member.weight for member in members)
    mean: Any = 0.0
    for member in members:
        assert member.decision is not None  # every member is calibrated before the blend answers
        found = member.decision.probabilities(member.score(_seen(rows) if member.binary else rows))
        mean = mean + member.weight / total * found[:, member.decision.present]
    return np.asarray(np.log(np.maximum(mean, 1e-12)))


def _seen(rows: Any) -> Any:
    """Ones where the rows have weights."""
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones_like(rows.data), rows.indices, rows.indptr), shape=rows.shape)


@dataclass
class Blend:
    """The members as trained. Equal weights where all are 0."""

    params: BlendParams
    seed: int
    classes_: IntArray = field(init=False)
    estimators: dict[str, Any] = field(init=False, repr=False)
    members: list[Member] = field(init=False, repr=False)

    def fit(self, rows: Any, labels: IntArray) -> Blend:
        from sklearn.svm import LinearSVC

        given = self.params
        weight = "balanced" if given.balanced else None
        kinds: dict[str, tuple[float, Any, bool]] = {
            "svm": (
                given.svm_weight,
                LinearSVC(C=given.svm_c, class_weight=weight, random_state=self.seed, max_iter=3000),
                False,
            ),
            "bayes": (given.bayes_weight, ComplementBayes(given.smoothing, given.balanced, False), False),
            "ratio": (
                given.ratio_weight,
                RatioSvm(given.ratio_c, 1.0, 1.0, given.balanced, self.seed),
                given.ratio_values == "binary",
            ),
        }
        none = not any(share for share, _, _ in kinds.values())
        self.estimators, self.members = {}, []
        for name, (share, estimator, binary) in kinds.items():
            if share or none:
                estimator.fit(_seen(rows) if binary else rows, labels)
                self.estimators[name] = estimator
                self.members.append(Member(name, share or 1.0, binary, estimator.decision_function))
                self.classes_ = estimator.classes_
        return self

    def calibrate(self, rows: Any, labels: IntArray, sizes: IntArray) -> None:
        """Make the members' scores probabilities, on validation rows."""
        self.members = [
            replace(member, decision=fit_decision(member.score(_seen(rows) if member.binary else rows), labels, sizes))
            for member in self.members
        ]  # fmt: skip

    def decision_function(self, rows: Any) -> FloatArray:
        return blended(self.members, rows)


@dataclass(frozen=True)
class BlendScorer:
    """The members as served; each has a folder of its own."""

    members: Sequence[Member]
    scorers: Sequence[LinearScorer]

    def scores(self, rows: Any) -> FloatArray:
        return blended(self.members, rows)

    def save(self, folder: Path) -> None:
        listed = []
        for member, scorer in zip(self.members, self.scorers, strict=True):
            assert member.decision is not None
            (folder / member.name).mkdir()
            scorer.save(folder / member.name)
            listed.append(
                {"name": member.name, "weight": member.weight, "binary": member.binary, "decision": member.decision.as_json()}
            )  # fmt: skip
        (folder / BLEND).write_text(json.dumps(listed, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> BlendScorer:
        listed = json.loads((folder / BLEND).read_text(encoding="utf-8"))
        scorers = [LinearScorer.load(folder / one["name"]) for one in listed]
        members = [
            Member(
                one["name"], one["weight"], one["binary"], scorer.scores, Decision.of_json(one["decision"])
            )
            for one, scorer in zip(listed, scorers, strict=True)
        ]
        return cls(members, scorers)


class LinearBlend(LinearFamily):
    """The mean of three linear models."""

    name = "linear_blend"
    title = N_("Blend of linear models")
    summary = N_(
        "The mean of a linear SVM, complement naive Bayes and naive Bayes with a linear SVM, over the same features. Three times "
        "the work of one, and steadier where texts are few or classes uneven."
    )
    order = 36
    Params: type[ParamsBase] = BlendParams
    usual: ClassVar[dict[str, Any]] = {}
    passes = 25
    tried_message = N_("Blend: macro-F1 {score} on validation")

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        return super().settings(dial, facts, machine) | ratio_values(facts, "ratio_values", "ratio_c", 1.0)

    def estimate(self, params: BlendParams, facts: Facts, machine: Machine) -> Estimate:
        """Three models over one set of features."""
        cost = super().estimate(params, facts, machine)
        return replace(
            cost, parameters=3 * cost.parameters, memory_bytes=cost.memory_bytes + 32 * cost.parameters
        )

    def strengths(self, params: BlendParams) -> Sequence[float]:
        return (1.0,)

    def thorough(self) -> dict[str, Any]:
        return {}

    def estimator(self, params: BlendParams, strength: float, seed: int) -> Any:
        return Blend(params, seed)

    def settle(self, estimator: Blend, rows: Any, labels: IntArray, sizes: IntArray) -> None:
        estimator.calibrate(rows, labels, sizes)

    def scorer(self, estimator: Blend) -> Scorer:
        scorers = [LinearScorer(e.coef_, e.intercept_) for e in estimator.estimators.values()]
        served = [replace(m, score=s.scores) for m, s in zip(estimator.members, scorers, strict=True)]
        return BlendScorer(served, scorers)

    def load_scorer(self, folder: Path) -> Scorer:
        return BlendScorer.load(folder)


families.register(LinearBlend())
