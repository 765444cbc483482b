"""The health score is the sum of its reasons: clean data lose nothing, each fault costs what it should."""

from __future__ import annotations

import pandas as pd

from engine.data.modalities.text import TextClassification
from engine.data.profile import Profile, profile_table
from engine.data.profile.health import health
from engine.data.schema import Column, Finding, Schema

SCHEMA = Schema(
    task="text-classification",
    columns=(Column(name="text", role="input"), Column(name="label", role="label")),
    classes=("a", "b"),
)


def profiled(rows: int, rare: int | None = None) -> Profile:
    labels = (
        ["a" if i % 2 else "b" for i in range(rows)] if rare is None else ["b"] * rare + ["a"] * (rows - rare)
    )
    frame = pd.DataFrame(
        {"text": [f"text {i} of many w{i * 7} v{i * 11}" for i in range(rows)], "label": labels}
    )
    return profile_table(frame, SCHEMA, TextClassification())


def finding(severity: str, count: int) -> Finding:
    return Finding(code="duplicates", severity=severity, message="Rows: {count}.", count=count)  # type: ignore[arg-type]


def test_sound_data_lose_nothing() -> None:
    profile = profiled(1200)
    found = health(profile, [])
    assert (found.score, found.reasons) == (100, ())
    assert health(profile, [finding("info", 1200)]).score == 100


def test_the_score_is_the_sum_of_its_reasons_and_grows_with_the_rows_concerned() -> None:
    profile = profiled(1200)
    costs = [100 - health(profile, [finding("warning", count)]).score for count in (1, 300, 1200)]
    assert costs == sorted(costs)
    assert (costs[0], costs[-1]) == (2, 20)
    found = health(profile, [finding("warning", 12), finding("error", 1)])
    assert found.score == 100 - sum(reason.points for reason in found.reasons)
    assert [reason.points for reason in found.reasons] == [30, 2]
    assert health(profile, [finding("error", 1)] * 9).score == 0


def test_few_rows_and_a_small_class_cost_points_and_say_how_many() -> None:
    few = health(profiled(200), [])
    assert [dict(reason.params)["count"] for reason in few.reasons] == [200]
    assert few.score == 88
    rare = health(profiled(1200, rare=10), [])
    assert [dict(reason.params) for reason in rare.reasons] == [{"value": "b", "count": 10, "least": 50}]
    assert rare.score == 92


def test_texts_that_are_all_alike_cost_points() -> None:
    frame = pd.DataFrame({"text": ["always the same few words"] * 1200, "label": ["a", "b"] * 600})
    reasons = health(profile_table(frame, SCHEMA, TextClassification()), []).reasons
    assert [reason.points for reason in reasons] == [5]


def test_a_small_test_part_costs_points_and_a_reason_names_its_finding() -> None:
    profile = profiled(1200)
    assert health(profile, [], test_rows=200).score == health(profile, []).score == 100
    small = health(profile, [], test_rows=20)
    assert [(reason.points, reason.finding) for reason in small.reasons] == [(9, "")]
    assert [reason.finding for reason in health(profile, [finding("warning", 3)]).reasons] == ["duplicates"]
