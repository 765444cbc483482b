"""A map of the examples: alike ones lie near each other, so that clusters, strays and wrong labels can be seen.

Stage 1 (data). Runs in a job; the page draws the stored result.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.schema import ROW_ID
from engine.data.table_view import TableView

PLACED, PLACED_BY_MODEL, SEED = 50_000, 5_000, 0
"""Most examples that are placed, by words and where a model has to read each, and the seed of the sample where there are more."""

LEARNT = "learnt"
"""Column of `ExampleMap.places` on the map of a trained model: whether it learnt from the example."""

_SHOWN = 60
"""Characters of an example that stand beside its point."""


@dataclass(frozen=True)
class ExampleMap:
    """Places of examples on a plane.

    Args:
        places: one row an example, in the order of the table: `row_id`, `x` and `y` within [-1, 1], `label`, and `shown`,
            the example in short; then for each slice column its cells, in a column called by `slice_column`.
        rows: how many rows the version has; more than the places where a sample was drawn or rows are left out.
        kept: share of the variance between the examples' features that the two axes show.
        left_out: rows that have no place on purpose.
    """

    places: pd.DataFrame
    rows: int
    kept: float
    left_out: int = 0


def slice_column(name: str) -> str:
    """What the column of `ExampleMap.places` is called that holds the cells of the slice column `name`."""
    return f"slice:{name}"


def map_examples(
    table: TableView, most: int = PLACED, embed: Callable[[pd.Series], NDArray[np.floating[Any]]] | None = None,
    without: Collection[int] = (),
) -> ExampleMap:  # fmt: skip
    """Place the examples of a table, or a seeded sample of `most` of them.

    Features are centred and their two directions of largest variance kept (principal components). The axes have no meaning
    beyond that; distances between far points say little.

    Args:
        embed: inputs to features of shape (n, d) in which alike ones lie near each other; by default the modality's own.
        without: ids of rows that get no place.
    """
    ids = table.ids
    chosen = np.flatnonzero(~np.isin(ids, list(without)))
    left_out = len(ids) - len(chosen)
    if len(chosen) > most:
        chosen = np.sort(np.random.default_rng(SEED).choice(chosen, most, replace=False))
    inputs = table.inputs.iloc[chosen]
    plane, kept = _plane((embed or table.modality.embed)(inputs))
    places = pd.DataFrame(
        {
            ROW_ID: ids[chosen], "x": plane[:, 0].round(4), "y": plane[:, 1].round(4),
            "label": table.labels.iloc[chosen].to_numpy(dtype=object),
            "shown": [table.modality.show(value, _SHOWN) for value in inputs],
            **{
                slice_column(name): table.cells(name).iloc[chosen].to_numpy(dtype=object)
                for name in table.schema.names("slice")
            },
        }
    )  # fmt: skip
    return ExampleMap(places, len(ids), kept, left_out)


def _plane(features: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], float]:
    """The first two principal components scaled to [-1, 1], and the share of variance in them."""
    plane = np.zeros((len(features), 2), dtype=np.float32)
    if len(features) < 2 or features.shape[1] == 0:
        return plane, 0.0
    centred = np.asarray(features, dtype=np.float64) - features.mean(axis=0)
    variance, directions = np.linalg.eigh(centred.T @ centred)
    total = float(variance.sum())
    if total <= 1e-12:
        return plane, 0.0
    first = directions[:, ::-1][:, :2]
    first = first * np.sign(first[np.abs(first).argmax(axis=0), np.arange(first.shape[1])])
    found = centred @ first
    found /= max(float(np.abs(found).max()), 1e-12)
    plane[:, : found.shape[1]] = found
    return plane, float(variance[::-1][:2].sum() / total)
