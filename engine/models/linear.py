"""Linear classifiers over TF-IDF: what the two families share.

scikit-learn fits; what is kept is a JSON file and two arrays, and a product of a sparse row with a matrix serves.
Probabilities are calibrated on the validation part by one temperature, so decisions stay as they were.
"""

from __future__ import annotations

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.errors import N_
from engine.models.calibration import class_scores, fit_temperature, softmax
from engine.models.family import (
    Dial,
    Discarded,
    Estimate,
    Facts,
    FloatArray,
    IntArray,
    Machine,
    Training,
    TrainingData,
    Unsuitable,
)
from engine.models.features.tfidf import (
    Tfidf,
    TfidfParams,
    expected_entries,
    expected_seconds,
    expected_width,
    suited_analyzer,
)
from engine.models.suitability import common_reason
from engine.params import Params as ParamsBase
from engine.params import param

STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Values of C that `tune_c` tries."""


class LinearParams(TfidfParams):
    """TF-IDF features and the linear classifier over them."""

    C: float = param(
        0.3, N_("Strength C"), N_("Small values keep the model simple; large ones follow the training texts closely."),
        low=0.001, high=100.0, scale="log",
    )  # fmt: skip
    balanced: bool = param(
        False, N_("Balance the classes"), N_("Rare classes weigh as much in training as frequent ones."),
    )  # fmt: skip
    tune_c: bool = param(
        False, N_("Choose C on validation"), N_("Tries six values of C and keeps the best macro-F1 on the validation part."),
        level="advanced",
    )  # fmt: skip


@dataclass(frozen=True)
class LinearPredictor:
    """A linear classifier as served: features, coefficients of shape (scores, features) and a temperature.

    `present` are the classes that had training rows; the others get probability 0.
    """

    features: Tfidf
    coefficients: Any
    intercepts: Any
    temperature: float
    present: IntArray
    classes: int

    def predict_proba(self, inputs: Sequence[str]) -> FloatArray:
        decision = np.asarray(self.features.transform(inputs) @ self.coefficients.T + self.intercepts)
        margin = decision[:, 0] if decision.shape[1] == 1 else decision
        return spread(softmax(class_scores(margin), self.temperature), self.present, self.classes)


@dataclass(frozen=True)
class LinearFitted:
    """A linear classifier as trained: scikit-learn's own estimator decides."""

    features: Tfidf
    estimator: Any
    temperature: float
    classes: int
    stopped_early: bool = False

    def predict_proba(self, inputs: Sequence[str]) -> FloatArray:
        if not len(inputs):
            return np.zeros((0, self.classes))
        scores = class_scores(self.estimator.decision_function(self.features.transform(inputs)))
        return spread(softmax(scores, self.temperature), self.estimator.classes_, self.classes)

    def save(self, folder: Path) -> None:
        self.features.save(folder)
        np.save(folder / "coefficients.npy", self.estimator.coef_.astype(np.float32), allow_pickle=False)
        np.save(folder / "intercepts.npy", np.atleast_1d(self.estimator.intercept_), allow_pickle=False)
        meta = {
            "temperature": self.temperature,
            "present": self.estimator.classes_.tolist(),
            "classes": self.classes,
            "C": self.estimator.C,
        }
        (folder / "model.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")


def spread(probabilities: FloatArray, present: IntArray, classes: int) -> FloatArray:
    """Probabilities of the classes seen in training, as columns among all classes of the schema."""
    full = np.zeros((len(probabilities), classes))
    full[:, present] = probabilities
    return full


