"""Dividing: shares, duplicates and groups that stay together, given columns, and what is found, said and refused."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from engine.data.schema import make_schema
from engine.errors import DataError, error_from_json
from engine.prepare import split as module
from engine.prepare.split import EXCLUDED, PARTS, SEALED, assign_split, recount_split
from engine.recipe import Split
from tests.prepare.tables import codes, finding, given, many, table


def run(rows, spec=None, roles=None):
    frame, schema = table(rows, roles)
    return assign_split(frame, schema, spec or Split(), frame["text"])


GIVEN = Split(kind="given", column="part")


def beyond_width(result):
    """The findings but the note on how wide an interval is, which every small test part gets."""
    return [f for f in result.findings if f.code != "split_test_width"]


def test_constants():
    assert PARTS == ("train", "validation", "test")
    assert SEALED in PARTS
    assert EXCLUDED not in PARTS


@pytest.mark.parametrize("kind", ["stratified", "random"])
def test_a_drawn_split_has_its_shares_and_counts_that_add_up(kind):
    result = run(many(1000), Split(kind=kind, train=0.7, validation=0.2, test=0.1))
    assert result.counts == {"train": 700, "validation": 200, "test": 100, "excluded": 0}
    assert result.assignment.value_counts().to_dict() == {"train": 700, "validation": 200, "test": 100}
    assert result.assignment.index.tolist() == list(range(1000))
    assert {part: sum(by.values()) for part, by in result.class_counts.items()} == {
        p: result.counts[p] for p in PARTS
    }
    if kind == "stratified":
        assert result.class_counts["test"] == {"a": 50, "b": 50}
    assert not beyond_width(result)
    assert set(result.leaks.values()) == {0}


def test_it_is_deterministic_and_the_seed_matters():
    first, again, other = run(many()), run(many()), run(many(), Split(seed=1))
    assert first.assignment.equals(again.assignment)
    assert not first.assignment.equals(other.assignment)


def test_row_ids_are_kept_when_the_frame_is_a_part_of_the_file():
    frame, schema = table(many())
    frame = frame[frame["row_id"] % 3 == 0]
    result = assign_split(frame, schema, Split(), frame["text"])
    assert result.assignment.index.tolist() == frame["row_id"].tolist()


def test_rows_without_a_label_are_left_out_and_counted():
    rows = [*many(), {"text": "x", "label": ""}, {"text": "y", "label": "  "}]
    result = run(rows)
    assert result.counts["excluded"] == 2
    assert finding(result, "split_unlabelled").count == 2
    assert finding(result, "split_unlabelled").rows == (400, 401)
    assert result.assignment[400] == "excluded"


def test_labels_that_look_like_nothing_are_labels():
    rows = [{"text": f"t{i}", "label": ("NA", "null", "1e999")[i % 3]} for i in range(300)]
    result = run(rows)
    assert result.counts["excluded"] == 0
    assert set(result.class_counts["train"]) == {"NA", "null", "1e999"}


@pytest.mark.parametrize("kind", ["stratified", "random"])
def test_duplicates_and_groups_never_straddle(kind):
    rows = [
        {"text": f"t{i % 150}", "label": "ab"[i % 2], "group": f"g{i % 40}" if i % 3 else ""}
        for i in range(200)
    ]
    result = run(rows, Split(kind=kind))
    assert set(result.leaks) == {
        "test_in_train", "validation_in_train", "test_in_validation", "conflicting_labels",
        "group_test_in_train", "group_validation_in_train", "group_test_in_validation",
    }  # fmt: skip
    assert set(result.leaks.values()) == {0}


def test_the_split_by_group_keeps_groups_whole_and_classes_balanced():
    rows = many(1000, group=lambda i: f"shop {i // 10}")
    result = run(rows, Split(kind="group"))
    frame = pd.DataFrame(rows).assign(part=result.assignment.to_numpy())
    assert frame.groupby("group")["part"].nunique().max() == 1
    assert result.counts["test"] == pytest.approx(100, abs=20)


def test_one_block_of_linked_rows_is_named():
    result = run(many(400, group=lambda i: "one" if i < 350 else f"g{i}"))
    assert {"split_off_share", "split_one_block"} <= codes(result)
    assert finding(result, "split_one_block").count == 350


def test_a_class_with_one_example_goes_to_train_with_a_warning():
    for kind in ("stratified", "random"):
        for seed in range(10):
            result = run([*many(), {"text": "alone", "label": "rare"}], Split(kind=kind, seed=seed))
            assert result.assignment[400] == "train"
            single = finding(result, "split_single_example")
            assert (single.severity, single.rows, single.params["labels"]) == ("warning", (400,), ["“rare”"])


def test_a_class_that_the_test_part_lacks_is_named():
    result = run([*many(), {"text": "x", "label": "rare"}, {"text": "y", "label": "rare"}])
    assert finding(result, "split_class_not_in_test").params["labels"] == ["“rare”"]


def test_few_test_rows_no_test_and_no_validation_are_said():
    few = run(many(100))
    assert finding(few, "split_few_test").params == {
        "count": 10, "few": 20, "points": 19, "wanted": 385,
    }  # fmt: skip
    none = run(many(), Split(train=0.9, validation=0.1, test=0))
    assert none.counts["test"] == 0
    assert "split_no_test" in codes(none)
    tiny = run(many(2))
    assert tiny.counts["train"] == 2
    assert finding(tiny, "split_no_validation").severity == "error"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"text": "one", "label": "a"}], "TOO_FEW_ROWS"),
        ([{"text": "one", "label": "a"}, {"text": "two", "label": ""}], "TOO_FEW_ROWS"),
        ([{"text": f"t{i}", "label": "a"} for i in range(50)], "ONE_CLASS"),
        ([{"text": f"t{i}", "label": " "} for i in range(5)], "NO_LABELS"),
        ([{"text": f"t{i}"} for i in range(5)], "NO_LABEL_COLUMN"),
    ],
)
def test_data_that_cannot_teach_block_training(rows, code):
    for spec in (Split(), Split(kind="random"), Split(kind="given", column="text")):
        with pytest.raises(DataError) as caught:
            run(rows, spec)
        assert caught.value.code == code
        assert str(error_from_json(caught.value.to_json())) == str(caught.value)
        assert "{" not in str(caught.value)


def test_a_split_by_group_without_a_group_column_is_refused():
    with pytest.raises(module.NoGroupColumn):
        run(many(), Split(kind="group"))


def test_a_given_split_is_honoured_in_any_case_and_spelling():
    rows = given(**{"Train": 40, " TEST ": 20, "dev": 4, "VAL": 4, "valid": 4, "Validation": 4})
    result = run(rows, GIVEN)
    assert result.counts == {"train": 40, "validation": 16, "test": 20, "excluded": 0}
    assert not beyond_width(result)


def test_other_values_leave_the_row_out_and_are_said_one_by_one():
    result = run(given(train=40, dev=20, test=20, excluded=3, holdout=2) + given(**{"": 1}), GIVEN)
    assert result.counts["excluded"] == 6
    said = {f.params.get("value"): f.count for f in result.findings if f.code == "split_value_left_out"}
    assert said == {"excluded": 3, "holdout": 2, "": 1}


def test_very_many_other_values_are_said_together():
    rows = given(train=40, dev=20, test=20) + [
        {"text": str(i), "label": "a", "part": f"v{i}"} for i in range(500)
    ]
    said = [f for f in run(rows, GIVEN).findings if f.code == "split_value_left_out"]
    assert len(said) == 11
    assert (said[-1].count, said[-1].params["values"]) == (490, 490)


def test_a_missing_validation_part_is_carved_out_of_train():
    rows = given(train=200, test=30)
    for i in range(0, 100, 2):
        rows[i + 1] = {**rows[i + 1], "text": rows[i]["text"]}
    result = run(rows, GIVEN)
    assert result.counts == {"train": 180, "validation": 20, "test": 30, "excluded": 0}
    assert finding(result, "split_validation_carved").count == 20
    assert result.leaks["validation_in_train"] == 0
    assert result.assignment.equals(run(rows, GIVEN).assignment)


def test_a_missing_test_part_is_said_and_a_missing_train_part_refused():
    assert "split_no_test" in codes(run(given(train=40, dev=20), GIVEN))
    with pytest.raises(module.NoTrainRows) as caught:
        run(given(dev=40, test=20), GIVEN)
    assert "“dev”, “test”" in str(caught.value)
    with pytest.raises(module.NoSplitColumn):
        run(many(), GIVEN)
    rows = given(train=40, dev=20)
    with pytest.raises(module.OneClass):
        run([{**row, "label": "a" if row["part"] == "train" else row["label"]} for row in rows], GIVEN)


def test_leaks_of_a_given_split_are_counted_and_never_removed():
    def row(text, label, part, group=""):
        return {"text": text, "label": label, "part": part, "group": group}

    rows = [
        row("one", "a", "train", "g1"), row("one", "a", "test"), row("one", "b", "test"), row("two", "b", "train"),
        row("two", "b", "dev", "g1"), row("two", "a", "test", "g1"), row("three", "a", "dev"), row("three", "a", "test", "g2"),
        row("four", "a", "train"), row("four", "b", "excluded"), row("five", "a", "dev", "g3"), row("six", "b", "test", "g3"),
    ]  # fmt: skip
    result = run(rows, GIVEN)
    assert result.leaks == {
        "test_in_train": 3, "validation_in_train": 1, "test_in_validation": 2, "conflicting_labels": 2,
        "group_test_in_train": 1, "group_validation_in_train": 1, "group_test_in_validation": 2,
    }  # fmt: skip
    assert finding(result, "leak_test_in_train").rows == (1, 2, 5)
    assert finding(result, "leak_conflicting_labels").rows == (2, 5)
    assert result.counts == {"train": 3, "validation": 3, "test": 5, "excluded": 1}


def test_a_class_that_train_lacks_is_named():
    rows = [*given(train=40, dev=20, test=30), {"text": "new", "label": "c", "part": "test"}]
    assert finding(run(rows, GIVEN), "split_class_not_in_train").params["labels"] == ["“c”"]


def read(shared_data, name):
    with gzip.open(shared_data / "text" / name, "rb") as file:
        separator = "\t" if ".tsv" in name else ","
        return pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False).rename(
            columns={"label": "label_"}
        )


def test_the_hausa_tweets_leak_from_train_into_dev(shared_data):
    frame = read(shared_data, "afrisenti/hau.tsv.gz")
    schema = make_schema({"tweet": "input", "label_": "label"}, list(frame.columns))
    frame.insert(0, "row_id", range(len(frame)))
    result = assign_split(frame, schema, Split(kind="given", column="split"), frame["tweet"])
    assert result.counts == {"train": 14172, "validation": 2677, "test": 5303, "excluded": 0}
    assert result.leaks["validation_in_train"] == 215
    assert finding(result, "leak_validation_in_train").count == 215


def test_the_takeaway_reviews_leave_their_excluded_rows_out(shared_data):
    frame = read(shared_data, "zh-no-licence-stated/waimai_10k.csv.gz")
    schema = make_schema({"review": "input", "label_": "label"}, list(frame.columns))
    frame.insert(0, "row_id", range(len(frame)))
    result = assign_split(frame, schema, Split(kind="given", column="split"), frame["review"])
    assert result.counts == {"train": 9578, "validation": 1197, "test": 1198, "excluded": 14}
    assert finding(result, "split_value_left_out").params == {"count": 14, "value": "excluded"}
    own = assign_split(frame, schema, Split(), frame["review"])
    assert set(own.leaks.values()) == {0}
    assert own.counts["test"] == pytest.approx(1199, abs=5)


@pytest.mark.parametrize("spec", [Split(), Split(kind="random", train=0.5, validation=0.3, test=0.2), GIVEN])
def test_recounting_an_assignment_gives_what_drawing_it_gave(spec):
    rows = [*given(train=60, dev=20, test=20, other=5), {"text": "train 1", "label": "a", "part": "test"}]
    frame, schema = table([*rows, {"text": "none", "label": "", "part": "train"}])
    drawn = assign_split(frame, schema, spec, frame["text"])
    again = recount_split(frame, schema, frame["text"], drawn.assignment, drawn.findings)
    pd.testing.assert_series_equal(again.assignment, drawn.assignment)
    assert (again.counts, again.class_counts, again.leaks) == (drawn.counts, drawn.class_counts, drawn.leaks)
    assert codes(again) == codes(drawn) - {"split_off_share"}


def test_a_train_part_that_grew_is_not_off_its_share():
    frame, schema = table(many(400))
    drawn = assign_split(frame, schema, Split(), frame["text"])
    more, _ = table(many(900))
    parts = drawn.assignment.reindex(range(900), fill_value="train")
    grown = recount_split(more, schema, more["text"], parts, drawn.findings)
    assert grown.counts == {"train": 820, "validation": 40, "test": 40, "excluded": 0}
    assert not beyond_width(grown)
