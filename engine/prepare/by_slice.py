"""Leaving a region, a domain or a language out: train without it, test on it.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import N_, DataError
from engine.models.family import IntArray
from engine.prepare.blocks import OUT, TEST, TRAIN, VALIDATION, draw_parts


class NoSliceColumn(DataError):
    code = "NO_SLICE_COLUMN"
    message = N_("There is no column “{column}” whose values could be left out. Columns: {columns}.")
    remedy = N_("Choose a column with the role “slice” on the prepare page.")


class NoSliceRows(DataError):
    code = "NO_SLICE_ROWS"
    message = N_(
        "No labelled row is left for {part} when the column “{column}” is divided by the values {values}."
    )
    remedy = N_("Choose other values to test on: some rows must have them, and some must not.")


PART_NAMES = {TRAIN: N_("train"), VALIDATION: N_("validation"), TEST: N_("test")}


def slice_parts(
    values: pd.Series[str], labels: IntArray, blocks: IntArray, tested: Collection[str], validated: Collection[str],
    share: float, seed: int, column: str,
) -> tuple[IntArray, NDArray[np.bool_]]:  # fmt: skip
    """Parts by value: test has exactly the rows of `tested`; rows elsewhere that repeat one of them are left out.

    Args:
        values: of the slice column, stripped, n of them.
        labels: class codes, shape (n,).
        blocks: block numbers, shape (n,), 0-based.
        tested: values of the test part.
        validated: values of the validation part; none: `share` of the rest is drawn, balanced by class.
        share: of the rest that becomes validation.
        seed: of that drawing.
        column: named in the error.

    Returns:
        The part of each row, and which rows were left out as repeats.

    Raises:
        NoSliceRows: test or train would be empty.
    """
    parts = np.full(len(labels), TRAIN, dtype=np.int64)
    parts[values.isin(list(validated)).to_numpy()] = VALIDATION
    parts[values.isin(list(tested)).to_numpy()] = TEST
    top = np.zeros(int(blocks.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(top, blocks, parts)
    repeats = parts < top[blocks]
    parts[repeats] = OUT
    needed = (TRAIN, VALIDATION, TEST) if validated else (TRAIN, TEST)
    for part in needed:
        if not (parts == part).any():
            names = [f"“{value}”" for value in (*tested, *validated)]
            raise NoSliceRows(part={"message": PART_NAMES[part]}, column=column, values=names)
    if not validated:
        rest = parts == TRAIN
        own = np.unique(blocks[rest], return_inverse=True)[1].astype(np.int64)
        parts[rest] = draw_parts(labels[rest], own, (1 - share, share, 0.0), seed, stratified=True)
    return parts, repeats
