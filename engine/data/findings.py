"""How a finding is made: its rows cut to what a page can show, its count always whole.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.limits import FINDING_ROWS
from engine.data.schema import ROW_ID, Finding, Fix, Severity
from engine.errors import N_, saying


@dataclass(frozen=True)
class Found:
    """A finding with every row that it is about, of which the finding itself quotes the first.

    Args:
        finding: what is said and shown.
        rows: ids of all rows concerned, shape (n,), in the order in which they are best looked at.
        groups: rows with an equal number belong together (copies of one text), shape (n,); None without groups.
        suggested: the label that each row should probably have, length n; None where the check suggests none.
        scores: how sure the check is of each row, shape (n,), larger is surer; None where it is certain.
    """

    finding: Finding
    rows: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None
    suggested: Sequence[str] | None = None
    scores: NDArray[np.float64] | None = None


_ABOUT = ("column", "first", "second", "value")


def handle(finding: Finding) -> str:
    """What names a finding among those of its version: its code, and what it is about where a check says it of several
    things (`column`, `first` and `second`, `value` of its params)."""
    about = (finding.params.get(name) for name in _ABOUT)
    return ":".join([finding.code, *(str(part) for part in about if part is not None)])


def row_array(rows: Sequence[int] = ()) -> NDArray[np.int64]:
    """Row ids as `Found` holds them."""
    return np.asarray(rows, dtype=np.int64)


def found(
    code: str, severity: Severity, message: str, rows: NDArray[np.int64] | None = None, *, groups: NDArray[np.int64] | None = None,
    suggested: Sequence[str] | None = None, scores: NDArray[np.float64] | None = None, fixes: Sequence[Fix] = (), **params: Any,
) -> Found:  # fmt: skip
    """A finding about `rows` with all of them; arguments as `finding` and `Found` say."""
    said = finding(code, severity, message, rows, fixes=fixes, **params)
    return Found(said, row_array() if rows is None else rows, groups, suggested, scores)


def finding(
    code: str, severity: Severity, message: str, rows: NDArray[np.int64] | None = None, *, fixes: Sequence[Fix] = (), **params: Any
) -> Finding:  # fmt: skip
    """A finding about `rows` (row ids); `{count}` in the message is how many there are.

    Args:
        code: stable id.
        severity: `error` blocks training.
        message: English message id.
        rows: ids of the rows concerned, if it is about rows.
        fixes: what one click can do about it.
        **params: more placeholders, JSON-serialisable.
    """
    ids = np.empty(0, dtype=np.int64) if rows is None else rows
    shown = tuple(int(row) for row in ids[:FINDING_ROWS])
    return Finding(code, severity, message, len(ids), shown, {"count": len(ids), **params}, tuple(fixes))


def row_ids(frame: pd.DataFrame) -> NDArray[np.int64]:
    """The row ids of a table; positions where it has none yet."""
    if ROW_ID in frame.columns:
        return frame[ROW_ID].to_numpy(dtype=np.int64)
    return np.arange(len(frame), dtype=np.int64)


def some(names: Sequence[str], most: int = 5) -> list[str] | dict[str, Any]:
    """A few names as a parameter of a message, quoted and shortened, and how many more there are."""
    shown = [f"“{name[:40]}”" for name in names[:most]]
    if len(names) <= most:
        return shown
    return saying(N_("{names} and {more} more"), names=shown, more=len(names) - most)


def read_finding(stored: Mapping[str, Any]) -> Finding:
    """A finding out of its JSON form (`dataclasses.asdict`)."""
    fixes = tuple(Fix(**fix) for fix in stored.get("fixes", ()))
    return Finding(**{**stored, "rows": tuple(stored["rows"]), "fixes": fixes})
