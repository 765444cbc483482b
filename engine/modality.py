"""What differs between texts, images, tables and sounds, and nothing else.

Nothing outside the registries' own files asks "is it text?": a `Modality` reads a table's input columns into
model inputs, shows one, keys it for exact duplicates and measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.schema import Schema
from engine.errors import N_
from engine.registry import Registry


class Modality(Protocol):
    """One kind of input. Plain functions over frames; no database, no owner.

    One may also offer `wording(inputs, labels, classes, slices) -> Wording`, a part of the profile that only texts have, and
    `keys(inputs) -> pd.Series`, all keys at once where that is faster (`keys_of`).
    """

    name: str
    """The task it serves, one of `engine.recipe.TASKS`."""
    title: str
    """English label, a message id."""
    size_unit: str
    """What `sizes` counts, a message id ("characters")."""

    def read(self, frame: pd.DataFrame, schema: Schema) -> pd.Series:
        """Model inputs, one a row, index kept: several input columns are joined in schema order."""
        ...

    def show(self, value: Any, limit: int = 200) -> str:
        """One input as a short plain text for tables and lists."""
        ...

    def key(self, value: Any) -> str:
        """Equal for inputs that count as exact duplicates."""
        ...

    def sizes(self, inputs: pd.Series) -> pd.Series:
        """Size of each input in `size_unit`, for the length histogram and the dial."""
        ...

    def validate(self, inputs: pd.Series) -> None:
        """Raise `DataError` for inputs that must be refused; what is only wrong with them the checks find."""
        ...

    def embed(self, inputs: pd.Series) -> NDArray[np.floating[Any]]:
        """Features of shape (n, d), d at most 100, in which alike inputs lie near each other; for a job, deterministic."""
        ...

    def describe(self, inputs: pd.Series) -> Mapping[str, Any]:
        """Modality-specific part of the profile, JSON-serialisable (for text: tokens, scripts, languages)."""
        ...


def keys_of(modality: Modality, inputs: pd.Series) -> pd.Series:
    """The key of every input, index kept; by the modality's own short cut where it has one."""
    at_once: Callable[[pd.Series], pd.Series] | None = getattr(modality, "keys", None)
    if at_once is not None:
        return at_once(inputs)
    found = [modality.key(value) for value in inputs.to_numpy(dtype=object)]
    return pd.Series(found, index=inputs.index, dtype="str")


modalities: Registry[Modality] = Registry(N_("modality"), "engine.data.modalities")
