"""Cells that a spreadsheet must not take for a formula.

Stage 1 (data). A text such as `=HYPERLINK(…)` runs when the file is opened; an apostrophe in front makes it
text. `unguard` takes off exactly what `guard` added, so that a guarded file can be read back without loss.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

# Texts that already are apostrophes and a trigger get one more, or taking it off would eat theirs.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n\x00]")
_GUARDED = re.compile(r"'+[=+\-@＝＋－＠\t\r\n\x00]")


def guard(text: str) -> str:
    """`text` with an apostrophe in front if a spreadsheet could run it."""
    return "'" + text if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """What `guard` was given."""
    return text[1:] if _GUARDED.match(text) else text


_SIGNS = tuple("=+-@＝＋－＠\t\r\n\x00")


def guarded_cells(table: pd.DataFrame) -> int:
    """How many cells look like those that `guard` made, column names among them; 0 if any could run, as no file that it
    wrote has such a one."""
    rows = [table.columns.to_series(), *(table[name] for name in table.columns)]
    count = 0
    for cells in rows:
        quoted = cells[cells.str.startswith("'").to_numpy(dtype=bool)]
        count += sum(_GUARDED.match(cell) is not None for cell in quoted)
    if count and any(cells.str.startswith(_SIGNS).any() for cells in rows):
        return 0
    return count


def unguarded(table: pd.DataFrame, *, names: bool = True) -> tuple[pd.DataFrame, int]:
    """The table that `guard` was given cell by cell, and how many cells were changed.

    Args:
        names: whether the names of the columns are cells of the file, too.
    """
    headings = [unguard(name) if names else name for name in table.columns]
    changed, columns = sum(a != b for a, b in zip(headings, table.columns, strict=True)), {}
    for name in table.columns:
        cells = table[name]
        at = np.flatnonzero(cells.str.startswith("'").to_numpy(dtype=bool))
        at = at[[_GUARDED.match(cells.iloc[i]) is not None for i in at]] if len(at) else at
        if len(at):
            cells = cells.copy()
            cells.iloc[at] = [unguard(cell) for cell in cells.iloc[at]]
            changed += len(at)
        columns[name] = cells
    found = table.assign(**{str(name): cells for name, cells in columns.items()})
    return found.set_axis(pd.Index(headings, dtype=table.columns.dtype), axis=1), changed
