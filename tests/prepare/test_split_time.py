"""Splits by time: the oldest rows train, the newest test, and what other divisions say of dated rows."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from engine.errors import error_from_json
from engine.prepare import by_time
from engine.prepare.split import OneClass, assign_split
from engine.recipe import Split
from tests.prepare.tables import ROLES, codes, dated, finding, many, of, run, table

BY_TIME = Split(kind="time")


def test_by_time_the_oldest_train_and_the_newest_test():
    rows = dated()
    result = run(rows, BY_TIME)
    assert result.counts == {"train": 320, "validation": 40, "test": 40, "excluded": 0}
    newest = [max(r["time"] for r in of(rows, result, part)) for part in ("train", "validation", "test")]
    oldest = [min(r["time"] for r in of(rows, result, part)) for part in ("train", "validation", "test")]
    assert newest[0] < oldest[1] <= newest[1] < oldest[2]
    assert set(result.leaks.values()) == {0}
    assert "time_test_before_train" in result.leaks
    assert "split_ignores_time" not in codes(result)


def test_rows_of_one_day_stay_together():
    rows = dated(day=lambda i: i // 57)
    result = run(rows, BY_TIME)
    parts = pd.DataFrame(rows).assign(part=result.assignment.to_numpy())
    assert parts.groupby("time")["part"].nunique().max() == 1
    assert set(result.assignment) == {"train", "validation", "test"}


def test_dates_that_cannot_be_read_leave_the_row_out_and_are_said():
    rows = dated()
    rows[3]["time"], rows[8]["time"], rows[9]["time"] = "03/04/2020", "", "soon"
    result = run(rows, BY_TIME)
    assert finding(result, "split_time_unreadable").rows == (3, 8, 9)
    assert result.counts["excluded"] == 3
    assert finding(result, "split_time_unreadable").params["column"] == "time"


def test_a_repost_after_the_boundary_is_left_out_and_never_before_its_first():
    rows = dated()
    by_day = sorted(range(400), key=lambda i: rows[i]["time"])
    rows[by_day[395]]["text"] = rows[by_day[10]]["text"]
    rows[by_day[340]]["text"] = rows[by_day[10]]["text"]
    rows[by_day[20]]["text"] = rows[by_day[10]]["text"]
    result = run(rows, BY_TIME)
    assert result.assignment[by_day[10]] == result.assignment[by_day[20]] == "train"
    assert sorted(finding(result, "split_time_repeats").rows) == sorted((by_day[395], by_day[340]))
    assert set(result.leaks.values()) == {0}


@pytest.mark.parametrize("times", [["2020-01-01"], ["2020-01-01", "2020-01-02"], ["soon"], [""]])
def test_too_few_dates_for_three_parts_are_refused_in_words(times):
    with pytest.raises(by_time.TooFewTimes) as caught:
        run(many(60, time=lambda i: times[i % len(times)]), BY_TIME)
    assert "{" not in str(caught.value)
    assert str(error_from_json(caught.value.to_json())) == str(caught.value)


def test_two_dates_do_for_two_parts():
    rows = many(60, time=lambda i: "2020-01-01" if i < 50 else "2020-01-02")
    result = run(rows, Split(kind="time", train=0.9, validation=0.1, test=0))
    assert result.counts == {"train": 50, "validation": 10, "test": 0, "excluded": 0}


def test_a_split_by_time_needs_its_column_and_two_classes_in_the_past():
    with pytest.raises(by_time.NoTimeColumn):
        run(many(60), BY_TIME)
    rows = sorted(dated(), key=lambda r: r["time"])
    for at, row in enumerate(rows):
        row["label"] = "a" if at < 350 else "b"
    with pytest.raises(OneClass):
        run(rows, BY_TIME)


def test_another_division_of_dated_rows_says_what_it_does_not_look_at():
    result = run(dated(), Split())
    assert 30 < finding(result, "split_ignores_time").params["percent"] < 70
    assert finding(result, "split_ignores_time").severity == "info"


def test_strays_of_a_given_split_by_time_are_counted_and_a_shuffled_one_is_only_noted():
    rows = [{**r, "part": "train" if i < 300 else "dev" if i < 350 else "test"} for i, r in enumerate(sorted(dated(), key=lambda r: r["time"]))]  # fmt: skip
    rows[5]["part"] = "test"
    frame, schema = table(rows, ROLES)
    strays = assign_split(frame, schema, Split(kind="given", column="part"), frame["text"])
    assert finding(strays, "leak_time_test_before_train").rows == (5,)
    assert finding(strays, "leak_time_test_before_train").severity == "warning"
    shuffled = [{**r, "part": r["part"]} for r in rows]
    parts = [r["part"] for r in shuffled]
    random.Random(3).shuffle(parts)
    frame, schema = table([{**r, "part": p} for r, p in zip(shuffled, parts, strict=True)], ROLES)
    mixed = assign_split(frame, schema, Split(kind="given", column="part"), frame["text"])
    assert finding(mixed, "leak_time_test_before_train").severity == "info"


def test_groups_that_come_back_all_the_time_leave_no_validation_and_that_is_said():
    rows = dated(group=lambda i: f"shop {i % 3}")
    result = run(rows, Split(kind="time"))
    found = finding(result, "split_no_validation")
    assert "Divide in another way" in found.message
    assert found.params["count"] == len(rows) - int((result.assignment == "train").sum())
