"""Every core and content check, on one sound table of which it says nothing, and on the same table with its fault planted.

The deep checks, which learn, have theirs in `test_deep`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import cache

import pytest

from engine.data.checks import checks
from engine.data.table_view import TableView
from tests.data.checks.looking import ROLES, view

Cells = dict[str, list[str]]
ROWS = 300
SUBJECTS = [
    "soup",
    "rice",
    "street",
    "garden",
    "service",
    "room",
    "price",
    "driver",
    "window",
    "music",
    "phone",
    "battery",
    "screen",
    "carpet",
    "coffee",
]
WORDS = [
    "was",
    "is",
    "felt",
    "looked",
    "quite",
    "rather",
    "very",
    "never",
    "often",
    "good",
    "fine",
    "late",
    "early",
    "cold",
    "warm",
    "clean",
    "loud",
    "slow",
    "quick",
    "again",
]


def sound() -> Cells:
    dice = random.Random(7)
    return {
        "text": [" ".join(dice.choices(SUBJECTS + WORDS, k=13)) for _ in range(ROWS)],
        "label": [dice.choice(["praise", "complaint"]) for _ in range(ROWS)],
        "region": [dice.choice(["north", "south"]) for _ in range(ROWS)],
        "day": [f"2024-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}" for _ in range(ROWS)],
        "part": [dice.choice(["train", "train", "validation", "test"]) for _ in range(ROWS)],
        "who": [f"user {dice.randint(1, 60)}" for _ in range(ROWS)],
    }


def with_texts(*texts: str) -> Callable[[Cells], Cells]:
    """The table with these texts in its first rows."""
    return lambda cells: {**cells, "text": [*texts, *cells["text"][len(texts) :]]}


def with_cells(column: str, change: Callable[[int, Cells], str]) -> Callable[[Cells], Cells]:
    """The table with a column made anew from the number of the row and all cells."""
    return lambda cells: {**cells, column: [change(i, cells) for i in range(ROWS)]}


PLANTED: Mapping[str, Callable[[Cells], Cells]] = {
    "class_drift": with_cells("label", lambda i, c: "praise" if c["day"][i] < "2024-07" else "complaint"),
    "class_imbalance": with_cells("label", lambda i, c: "praise" if i % 60 else "complaint"),
    "conflicting_labels": lambda c: {**c, "text": ["the same", "the same", *c["text"][2:]], "label": ["praise", "complaint", *c["label"][2:]]},
    "constant_columns": with_cells("region", lambda i, c: "north"),
    "control_characters": with_texts("a\x00b is here"),
    "damaged_texts": with_texts("caf\ufffd au lait"),
    "direction_marks": with_texts("pay \u202eevil\u202c now"),
    "duplicates": with_texts("twice the same text", "twice the same text"),
    "empty_texts": with_texts("", "  "),
    "html_marks": with_texts(*["good <b>food</b> &amp; more<br/>"] * 9),
    "id_like_columns": with_cells("region", lambda i, c: f"place-{i}"),
    "invisible_characters": with_texts("a\u200bb good\u200b"),
    "label_leakage": with_cells("text", lambda i, c: f"{c['text'][i]} {c['label'][i]}"),
    "long_texts": with_texts("long words " * 3_000),
    "missing_values": with_cells("region", lambda i, c: "" if i % 2 else c["region"][i]),
    "mojibake": with_texts("cafÃ© très bon Ã©tÃ© dÃ©jÃ ", "锟斤拷锟斤拷很好"),
    "not_a_number": with_cells("region", lambda i, c: "NaN" if i == 5 else str(i % 3)),
    "obstacles": with_cells("label", lambda i, c: "praise"),
    "personal_data": with_texts("call me at 13812345678 please"),
    "short_texts": with_texts("!!!", "?"),
    "similar_classes": with_cells("label", lambda i, c: "Praise" if i % 9 == 0 else c["label"][i]),
    "similar_slices": with_cells("region", lambda i, c: "North" if i % 5 == 0 else c["region"][i]),
    "small_classes": with_cells("label", lambda i, c: "rare" if i < 4 else c["label"][i]),
    "small_slices": with_cells("region", lambda i, c: "islands" if i < 5 else c["region"][i]),
    "sorted_by_label": with_cells("label", lambda i, c: "praise" if i < ROWS // 2 else "complaint"),
    "split_overlap": lambda c: {**c, "text": ["in both parts"] * 2 + c["text"][2:], "part": ["train", "test", *c["part"][2:]]},
    "template_texts": with_texts(*["此用户没有填写评价"] * 6),
    "unlabelled_rows": with_cells("label", lambda i, c: "" if i < 7 else c["label"][i]),
    "unreadable_dates": with_cells("day", lambda i, c: "soon" if i < 7 else c["day"][i]),
    "web_addresses": with_texts(*["see https://a.example/x now"] * 9),
    "word_drift": with_cells("text", lambda i, c: c["text"][i] + (" lockdown masks vaccine" if c["day"][i] > "2024-06" else "")),
}  # fmt: skip


@cache
def clean() -> TableView:
    return view(ROLES, **sound())


EARLY = sorted(check.name for check in checks if check.stage != "deep")


def test_every_core_and_content_check_has_a_planted_fault() -> None:
    assert sorted(PLANTED) == EARLY


@pytest.mark.parametrize("name", EARLY)
def test_a_sound_table_raises_no_alarm(name: str) -> None:
    found = list(checks.get(name).run(clean()))
    assert [(one.finding.code, one.finding.params) for one in found] == []


@pytest.mark.parametrize("name", EARLY)
def test_its_fault_is_found(name: str) -> None:
    found = list(checks.get(name).run(view(ROLES, **PLANTED[name](sound()))))
    assert found
