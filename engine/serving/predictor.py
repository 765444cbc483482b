"""The model as it is served: raw inputs in, class probabilities out, without TensorFlow.

Stage 6b (serving). Evaluation, parity check and the demo answer through this one function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from engine.modality import modalities
from engine.models.family import FloatArray
from engine.packaging.bundle import Bundle, open_bundle
from engine.prepare.steps import Cleaner


class ServedModel:
    """A verified bundle, loaded."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.classes = bundle.schema.classes
        self._modality = modalities.get(bundle.schema.task)
        self._clean = Cleaner(bundle.recipe.clean)
        self._predictor = bundle.family.load(bundle.model)

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        """Probabilities of raw inputs, shape (n, classes): the recipe's cleaning steps run first."""
        return self._predictor.predict_proba(self._clean(inputs))

    def vectors(self, inputs: Sequence[Any], progress: Callable[[float], None]) -> FloatArray:
        """What the last layer of a network reads of each raw input, shape (n, width); other models have no such layer."""
        of_cleaned: Callable[..., FloatArray] = getattr(self._predictor, "vectors")  # noqa: B009 - not of every predictor
        return of_cleaned(self._clean(inputs), progress)

    def answer(self, cells: Mapping[str, str]) -> FloatArray:
        """Probabilities of the one input that a text for each input column stands for, as a table of one row would give it.

        Raises:
            DataError, ValueError: it is no input for this model.
        """
        row = pd.DataFrame({name: [text] for name, text in cells.items()})
        answer: FloatArray = self.predict_proba(self._modality.read(row, self.bundle.schema).tolist())[0]
        return answer

    def predict(self, inputs: Sequence[Any]) -> list[str]:
        """The most probable class of each raw input."""
        return [self.classes[i] for i in self.predict_proba(inputs).argmax(axis=1)]


def load_model(folder: Path) -> ServedModel:
    """Verify the bundle in `folder` and load it; raises what `open_bundle` raises."""
    return ServedModel(open_bundle(folder))
