"""Corrections become a child version: the train part changes, every other cell stays as it was."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from engine.data.schema import ROW_ID, Schema, make_schema
from engine.errors import DataError
from engine.feedback.corrections import CHANGING, Correction, InputsDiffer, LabelUnknown, counted, make_child
from engine.modality import modalities
from engine.prepare.split import NoLabelColumn, assign_split
from engine.recipe import Split

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = modalities.get("text-classification")


def table(rows: Sequence[dict[str, str]], **roles: str) -> tuple[pd.DataFrame, Schema]:
    frame = pd.DataFrame(rows, dtype="str")
    schema = make_schema(roles or {"text": "input", "label": "label"}, list(frame.columns))
    classes = tuple(sorted(set(frame["label"].str.strip()) - {""})) if "label" in frame else ()
    frame.insert(0, ROW_ID, range(len(frame)))
    return frame, schema.model_copy(update={"classes": classes})


def parts_of(*names: str) -> pd.Series:
    return pd.Series(list(names), index=pd.Index(range(len(names)), name=ROW_ID), name="part", dtype="str")


def told(label: str, number: int = 0, **inputs: str) -> Correction:
    return Correction(f"fbk_{number}", inputs, label, START + timedelta(hours=number))


def say(text: str, label: str, number: int = 0) -> Correction:
    return told(label, number, text=text)


SMALL = [
    {"text": "good food", "label": "yes"}, {"text": "bad food", "label": "no"}, {"text": "bad  food", "label": "yes"},
    {"text": "chosen on", "label": "yes"}, {"text": "sealed", "label": "no"}, {"text": "without", "label": ""},
]  # fmt: skip
PARTS = parts_of("train", "train", "train", "validation", "test", "excluded")


def one(text: str, label: str) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    frame, schema = table(SMALL)
    (change,) = make_child(frame, schema, PARTS, [say(text, label)], TEXT).changes
    return change.outcome, change.rows, change.before


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("new text", "yes", ("added", (6,), ())), ("good food", "no", ("relabelled", (0,), ("yes",))),
        (" good   food", "yes", ("already", (), ())), ("bad food", "yes", ("relabelled", (1,), ("no",))),
        ("bad food", "no", ("relabelled", (2,), ("yes",))), ("chosen on", "no", ("validation", (), ())),
        ("chosen on", "yes", ("validation", (), ())), ("sealed", "yes", ("test", (), ())),
        ("without", "yes", ("added", (6,), ())), ("Good food", "no", ("added", (6,), ())),
        ("SEALED", "yes", ("test", (), ())), ("ｓｅａｌｅｄ", "no", ("test", (), ())), ("Chosen  ON", "no", ("validation", (), ())),
    ],
)  # fmt: skip
def test_one_correction(
    text: str, label: str, expected: tuple[str, tuple[int, ...], tuple[str, ...]]
) -> None:
    assert one(text, label) == expected


def test_of_two_about_one_text_the_later_decided_counts() -> None:
    frame, schema = table(SMALL)
    said = [say("new", "no", 5), say("new ", "yes", 1), say("new", "no", 2), say("good food", "no", 1), say("good food", "yes", 3)]  # fmt: skip
    child = make_child(frame, schema, PARTS, said, TEXT)
    assert [c.outcome for c in child.changes] == ["added", "overruled", "already", "overruled", "already"]
    assert child.table["label"].tolist()[-1] == "no"
    assert child.table["label"].tolist()[0] == "yes"
    assert counted(child.changes) == {"added": 1, "relabelled": 0, "already": 2, "test": 0, "validation": 0, "overruled": 2}  # fmt: skip


def test_a_text_of_train_that_also_stands_in_test_is_left_alone() -> None:
    rows = [{"text": "twice", "label": "yes"}, {"text": "twice", "label": "no"}, {"text": "x", "label": "no"}]
    frame, schema = table(rows)
    child = make_child(frame, schema, parts_of("train", "test", "train"), [say("twice", "no")], TEXT)
    assert [c.outcome for c in child.changes] == ["test"]
    pd.testing.assert_frame_equal(child.table, frame)


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize("seed", range(20))
def test_no_spelling_of_a_sealed_text_enters_train(seed: int) -> None:
    draw = random.Random(seed)
    words = ("Straße", "Rice", "ΣΟΦΟΣ", "soup", "ｶﾞ", "米饭", "ﬁne", "İst", "e\u0301té", "№ 5")
    texts = {" ".join(draw.choices(words, k=3)) for _ in range(30)}
    rows = [{"text": t, "label": draw.choice(("yes", "no"))} for t in sorted(texts)]
    frame, schema = table(rows)
    schema = schema.model_copy(update={"classes": ("no", "yes")})
    parts = parts_of(*(draw.choice(("train", "validation", "test")) for _ in rows))
    turns = (
        str.upper,
        str.lower,
        str.casefold,
        str.swapcase,
        wide,
        lambda t: unicodedata.normalize("NFKD", t),
    )
    said = [
        say(draw.choice(turns)(draw.choice(turns)(row["text"])), draw.choice(("yes", "no")), at)
        for at, row in enumerate(rows)
    ]
    child = make_child(frame, schema, parts, said, TEXT)

    def plain(text: str) -> str:
        return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())

    held_back = {plain(row["text"]) for row, part in zip(rows, parts, strict=True) if part != "train"}
    assert {plain(text) for text in child.table["text"][len(rows) :]}.isdisjoint(held_back)
    for change, correction in zip(child.changes, said, strict=True):
        if plain(correction.inputs["text"]) in held_back:
            assert change.outcome in ("test", "validation") and not change.rows
    pd.testing.assert_frame_equal(
        child.table[: len(rows)][(parts != "train").to_numpy()], frame[(parts != "train").to_numpy()]
    )


def test_new_rows_hold_what_was_said_and_nothing_else() -> None:
    rows = [
        {"title": "a", "city": "Kano", "text": "b", "label": "yes", "part": "Train", "day": "2026-01-01", "id": "7"},
        {"title": "c", "city": "Jos", "text": "d", "label": "no", "part": "test", "day": "2026-01-01", "id": "8"},
    ]  # fmt: skip
    roles = {"title": "input", "city": "slice", "text": "input", "label": "label", "part": "split", "day": "time", "id": "id"}  # fmt: skip
    frame, schema = table(rows, **roles)
    frame[ROW_ID] = [40, 12]
    parts = pd.Series(["train", "test"], index=pd.Index([40, 12], name=ROW_ID), name="part", dtype="str")
    child = make_child(frame, schema, parts, [told("no", text=" \u202eشكرا 🙂 ", title="谢谢")], TEXT)
    assert child.table.iloc[2].to_dict() == {
        ROW_ID: 41, "title": "谢谢", "city": "", "text": " \u202eشكرا 🙂 ", "label": "no", "part": "train", "day": "", "id": "",
    }  # fmt: skip
    assert child.assignment.to_dict() == {40: "train", 12: "test", 41: "train"}
    assert list(child.table.columns) == list(frame.columns)
    assert child.table.dtypes.to_dict() == frame.dtypes.to_dict()


def test_what_does_not_fit_is_refused() -> None:
    frame, schema = table(SMALL)
    for correction, error in (
        (say("x", "perhaps"), LabelUnknown), (say("x", ""), LabelUnknown), (told("yes", text="x", title="t"), InputsDiffer),
    ):  # fmt: skip
        with pytest.raises(error) as caught:
            make_child(frame, schema, PARTS, [correction], TEXT)
        assert isinstance(caught.value, DataError)
        assert caught.value.remedy
    unlabelled, without = table([{"text": "a"}], text="input")
    with pytest.raises(NoLabelColumn):
        make_child(unlabelled, without, parts_of("train"), [], TEXT)


def test_no_correction_changes_nothing() -> None:
    frame, schema = table(SMALL)
    child = make_child(frame, schema, PARTS, [], TEXT)
    pd.testing.assert_frame_equal(child.table, frame)
    pd.testing.assert_series_equal(child.assignment, PARTS)
    assert child.changes == ()


WORDS = ("rice", "soup", "late", "kind", "米饭", "慢", "à", "a\u0300", "🙂", " ", "\u202e")


def text_of(random: random.Random) -> str:
    return random.choice(("", " ")) + " ".join(random.choices(WORDS, k=random.randint(1, 2)))


@pytest.mark.parametrize("seed", range(40))
def test_only_the_train_part_changes_whatever_is_said(seed: int) -> None:
    draw = random.Random(seed)
    given = seed % 2 == 1
    rows = [
        {
            "text": text_of(draw), "title": text_of(draw) if seed % 3 else "", "label": draw.choice(["a", "b", "c", "", " a "]),
            "region": draw.choice(["north", "south", ""]), "part": draw.choice(["train", "TRAIN", "dev", "test", "other"]),
        }
        for _ in range(120)
    ]  # fmt: skip
    rows += [
        {"text": f"only {label}", "title": "", "label": label, "region": "", "part": "train"}
        for label in "abc"
    ]
    roles = {"text": "input", "title": "input", "label": "label", "region": "slice"}
    frame, schema = table(rows, **roles, **({"part": "split"} if given else {}))
    frame[ROW_ID] = draw.sample(range(1000), len(frame))
    spec = Split(kind="given", column="part") if given else Split(seed=seed)
    parent_keys = pd.Series([TEXT.key(v) for v in TEXT.read(frame, schema)])
    parts = assign_split(frame, schema, spec, parent_keys).assignment
    said = [
        told(draw.choice("abc"), n, text=draw.choice([text_of(draw), draw.choice(rows)["text"]]), title=draw.choice(rows)["title"])
        for n in draw.sample(range(60), 50)
    ]  # fmt: skip

    child = make_child(frame, schema, parts, said, TEXT)

    ids = child.table[ROW_ID]
    assert ids.is_unique
    assert child.assignment.index.is_unique
    assert set(ids) == set(child.assignment.index)
    assert ids.tolist()[: len(frame)] == frame[ROW_ID].tolist()
    assert (ids[len(frame) :] > frame[ROW_ID].max()).all()
    pd.testing.assert_series_equal(child.assignment.iloc[: len(parts)], parts)
    assert set(child.assignment.iloc[len(parts) :]) <= {"train"}
    kept = child.table.iloc[: len(frame)]
    in_train = parts.reindex(frame[ROW_ID]).to_numpy() == "train"
    pd.testing.assert_frame_equal(kept[~in_train], frame[~in_train])
    cells = [c for c in frame.columns if c != "label"]
    pd.testing.assert_frame_equal(kept[cells], frame[cells])

    keys = pd.Series([TEXT.key(v) for v in TEXT.read(child.table, schema)])
    by_part = {
        p: set(keys[child.assignment.reindex(ids).to_numpy() == p]) for p in ("train", "validation", "test")
    }
    before = {p: set(parent_keys[parts.reindex(frame[ROW_ID]).to_numpy() == p]) for p in by_part}
    for a, b in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert by_part[a] & by_part[b] == before[a] & before[b], "no text enters a second part"
        if not given:
            assert not by_part[a] & by_part[b]

    assert [c.correction for c in child.changes] == [c.id for c in said]
    wanted = {}
    for correction in sorted(said, key=lambda c: c.decided):
        wanted[TEXT.key(TEXT.read(pd.DataFrame([correction.inputs]), schema)[0])] = correction.label
    held_back = by_part["validation"] | by_part["test"]
    for key, label in wanted.items():
        found = child.table["label"].str.strip()[
            (keys == key).to_numpy() & (child.assignment.reindex(ids) == "train").to_numpy()
        ]
        assert key in held_back or set(found) == {label}, "the later decision stands in train"
    touched = [row for change in child.changes for row in change.rows]
    assert len(touched) == len(set(touched))
    differs = kept["label"].to_numpy() != frame["label"].to_numpy()
    assert set(touched) == set(kept[ROW_ID][differs]) | set(ids[len(frame) :])
    for change in child.changes:
        assert bool(change.rows) == (change.outcome in CHANGING)
        assert len(change.before) == (len(change.rows) if change.outcome == "relabelled" else 0)


def test_another_modality_brings_its_own_key() -> None:
    class Numbers:
        """Inputs are the same if they are the same number."""

        def read(self, frame: pd.DataFrame, schema: Schema) -> pd.Series:
            return frame["text"].map(float)

        def key(self, value: float) -> str:
            return f"{value:g}"

    frame, schema = table(
        [{"text": "1.0", "label": "a"}, {"text": "2", "label": "b"}, {"text": "3", "label": "b"}]
    )
    child = make_child(frame, schema, parts_of("train", "train", "test"), [say("1", "b"), say("3.00", "a"), say("4", "a")], Numbers())  # type: ignore[arg-type]  # fmt: skip
    assert [c.outcome for c in child.changes] == ["relabelled", "test", "added"]
