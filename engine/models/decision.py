"""From a classifier's scores to the probabilities and the decision that are served.

One temperature calibrates; offsets by the size of the classes, where asked for, move decisions towards the small ones.
Both are chosen on the validation part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import N_
from engine.models.calibration import class_scores, fit_temperature, softmax
from engine.models.family import FloatArray, IntArray
from engine.params import Params, param

_SHARES = np.round(np.arange(-0.5, 1.51, 0.05), 2)
"""How much of its size is taken from a class; 1 makes all classes equal, below 0 favours the large ones."""
_NEIGHBOURS = 2
"""On either side; macro-F1 is averaged over them, since it jumps where there are few rows."""


class DecisionParams(Params):
    """How much rare classes count, in training and in the decision."""

    balanced: bool = param(
        False, N_("Balance the classes"), N_("Rare classes weigh as much in training as frequent ones."),
    )  # fmt: skip
    adjust: bool = param(
        False, N_("Adjust the decision to macro-F1"),
        N_("Small classes are answered sooner, as far as macro-F1 on validation gains by it; the probabilities move with it. Helps "
           "where the classes are uneven and hard to tell apart."),
    )  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What turns scores into probabilities, the same in training and serving.

    Args:
        temperature: divides all scores; see `fit_temperature`.
        present: the classes that had training rows, in column order of the scores; the others get probability 0.
        classes: all classes of the schema.
        offsets: added to the scores before the temperature, one for each of `present`.
    """

    temperature: float
    present: IntArray
    classes: int
    offsets: FloatArray

    def probabilities(self, scores: Any) -> FloatArray:
        """Shape (n, classes), rows summing to 1, from margins of shape (n,), (n, 1) or scores of shape (n, present)."""
        given = np.asarray(scores)
        given = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given
        found = softmax(class_scores(given) + self.offsets, self.temperature)
        full = np.zeros((len(found), self.classes))
        full[:, self.present] = found
        return full

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `model.json`."""
        return {
            "temperature": self.temperature, "present": self.present.tolist(), "classes": self.classes,
            "offsets": self.offsets.tolist(),
        }  # fmt: skip

    @classmethod
    def of_json(cls, read: Mapping[str, Any]) -> Decision:
        """What `as_json` gave; models saved before there were offsets have none."""
        present = np.array(read["present"], dtype=np.int64)
        offsets = np.array(read.get("offsets", np.zeros(len(present))), dtype=np.float64)
        return cls(read["temperature"], present, read["classes"], offsets)


def fit_decision(scores: Any, labels: IntArray, sizes: IntArray, *, adjust: bool = False) -> Decision:
    """Calibrate, and if asked choose the offsets, on validation rows.

    Args:
        scores: of the validation rows, for the classes with training rows, as a scikit-learn `decision_function` gives them.
        labels: of the same rows, among all classes of the schema; rows of classes without training rows are left out.
        sizes: training rows of each class of the schema.
        adjust: whether to choose offsets for the best macro-F1.
    """
    present = np.flatnonzero(sizes)
    known = sizes[labels] > 0
    kept, targets = class_scores(scores)[known], np.searchsorted(present, labels[known])
    temperature = fit_temperature(kept, targets)
    offsets = np.zeros(len(present))
    if adjust and len(targets):
        offsets = temperature * fit_offsets(kept / temperature, targets, sizes[present])
        temperature = fit_temperature(kept + offsets, targets)
    return Decision(temperature, present, len(sizes), offsets)


def fit_offsets(scores: FloatArray, labels: IntArray, sizes: IntArray) -> FloatArray:
    """The share of the logarithm of its size that is taken from each class, for the best macro-F1 on these rows.

    Menon et al., "Long-tail learning via logit adjustment" (2021), section 4.1, with the share chosen here. One number for
    all classes: an offset of each class's own gained no more on rows that it was not chosen on.

    Args:
        scores: calibrated scores of validation rows, shape (n, classes).
        labels: of the same rows.
        sizes: training rows of each class, none of them 0.
    """
    logarithms = np.log(sizes / sizes.max())
    reached = np.array(
        [macro_f1(labels, (scores - share * logarithms).argmax(axis=1), len(sizes)) for share in _SHARES]
    )
    width = 2 * _NEIGHBOURS + 1
    smooth = np.convolve(np.pad(reached, _NEIGHBOURS, mode="edge"), np.ones(width) / width, "valid")
    none = int(np.argmin(np.abs(_SHARES)))
    best = int(smooth.argmax())
    if min(smooth[best] - smooth[none], reached[best] - reached[none]) <= 1e-9:
        best = none
    return np.asarray(0.0 - _SHARES[best] * logarithms)


def macro_f1(labels: IntArray, said: IntArray, classes: int) -> float:
    """Mean of the F1 of all classes, those without rows included as 0, as scikit-learn's with `zero_division=0`."""
    hits = np.bincount(labels[labels == said], minlength=classes)
    sizes = np.bincount(labels, minlength=classes) + np.bincount(said, minlength=classes)
    return float(np.mean(2 * hits / np.maximum(sizes, 1)))
