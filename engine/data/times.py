"""The moment that a cell of text names, where there is only one way to read it.

Stage 1 (data). Dates must begin with the year: 03/04 is two different days to two people.
"""

from __future__ import annotations

import pandas as pd

_TIDY = (
    (r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3"),
    (r"^(\d{4})[年/.](\d)", r"\1-\2"),
    (r"^(\d{4}-\d{1,2})[月/.](\d)", r"\1-\2"),
    ("[年月日]", ""),
    (r"^(\d{4})-(\d)\b", r"\1-0\2"),
    (r"^(\d{4}-\d{2})-(\d)\b", r"\1-0\2"),
    (r"[ T](\d):", r"T0\1:"),
)  # fmt: skip
"""What makes the usual ways to write a date one, in this order."""

_SECONDS, _MILLISECONDS = r"^\d{9,10}$", r"^\d{12,13}$"


def read_times(cells: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """The UTC moment of each cell, NaT where it cannot be read; index kept.

    Read are ISO 8601 and its usual relatives ("2021-03-05", "2021/3/5 10:20", "2021年3月5日", "2021"), and seconds or
    milliseconds since 1970. Moments without a zone are taken as UTC: only their order matters.
    """
    texts = cells.fillna("").str.strip()
    distinct = pd.Series(texts.unique(), dtype="str")  # dates repeat; each is read once
    plain = distinct
    for pattern, better in _TIDY:
        plain = plain.str.replace(pattern, better, regex=True)
    dated = plain.where(plain.str.match(r"^\d{4}(?:-\d{2}|$)"), "")
    found = pd.to_datetime(dated, format="ISO8601", errors="coerce", utc=True)
    for pattern, unit in ((_SECONDS, "s"), (_MILLISECONDS, "ms")):
        counted = distinct.str.match(pattern)
        if counted.any():
            found = found.mask(
                counted,
                pd.to_datetime(distinct.where(counted).astype("float64"), unit=unit, utc=True),  # type: ignore[call-overload]
            )
    at = pd.Index(distinct).get_indexer(pd.Index(texts))
    moments: pd.Series[pd.Timestamp] = found.iloc[at].set_axis(cells.index)
    return moments
