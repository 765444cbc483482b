from __future__ import annotations

import pandas as pd
import pytest

from engine.data.roles import suggest_roles
from engine.data.schema import make_schema

CASES = [
    (("split", "label", "review"), ("split", "label", "input")),
    (("split", "cat", "label", "review"), ("split", "slice", "label", "input")),
    (("split", "category", "headline", "text", "url"), ("split", "label", "input", "input", "ignore")),
    (("split", "label", "tweet"), ("split", "label", "input")),
    (("text", "label", "region", "domain", "date"), ("input", "label", "slice", "slice", "time")),
    (("编号", "评论", "标签", "地区", "领域", "日期"), ("id", "input", "label", "slice", "slice", "time")),
    (("评论内容", "情感类别", "所在城市"), ("input", "label", "slice")),
    (("ID", "Review Text", "Sentiment", "User ID", "created_at"), ("id", "input", "label", "group", "time")),
    (("language", "source", "Body", "Class"), ("slice", "slice", "input", "label")),
    (("划分", "内容", "类别"), ("split", "input", "label")),
    (("date", "time", "text"), ("time", "ignore", "input")),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "roles"), CASES, ids=lambda v: ",".join(v))
def test_roles_from_names(columns: tuple[str, ...], roles: tuple[str, ...]) -> None:
    rows = pd.DataFrame([["x"] * len(columns)], columns=list(columns), dtype="str")
    found = suggest_roles(rows, columns)
    assert tuple(found[c] for c in columns) == roles
    make_schema(found, columns)


def test_roles_from_values() -> None:
    rows = pd.DataFrame(
        {"a": ["1", "0"], "b": ["a longer text with words", "and another one, long too"]}, dtype="str"
    )
    assert suggest_roles(rows, ("a", "b")) == {"a": "label", "b": "input"}
    long = pd.DataFrame({"a": ["x" * 90], "b": ["y" * 100]}, dtype="str")
    assert suggest_roles(long, ("a", "b")) == {"a": "ignore", "b": "input"}
    assert suggest_roles(pd.DataFrame({"q": pd.Series(dtype="str")}), ("q",)) == {"q": "input"}
    assert suggest_roles(pd.DataFrame(), ()) == {}


def test_the_only_column_is_the_input_whatever_its_name() -> None:
    assert suggest_roles(pd.DataFrame({"label": ["x"]}, dtype="str"), ("label",)) == {"label": "input"}
