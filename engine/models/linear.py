"""Classifiers over TF-IDF that scikit-learn fits: what these families share.

What is kept is a JSON file and a few arrays, and a product of a sparse row with a matrix serves. Probabilities are
calibrated on the validation part by one temperature, so decisions stay as they were unless they shall be adjusted.
"""

from __future__ import annotations

import json
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from engine.errors import N_
from engine.models.calibration import class_scores
from engine.models.decision import Decision, DecisionParams, fit_decision, macro_f1
from engine.models.dial import Dialled, adjusted, counted, effort, usual, values
from engine.models.family import (
    Dial,
    Discarded,
    Estimate,
    Facts,
    FloatArray,
    IntArray,
    Machine,
    Setting,
    Training,
    TrainingData,
    Unsuitable,
)
from engine.models.features.tfidf import (
    Tfidf,
    TfidfParams,
    Weighting,
    expected_entries,
    expected_seconds,
    expected_width,
)
from engine.models.suitability import common_reason
from engine.params import Params as ParamsBase
from engine.params import param

MODEL = "model.json"
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Values of C that `tune_c` tries."""
QUICK_SECONDS = 20
"""Estimated seconds from which on the quick dial counts less."""
_SMALLER: Mapping[str, Any] = {"char_max": 3, "max_features": 50_000}
"""Where the memory does not hold all."""


class StrengthParams(ParamsBase):
    """How closely the training texts are followed."""

    C: float = param(
        0.3, N_("Strength C"), N_("Small values keep the model simple; large ones follow the training texts closely."),
        low=0.001, high=100.0, scale="log",
    )  # fmt: skip
    tune_c: bool = param(
        False, N_("Choose C on validation"), N_("Tries six values of C and keeps the best macro-F1 on the validation part."),
        level="advanced",
    )  # fmt: skip


class LinearParams(DecisionParams, StrengthParams, TfidfParams):
    """TF-IDF features and the linear classifier over them."""


class Scorer(Protocol):
    """What gives the scores of rows of features in serving."""

    def scores(self, rows: Any) -> FloatArray:
        """Margins of shape (n, 1), or scores of shape (n, classes with training rows)."""
        ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True)
class LinearScorer:
    """A product with `coefficients` of shape (scores, features), and `intercepts`."""

    coefficients: Any
    intercepts: Any

    def scores(self, rows: Any) -> FloatArray:
        return np.asarray(rows @ self.coefficients.T + self.intercepts, dtype=np.float64)

    def save(self, folder: Path) -> None:
        np.save(folder / "coefficients.npy", self.coefficients.astype(np.float32), allow_pickle=False)
        np.save(folder / "intercepts.npy", np.atleast_1d(self.intercepts), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> LinearScorer:
        return cls(
            np.load(folder / "coefficients.npy", allow_pickle=False),
            np.load(folder / "intercepts.npy", allow_pickle=False),
        )


@dataclass(frozen=True)
class LinearPredictor:
    """A classifier as served."""

    features: Tfidf
    scorer: Scorer
    decision: Decision

    def predict_proba(self, inputs: Sequence[str]) -> FloatArray:
        return self.decision.probabilities(self.scorer.scores(self.features.transform(inputs)))


@dataclass(frozen=True)
class LinearFitted:
    """A classifier as trained: the estimator itself decides; `scorer` is what is kept of it."""

    features: Tfidf
    estimator: Any
    decision: Decision
    scorer: Scorer
    stopped_early: bool = False

    def predict_proba(self, inputs: Sequence[str]) -> FloatArray:
        if not len(inputs):
            return np.zeros((0, self.decision.classes))
        return self.decision.probabilities(self.estimator.decision_function(self.features.transform(inputs)))

    def save(self, folder: Path) -> None:
        self.features.save(folder)
        self.scorer.save(folder)
        (folder / MODEL).write_text(json.dumps(self.decision.as_json(), indent=1), encoding="utf-8")


class LinearFamily(Dialled):
    """A classifier over TF-IDF; subclasses name the estimator and its usual strength."""

    name: str
    version = 1
    task = "text-classification"
    title: str
    summary: str
    order: int
    needs_tensorflow = False
    Params: type[ParamsBase] = LinearParams
    usual: ClassVar[dict[str, Any]]
    """Parameters that differ from their defaults on every dial."""
    passes: ClassVar[float]
    """How often the estimator reads the training rows, for the estimate."""
    tried_message: ClassVar[str] = N_("C = {strength}: macro-F1 {score} on validation")

    @abstractmethod
    def estimator(self, params: Any, strength: float, seed: int) -> Any:
        """The unfitted classifier with `strength`: `fit`, `decision_function` and `classes_` as in scikit-learn."""

    def strengths(self, params: Any) -> Sequence[float]:
        """What `estimator` is tried with; the best on validation is kept."""
        return STRENGTHS if params.tune_c else (params.C,)

    def estimators(self, params: Any, seed: int) -> Iterator[tuple[float, Any]]:
        """Each strength with its estimator."""
        return ((strength, self.estimator(params, strength, seed)) for strength in self.strengths(params))

    def thorough(self) -> dict[str, Any]:
        """What the thorough dial changes."""
        return {"tune_c": True}

    def smaller(self) -> dict[str, Any]:
        """What else the quick dial changes where time is short, and a machine with little memory."""
        return {}

    def weighting(self, params: Any) -> Weighting:
        """How the features are weighted."""
        return "tfidf"

    def settle(self, estimator: Any, rows: Any, labels: IntArray, sizes: IntArray) -> None:
        """What the fitted estimator still takes from the validation rows before it is scored; nothing, for most."""
        return None

    def scorer(self, estimator: Any) -> Scorer:
        """What is kept of the fitted estimator."""
        return LinearScorer(estimator.coef_, estimator.intercept_)

    def load_scorer(self, folder: Path) -> Scorer:
        return LinearScorer.load(folder)

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        return common_reason(
            facts, machine, self.estimate(self.defaults("quick", facts, machine), facts, machine)
        )

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """Characters where words are not spaced, else both; fewer and shorter sequences if memory or *quick* ask for it."""
        kind = counted(facts)
        common = {"analyzer": kind, "adjust": adjusted(dial, facts)} | usual(self.usual)
        words = {} if kind.value == "characters" else {"analyzer": "words"}
        least = words | {"char_max": 2, "word_max": 1} | self.smaller()
        full = common | effort(dial, self.Params, {"thorough": self.thorough()})
        cost = self.estimate(self.Params(**values(full)), facts, machine)
        if dial == "quick" and cost.seconds > QUICK_SECONDS:
            slow = N_("More would take about {seconds} s, and the quick dial stays below {most} s.")
            times = {"seconds": round(cost.seconds), "most": QUICK_SECONDS}
            return common | {name: Setting(value, slow, times) for name, value in least.items()}
        said = {"needed": f"{cost.memory_bytes / 1e9:.1f}", "available": f"{machine.memory_bytes / 1e9:.1f}"}
        if cost.memory_bytes <= machine.memory_bytes:
            fits = N_("All of them take about {needed} GB of memory; this machine has {available} GB.")
            declared = self.Params.model_fields
            return full | {name: Setting(declared[name].default, fits, said) for name in _SMALLER}
        tight = N_("More would take about {needed} GB of memory; this machine has {available} GB.")
        smaller = full | {
            name: Setting(value, tight, said) for name, value in {**_SMALLER, **self.smaller()}.items()
        }
        if self.estimate(self.Params(**values(smaller)), facts, machine).memory_bytes <= machine.memory_bytes:
            return smaller
        return common | {name: Setting(value, tight, said) for name, value in least.items()}

    def estimate(self, params: Any, facts: Facts, machine: Machine) -> Estimate:
        """Rough: features by Heaps' law, memory of the count and of a second copy in the solver, time per entry measured."""
        scores = 1 if facts.classes == 2 else facts.classes
        width, entries = expected_width(params, facts), expected_entries(params, facts)
        fits = len(self.strengths(params))
        return Estimate(
            parameters=(width + 1) * scores,
            memory_bytes=int(3e8 + 48 * entries + 600 * width + 12 * width * scores),
            seconds=expected_seconds(params, facts) + fits * self.passes * 1e-8 * entries * scores,
        )

    def formulas(self, params: Any, facts: Facts) -> Sequence[tuple[str, str]]:
        return ()

    def fit(self, data: TrainingData, params: Any, training: Training) -> LinearFitted:
        training.report("phase", name=N_("Counting words and characters"))
        features, rows = Tfidf.fit(data.train_inputs, params, self.weighting(params))
        validation = features.transform(data.validation_inputs)
        training.report(
            "log", level="info", message=N_("{rows} rows, {features} features, {entries} entries"),
            params={"rows": f"{rows.shape[0]:,}", "features": f"{features.width:,}", "entries": f"{rows.nnz:,}"},
        )  # fmt: skip

        training.report("phase", name=N_("Fitting"))
        strengths, classes = self.strengths(params), len(data.classes)
        sizes = np.bincount(data.train_labels, minlength=classes)
        tried: list[tuple[float, Any, FloatArray]] = []
        for strength, estimator in self.estimators(params, data.seed):
            asked = training.stop()
            if asked == "discard":
                raise Discarded()
            if asked == "keep" and tried:
                break
            _fit_quietly(estimator, rows, data.train_labels, training)
            self.settle(estimator, validation, data.validation_labels, sizes)
            scores = class_scores(estimator.decision_function(validation))
            said = np.asarray(estimator.classes_)[scores.argmax(axis=1)]
            score = macro_f1(data.validation_labels, said, classes)
            training.report(
                "log", level="info", message=self.tried_message,
                params={"strength": f"{strength:g}", "score": f"{score:.4f}"},
            )  # fmt: skip
            tried.append((score, estimator, scores))
        _, estimator, scores = max(tried, key=lambda one: one[0])

        training.report("phase", name=N_("Calibrating"))
        decision = fit_decision(scores, data.validation_labels, sizes, adjust=params.adjust)
        return LinearFitted(
            features, estimator, decision, self.scorer(estimator), len(tried) < len(strengths)
        )

    def load(self, folder: Path) -> LinearPredictor:
        decision = Decision.of_json(json.loads((folder / MODEL).read_text(encoding="utf-8")))
        return LinearPredictor(Tfidf.load(folder), self.load_scorer(folder), decision)


def _fit_quietly(estimator: Any, rows: Any, labels: IntArray, training: Training) -> None:
    """Fit; what scikit-learn warns of (no convergence) goes to the run's log."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(rows, labels)
    for warning in caught:
        training.report("log", level="warning", text=str(warning.message))
