"""Every check of the registry, whoever wrote it: named, deterministic, silent on nothing, unharmed by odd tables."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from engine.data.checks import Check, checks
from engine.data.findings import Found, handle, read_finding
from engine.data.schema import ROW_ID, Schema, make_schema
from engine.data.table_view import TableView
from engine.i18n import translate
from engine.modality import modalities
from tests.data.checks.looking import ROLES
from ui.panels.findings import SEVERITIES

ALL = list(checks)
KINDS = {"drop", "dedupe", "relabel", "clean", "role", "regroup"}


def table(
    roles: dict[str, str] = ROLES, start: int = 0, task: str = "text-classification", **columns: list[str]
) -> TableView:
    frame = pd.DataFrame(columns, dtype="str")
    frame.insert(0, ROW_ID, np.arange(start, start + len(frame), dtype=np.int64))
    schema: Schema = make_schema({c: r for c, r in roles.items() if c in columns}, list(columns), task)
    return TableView(frame, schema, modalities.get(task))


def dirty() -> TableView:
    """A table with something for nearly every check; row ids do not begin at 0."""
    texts = [f"text {i % 50} <b>good</b> {'call 13812345678' if i % 7 else ''}" for i in range(150)]
    texts[3:9] = ["", " ", "\ufffd", "a\u202eb", "锟斤拷 Ã©", "x" * 30_000]
    return table(
        start=1000, text=texts, label=[("good", "Good", "bad", "")[i % 4] for i in range(150)],
        region=[("north", "North", "", "nan")[i % 4] for i in range(150)], day=[f"20{10 + i // 10}-01-01" if i % 5 else "soon" for i in range(150)],
        part=[("train", "dev", "test")[i % 3] for i in range(150)], who=[f"u{i}" for i in range(150)],
    )  # fmt: skip


ODD = {
    "no rows": lambda: table(text=[], label=[], region=[], day=[], part=[]),
    "one row": lambda: table(text=["one"], label=["a"], region=["x"], day=["2024"], part=["train"]),
    "empty cells": lambda: table(text=[""] * 80, label=[""] * 80, region=[""] * 80, day=[""] * 80, part=[""] * 80, who=[""] * 80),
    "no label column": lambda: table(text=["a", "b"] * 40),
    "one class": lambda: table(text=[f"t{i}" for i in range(80)], label=["a"] * 80),
    "all equal": lambda: table(text=["same"] * 80, label=["a", "b"] * 40, region=["r"] * 80, part=["train", "test"] * 40),
    "signs only": lambda: table(text=["\x00", "\u200b", "👍🏽", "\ud7ff", "()[]*+?\\", "{count}"] * 15, label=list("ab") * 45),
}  # fmt: skip


def ran(check: Check, view: TableView) -> list[Found]:
    return list(check.run(view))


@pytest.mark.parametrize("check", ALL, ids=lambda c: c.name)
def test_a_check_says_who_it_is(check: Check) -> None:
    assert check.name.isidentifier() and check.name == check.name.lower()
    assert check.stage in ("core", "content", "deep")
    assert isinstance(check.order, int)
    assert translate(check.title, "zh_CN") != check.title, "what it looks for is said in Chinese too"
    assert check.task is None or check.task in {m.name for m in modalities}


@pytest.mark.parametrize("odd", ODD, ids=lambda name: name.replace(" ", "_"))
@pytest.mark.parametrize("check", ALL, ids=lambda c: c.name)
def test_odd_tables_do_no_harm(check: Check, odd: str) -> None:
    view = ODD[odd]()
    for one in ran(check, view):
        _sound(one, view)


@pytest.mark.parametrize("check", ALL, ids=lambda c: c.name)
def test_findings_are_sound_and_the_same_each_time(check: Check) -> None:
    view = dirty()
    first = ran(check, view)
    for one in first:
        _sound(one, view)
    second = ran(check, dirty())
    assert [one.finding for one in first] == [one.finding for one in second]
    assert [one.rows.tolist() for one in first] == [one.rows.tolist() for one in second]
    assert len({handle(one.finding) for one in first}) == len(first), "each finding has a name of its own"


def _sound(one: Found, view: TableView) -> None:
    said = one.finding
    assert said.severity in SEVERITIES
    assert len(one.rows) == len(set(one.rows.tolist())) and set(one.rows.tolist()) <= set(view.ids.tolist())
    assert said.count == len(one.rows) == said.params["count"]
    assert said.rows == tuple(one.rows[: len(said.rows)].tolist())
    for beside in (one.groups, one.suggested, one.scores):
        assert beside is None or len(beside) == len(one.rows)
    assert read_finding(json.loads(json.dumps(dataclasses.asdict(said)))) == said, "it survives being stored"
    for locale in ("en", "zh_CN"):
        assert "{" not in translate(said.message, locale, **dict.fromkeys(said.params, 1)), said.message
    for fix in said.fixes:
        assert fix.kind in KINDS
        assert "{" not in translate(fix.title, "zh_CN", **dict.fromkeys({**said.params, **fix.params}, 1))
        assert fix.kind != "dedupe" or one.groups is not None
        assert fix.kind != "relabel" or one.suggested is not None
        assert fix.kind not in ("drop", "dedupe", "relabel") or len(one.rows)


class Points:
    """Inputs that are no text: pairs of numbers. Not registered, so that no other test meets it."""

    name, title, size_unit = "points", "Points", "numbers"

    def read(self, frame: pd.DataFrame, schema: Schema) -> pd.Series:
        return frame["text"].map(lambda cell: tuple(float(x) for x in cell.split(";")))

    def key(self, value: tuple[float, ...]) -> str:
        return str(value)

    def sizes(self, inputs: pd.Series) -> pd.Series:
        return inputs.map(len)

    def validate(self, inputs: pd.Series) -> None:
        return None


def test_checks_of_every_modality_do_not_ask_for_text() -> None:
    view = table(
        text=["1;2", "1;2", "3;4"] * 30,
        label=["a", "b", "a"] * 30,
        region=["x"] * 90,
        part=["train", "test", "dev"] * 30,
    )
    view = TableView(view.frame, view.schema, Points())  # type: ignore[arg-type]
    found = {one.finding.code for check in ALL if check.task is None for one in ran(check, view)}
    assert found >= {"duplicates", "conflicting_labels", "split_overlap", "constant_column"}
