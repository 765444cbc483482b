"""Dates as counts by day, week, month or year: every row is counted, and empty periods keep their place."""

from __future__ import annotations

import pandas as pd
import pytest

from engine.data.profile.periods import period_counts


def days(*moments: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(moments), utc=True, format="ISO8601"))


@pytest.mark.parametrize(
    ("moments", "unit", "counts"),
    [
        (("2024-02-28", "2024-03-01", "2024-03-01T23:59:59Z"), "day", {"2024-02-28": 1, "2024-02-29": 0, "2024-03-01": 2}),
        (("2024-01-07", "2024-01-08", "2024-06-30"), "week", None),
        (("2020-01-31", "2024-06-30"), "month", None),
        (("1990-01-01", "1992-01-01", "2024-06-30"), "year", None),
    ],
)  # fmt: skip
def test_the_unit_follows_the_span(moments: tuple[str, ...], unit: str, counts: dict[str, int] | None) -> None:  # fmt: skip
    found_unit, found = period_counts(days(*moments))
    assert found_unit == unit
    assert sum(found.values()) == len(moments)
    assert list(found) == sorted(found)
    if counts is not None:
        assert found == counts


def test_a_week_is_called_by_its_monday_and_gaps_are_zero() -> None:
    _, found = period_counts(days("2024-01-07", "2024-01-08", "2024-06-30"))
    assert (found["2024-01-01"], found["2024-01-08"], found["2024-01-15"]) == (1, 1, 0)
    assert len(found) == 26


def test_a_wrong_century_makes_no_thousand_bars_and_no_day_makes_none() -> None:
    assert period_counts(days("1700-01-01", "2024-01-01")) == ("year", {"1700": 1, "2024": 1})
    assert period_counts(days()) == (None, {})
