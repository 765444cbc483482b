from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from engine.data.profile import Profile, profile_table
from engine.data.schema import ROW_ID, Finding, Schema, make_schema
from engine.modality import modalities

TEXT = modalities.get("text-classification")
ROLES = {"text": "input", "label": "label", "region": "slice", "day": "time", "part": "split", "who": "group"}


def profiled(
    roles: Mapping[str, str] = ROLES, ids: Sequence[int] | None = None, **columns: list[str]
) -> Profile:
    frame = pd.DataFrame(columns, dtype="str")
    schema = make_schema({c: r for c, r in roles.items() if c in columns}, list(columns))
    if ids is not None:
        frame.insert(0, ROW_ID, list(ids))
    return profile_table(frame, schema, TEXT)


def codes(profile: Profile) -> dict[str, tuple[int, ...]]:
    return {f.code: f.rows for f in profile.findings}


def test_core_figures() -> None:
    found = profiled(
        text=["good", "bad food", "good", " bad  food", "so so", "", "fine day"], label=["p", "n", "n", "n", "", "p", "p"],
        region=["north", "south", "north", "", "south", "south", " north "],
    )  # fmt: skip
    assert (found.rows, found.labelled, found.majority_share) == (7, 6, 0.5)
    assert [(c.label, c.count, c.size_median) for c in found.classes] == [("p", 3, 4.0), ("n", 3, 8.0)]
    assert (found.sizes.unit, found.sizes.p50, found.sizes.max) == ("characters", 5, 10)
    assert found.duplicates.model_dump() == {"groups": 2, "rows": 4, "extra": 2}
    assert found.conflicts.model_dump() == {"groups": 1, "rows": 2}
    assert [(c.name, c.role, c.missing, c.distinct) for c in found.columns] == [
        ("text", "input", 1, 5), ("label", "label", 1, 2), ("region", "slice", 1, 2),
    ]  # fmt: skip
    assert found.columns[2].top == (("north", 3), ("south", 3))
    assert codes(found) == {
        "unlabelled_rows": (4,), "small_classes": (0, 1, 2, 3, 5, 6), "empty_texts": (5,), "duplicates": (0, 2, 1, 3),
        "conflicting_labels": (0, 2), "missing_values": (3,), "small_slices": (0, 1, 2, 4, 5, 6),
    }  # fmt: skip
    assert found.task == TEXT.name and found.seconds > 0 and found.time is None and found.split == {}
    assert set(found.details) >= {"tokens", "scripts", "languages"}


def test_slices_against_labels() -> None:
    (found,) = profiled(
        text=["a", "b", "c", "d"], label=["p", "p", "n", ""], region=["x", "y", "x", "x"]
    ).slices
    assert (found.values, found.counts, found.labels) == (("x", "y"), (3, 1), ("p", "n"))
    assert found.table == ((1, 1), (1, 0)) and (found.other, found.missing) == (0, 0)
    many = [f"v{i}" for i in range(60)]
    (wide,) = profiled(text=many, label=["p"] * 60, region=many).slices
    assert len(wide.values) == 50 and wide.other == 10


def test_json_round_trip() -> None:
    found = profiled(
        text=["a b", "c", "d", "e"] * 3,
        label=["p", "n", "p", ""] * 3,
        day=["2024-05-01", "", "x", "2023-01-02"] * 3,
    )
    assert Profile.model_validate_json(found.model_dump_json()) == found
    assert Profile.model_validate(found.model_dump(mode="json")) == found


def test_time_coverage_reads_only_dates_that_begin_with_the_year() -> None:
    days = [
        "2024-05-01",
        "2024/5/3",
        "2023年12月31日",
        "2024-05-02T10:00:00Z",
        "03/04/2024",
        "soon",
        "",
        "2024.06.01",
    ]
    found = profiled(text=list("abcdefgh"), label=["p"] * 8, day=days)
    assert found.time is not None
    assert (found.time.first, found.time.last) == ("2023-12-31", "2024-06-01")
    assert (found.time.readable, found.time.unreadable) == (5, 2)
    assert found.time.unit == "week"
    assert {week: count for week, count in found.time.periods.items() if count} == {
        "2023-12-25": 1,
        "2024-04-29": 3,
        "2024-05-27": 1,
    }
    assert codes(found)["unreadable_dates"] == (4, 5)
    years = [f"{1900 + i}-01-01" for i in range(121)]
    long = profiled(text=years, label=["p"] * len(years), day=years).time
    assert long is not None and "1900" in long.periods and len(long.periods) == 121 and long.unit == "year"
    plain = profiled(text=["a", "b"], label=["p", "n"], day=["2023", "2024"]).time
    assert plain is not None and (plain.first, plain.last) == ("2023-01-01", "2024-01-01")
    none = profiled(text=["a"], label=["p"], day=["never"]).time
    assert none is not None and (none.first, none.last, none.readable) == (None, None, 0)


