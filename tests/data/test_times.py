"""Moments out of cells: the usual ways to write a date, and what must not be guessed."""

from __future__ import annotations

import pandas as pd
import pytest

from engine.data.times import read_times


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2021-03-05", "2021-03-05"), ("2021/3/5 9:20", "2021-03-05 09:20"), ("2021年3月5日", "2021-03-05"), ("2021年12月", "2021-12-01"),
        ("2021", "2021-01-01"), ("2021.3.5", "2021-03-05"), ("20210305", "2021-03-05"), (" 2021-03-05T10:00:00+08:00 ", "2021-03-05 02:00"),
        ("2021-03-05 10:00:00.5", "2021-03-05 10:00:00.5"), ("2021-03-05T10:00:00Z", "2021-03-05 10:00"), ("1614934800", "2021-03-05 09:00"),
        ("1614934800000", "2021-03-05 09:00"),
    ],
)  # fmt: skip
def test_one_way_to_read(cell, moment):
    assert read_times(pd.Series([cell], dtype="str"))[0] == pd.Timestamp(moment, tz="UTC")


@pytest.mark.parametrize(
    "cell",
    ["", "03/04/2021", "2021-13-01", "soon", "5. März", "12345", "99999999", "2021-02-30", "1e9", "😀"],
)
def test_what_cannot_be_read_for_sure_is_not_read(cell):
    assert read_times(pd.Series([cell, "2021-03-05"], dtype="str")).isna().tolist() == [True, False]


def test_the_index_is_kept_and_missing_cells_are_no_dates():
    cells = pd.Series(["2021-03-05", None, "2021-03-05"], index=[7, 3, 9], dtype="str")
    read = read_times(cells)
    assert read.index.tolist() == [7, 3, 9]
    assert read.isna().tolist() == [False, True, False]
