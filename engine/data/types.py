"""A draft of what the cells of each column are, for a person to look at; nothing is converted by it.

Stage 1 (data). Cells stay the text that the file holds. The draft says what most of them look like and how many do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from engine.data.times import read_times
from engine.errors import N_

TypeKind = Literal["empty", "yes_no", "number", "date", "id", "category", "text"]
TYPE_TITLES: Mapping[str, str] = {
    "empty": N_("empty"), "yes_no": N_("yes/no"), "number": N_("number"), "date": N_("date"), "id": N_("id"),
    "category": N_("category"), "text": N_("text"),
}  # fmt: skip
"""What a reader calls the types (message ids)."""

_NUMBER = re.compile(r"[-+−]?(\d{1,3}(,\d{3})+|\d+)?([.,]\d+)?([eE][-+]?\d{1,3})?\s?%?")
_ID = re.compile(r"(?=.*\d)[A-Za-z]{0,4}[-_:/#A-Za-z0-9]{1,60}")
_YES_NO = (
    {"yes", "no"}, {"y", "n"}, {"true", "false"}, {"t", "f"}, {"0", "1"}, {"on", "off"}, {"是", "否"}, {"有", "无"},
    {"真", "假"}, {"对", "错"},
)  # fmt: skip
_FIT = 0.8
"""Share of the cells that have to be of a type before the column is called so."""
_SHORT, _REPEATS = 60, 0.5
"""Longest name of a category in characters, and how many different ones there are at most a cell."""


@dataclass(frozen=True)
class ColumnType:
    """What the cells of a column look like.

    Args:
        kind: the draft.
        share: how many of the cells that are not empty fit it, 0 to 1.
        filled: cells looked at that are not empty.
        seen: cells looked at.
        distinct: how many different ones there are among the filled ones.
    """

    kind: TypeKind
    share: float
    filled: int
    seen: int
    distinct: int


def draft_types(rows: pd.DataFrame) -> tuple[ColumnType, ...]:
    """A draft type of every column, in their order.

    Args:
        rows: text cells; the first rows of a file are enough.
    """
    return tuple(_draft(rows.iloc[:, place]) for place in range(rows.shape[1]))


def _draft(column: pd.Series) -> ColumnType:
    cells = [text for value in column if (text := str(value).strip())]
    seen, filled, distinct = len(column), len(cells), len(set(cells))
    if not cells:
        return ColumnType("empty", 1.0, 0, seen, 0)
    lower = {cell.lower() for cell in cells}
    if any(lower <= pair for pair in _YES_NO) and filled > 1:
        return ColumnType("yes_no", 1.0, filled, seen, distinct)
    for kind, fits in _FITTING:
        share = fits(cells) / filled
        if share >= _FIT and (kind != "id" or distinct == filled > 1):
            return ColumnType(kind, share, filled, seen, distinct)
    short = sum(len(cell) <= _SHORT for cell in cells) / filled
    if short == 1 and distinct <= max(2, _REPEATS * filled) and distinct < filled:
        return ColumnType("category", 1.0, filled, seen, distinct)
    return ColumnType("text", 1.0, filled, seen, distinct)


def _numbers(cells: Sequence[str]) -> int:
    return sum(
        _NUMBER.fullmatch(cell) is not None and any(c.isdigit() for c in cell) and not _padded(cell)
        for cell in cells
    )


def _padded(cell: str) -> bool:
    """Zeros before a number are part of a name ("00123")."""
    return len(cell) > 1 and cell.isdigit() and cell.startswith("0")


def _dates(cells: Sequence[str]) -> int:
    # What does not begin with a year is none, and need not be read: that takes longer than all else here.
    plain = [cell for cell in cells if cell[:4].isdigit() and (not cell.isdigit() or len(cell) == 8)]
    return int(read_times(pd.Series(plain, dtype="str")).notna().sum()) if plain else 0


def _ids(cells: Sequence[str]) -> int:
    return sum(_ID.fullmatch(cell) is not None for cell in cells)


_FITTING: tuple[tuple[TypeKind, Callable[[Sequence[str]], int]], ...] = (
    ("date", _dates), ("number", _numbers), ("id", _ids),
)  # fmt: skip