def test_values_of_a_given_split() -> None:
    found = profiled(text=list("abcd"), label=list("pnpn"), part=["train", "train", "dev", " excluded"])
    assert found.split == {"train": 2, "dev": 1, "excluded": 1}


def test_not_a_number_in_a_numeric_column_is_a_list_of_rows() -> None:
    numbers = ["1", "-2.5", "3e4"] * 10 + ["nan", "inf", "-Infinity", "NaN", ""]
    rows = len(numbers)
    found = profiled(text=[str(i) for i in range(rows)], label=["p", "n"] * 17 + ["p"], region=numbers)
    assert codes(found)["not_a_number"] == (30, 31, 32, 33)
    assert codes(found)["missing_values"] == (34,)
    names = profiled(text=list("abc"), label=list("pnp"), region=["nan", "Lagos", "Kano"])
    assert "not_a_number" not in codes(names)


def test_sorted_by_label() -> None:
    texts = [str(i) for i in range(100)]
    assert "sorted_by_label" in codes(profiled(text=texts, label=["n"] * 60 + ["p"] * 40))
    assert "sorted_by_label" in codes(profiled(text=texts, label=["n"] * 30 + [""] * 40 + ["p"] * 30))
    assert "sorted_by_label" not in codes(profiled(text=texts, label=["n", "p"] * 50))
    assert "sorted_by_label" not in codes(profiled(text=texts, label=["n"] * 100))
    assert "sorted_by_label" not in codes(profiled(text=texts[:20], label=["n"] * 10 + ["p"] * 10))


def test_duplicates_by_row_id() -> None:
    found = profiled(ids=[10, 20, 30, 40, 50], text=["a", "b", "a ", "", ""], label=["p", "n", "p", "p", "n"])
    assert codes(found) == {
        "small_classes": (10, 20, 30, 40, 50),
        "empty_texts": (40, 50),
        "duplicates": (10, 30),
    }
    assert found.conflicts.groups == 0


def test_duplicates_in_forms_that_look_alike() -> None:
    """Normal form and white space are folded, and a text without content repeats none."""
    texts = ["caf\u00e9", "cafe\u0301", "\u3000", " ", "a\u3000b", "a b", "a\nb", "a\u00a0 b", "ab"]
    found = profiled(text=texts, label=list("pn") * 4 + ["p"])
    assert found.duplicates.model_dump() == {"groups": 2, "rows": 6, "extra": 4}


@pytest.mark.parametrize(
    "columns", [{"text": ["only"]}, {"text": ["only"], "label": [""]}, {"text": ["a", "b"], "label": ["p", "p"]}, {"text": ["", ""], "label": ["p", "n"]}]
)  # fmt: skip
def test_what_cannot_be_trained_can_be_profiled(columns: dict[str, list[str]]) -> None:
    found = profiled(ROLES, None, **columns)
    assert found.rows == len(columns["text"])
    assert any(f.severity == "error" for f in found.findings) or columns["text"] == ["", ""]


def test_progress() -> None:
    seen: list[float] = []
    frame = pd.DataFrame({"text": ["a", "b"]}, dtype="str")
    profile_table(frame, make_schema({"text": "input"}, ["text"]), TEXT, seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0


class Counts:
    """A modality whose inputs are numbers: nothing in a profile needs them to be texts."""

    name, title, size_unit = "tabular-regression", "Numbers", "digits"

    def read(self, frame: pd.DataFrame, schema: Schema) -> pd.Series:
        return frame[schema.names("input")[0]].astype(int)

    def show(self, value: Any, limit: int = 200) -> str:
        return str(value)

    def key(self, value: Any) -> str:
        return str(value)

    def sizes(self, inputs: pd.Series) -> pd.Series:
        return inputs.astype(str).str.len()

    def validate(self, inputs: pd.Series) -> Sequence[Finding]:
        return []

    def describe(self, inputs: pd.Series) -> Mapping[str, Any]:
        return {"sum": int(inputs.sum())}


def test_another_modality() -> None:
    frame = pd.DataFrame({"n": ["1", "22", "01"], "label": ["a", "b", "a"]}, dtype="str")
    found = profile_table(
        frame, make_schema({"n": "input", "label": "label"}, ["n", "label"], Counts.name), Counts()
    )
    assert found.details == {"sum": 24} and found.duplicates.extra == 1 and found.sizes.max == 2