class LinearFamily(ABC):
    """A linear classifier over TF-IDF; subclasses name the estimator and its usual strength."""

    name: str
    version = 1
    task = "text-classification"
    title: str
    summary: str
    order: int
    needs_tensorflow = False
    Params: type[ParamsBase] = LinearParams
    usual_c: ClassVar[float]
    passes: ClassVar[float]
    """How often the estimator reads the training rows, for the estimate."""

    @abstractmethod
    def estimator(self, params: LinearParams, strength: float, seed: int) -> Any:
        """The unfitted scikit-learn classifier with C = `strength`."""

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        return common_reason(
            facts, machine, self.estimate(self.defaults("quick", facts, machine), facts, machine)
        )

    def defaults(self, dial: Dial, facts: Facts, machine: Machine) -> LinearParams:
        """Characters where words are not spaced, else both; fewer and shorter sequences if the memory asks for it."""
        analyzer = suited_analyzer(facts)
        full = LinearParams(analyzer=analyzer, C=self.usual_c, tune_c=dial == "thorough")
        smaller = full.model_copy(update={"char_max": 3, "max_features": 50_000})
        least = LinearParams(
            analyzer="characters" if analyzer == "characters" else "words",
            char_max=2,
            word_max=1,
            C=self.usual_c,
        )
        for params in () if dial == "quick" else (full, smaller):
            if self.estimate(params, facts, machine).memory_bytes <= machine.memory_bytes:
                return params
        return least

    def estimate(self, params: LinearParams, facts: Facts, machine: Machine) -> Estimate:
        """Rough: features by Heaps' law, memory of the count and of a second copy in the solver, time per entry measured."""
        scores = 1 if facts.classes == 2 else facts.classes
        width, entries = expected_width(params, facts), expected_entries(params, facts)
        fits = len(STRENGTHS) if params.tune_c else 1
        return Estimate(
            parameters=(width + 1) * scores,
            memory_bytes=int(3e8 + 48 * entries + 600 * width + 12 * width * scores),
            seconds=expected_seconds(params, facts) + fits * self.passes * 1e-8 * entries * scores,
        )

    def formulas(self, params: LinearParams, facts: Facts) -> Sequence[tuple[str, str]]:
        return ()

    def fit(self, data: TrainingData, params: LinearParams, training: Training) -> LinearFitted:
        training.report("phase", name=N_("Counting words and characters"))
        features, rows = Tfidf.fit(data.train_inputs, params)
        validation = features.transform(data.validation_inputs)
        training.report(
            "log", level="info", message=N_("{rows} rows, {features} features, {entries} entries"),
            params={"rows": f"{rows.shape[0]:,}", "features": f"{features.width:,}", "entries": f"{rows.nnz:,}"},
        )  # fmt: skip

        training.report("phase", name=N_("Fitting"))
        strengths = STRENGTHS if params.tune_c else (params.C,)
        tried: list[tuple[float, Any]] = []
        for strength in strengths:
            asked = training.stop()
            if asked == "discard":
                raise Discarded()
            if asked == "keep" and tried:
                break
            estimator = self.estimator(params, strength, data.seed)
            _fit_quietly(estimator, rows, data.train_labels, training)
            score = _macro_f1(data.validation_labels, estimator.predict(validation), len(data.classes))
            training.report(
                "log", level="info", message=N_("C = {strength}: macro F1 {score} on validation"),
                params={"strength": f"{strength:g}", "score": f"{score:.4f}"},
            )  # fmt: skip
            tried.append((score, estimator))
        estimator = max(tried, key=lambda pair: pair[0])[1]

        training.report("phase", name=N_("Calibrating"))
        column = {int(label): position for position, label in enumerate(estimator.classes_)}
        known = np.array([label in column for label in data.validation_labels.tolist()], dtype=bool)
        scores = class_scores(estimator.decision_function(validation))[known]
        labels = np.array([column[label] for label in data.validation_labels[known].tolist()], dtype=np.int64)
        return LinearFitted(
            features,
            estimator,
            fit_temperature(scores, labels),
            len(data.classes),
            len(tried) < len(strengths),
        )

    def load(self, folder: Path) -> LinearPredictor:
        meta = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return LinearPredictor(
            features=Tfidf.load(folder),
            coefficients=np.load(folder / "coefficients.npy", allow_pickle=False),
            intercepts=np.load(folder / "intercepts.npy", allow_pickle=False),
            temperature=meta["temperature"],
            present=np.array(meta["present"], dtype=np.int64),
            classes=meta["classes"],
        )


def _fit_quietly(estimator: Any, rows: Any, labels: IntArray, training: Training) -> None:
    """Fit; what scikit-learn warns of (no convergence) goes to the run's log."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(rows, labels)
    for warning in caught:
        training.report("log", level="warning", text=str(warning.message))


def _macro_f1(labels: IntArray, predicted: IntArray, classes: int) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predicted, labels=list(range(classes)), average="macro", zero_division=0))
