"""Days as counts by day, week, month or year, whichever a span can be read in.

Stage 1 (data).
"""

from __future__ import annotations

from typing import Literal

import pandas as pd

Unit = Literal["day", "week", "month", "year"]
_DAYS, _WEEKS, _MONTHS = 62, 106, 120
"""Most days, weeks and months that are drawn one by one; a longer span takes the next unit."""
_YEARS = 200
"""A span longer than that holds wrong dates: then only the years that occur are listed."""


def period_counts(days: pd.Series[pd.Timestamp]) -> tuple[Unit | None, dict[str, int]]:
    """Rows by period, in order, empty periods between them as 0.

    A period is called "2024-05-13" (a day, or the Monday of a week), "2024-05" or "2024".

    Args:
        days: moments without NaT.

    Returns:
        the unit and the counts; None and nothing without days.
    """
    if not len(days):
        return None, {}
    plain = days.dt.tz_localize(None) if days.dt.tz is not None else days
    first, last = plain.min(), plain.max()
    span = (last - first).days + 1
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if span <= _DAYS:
        return "day", _counted(plain.dt.to_period("D"), "%Y-%m-%d")
    if span <= _WEEKS * 7:
        return "week", _counted(plain.dt.to_period("W-SUN"), "%Y-%m-%d")
    if months <= _MONTHS:
        return "month", _counted(plain.dt.to_period("M"), "%Y-%m")
    years = plain.dt.year.value_counts().sort_index()
    if last.year - first.year < _YEARS:
        years = years.reindex(range(first.year, last.year + 1), fill_value=0)
    return "year", {str(year): int(count) for year, count in years.items()}


def _counted(periods: pd.Series, shape: str) -> dict[str, int]:
    counts = periods.value_counts()
    every = pd.period_range(periods.min(), periods.max(), freq=periods.dt.freq)
    # A week is called by its first day; a day and a month begin where they are called.
    names = every.to_timestamp(how="start").strftime(shape).tolist()
    return dict(zip(names, counts.reindex(every, fill_value=0).tolist(), strict=True))
