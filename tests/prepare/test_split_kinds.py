"""Splits by slice, by a mapped column, in folds, and regrouped ones; which settings fit together."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from engine.errors import DataError, error_from_json
from engine.prepare.blocks import deal_folds, mend_parts
from engine.prepare.split import default_split
from engine.prepare.split_findings import half_width
from engine.recipe import Split
from tests.prepare.tables import REGIONS, ROLES, codes, finding, given, many, of, run, table


def test_by_slice_a_region_is_left_out_of_train_and_tested():
    rows = many(400, region=lambda i: REGIONS[i // 2 % 4])
    result = run(rows, Split(kind="slice", column="region", values=("west",)))
    assert {r["region"] for r in of(rows, result, "test")} == {"west"}
    assert result.counts == {"train": 267, "validation": 33, "test": 100, "excluded": 0}
    assert {r["region"] for r in of(rows, result, "validation")} == {"north", "south", "east"}
    named = run(rows, Split(kind="slice", column="region", values=("west",), validation_values=("east",)))
    assert {r["region"] for r in of(rows, named, "validation")} == {"east"}
    assert {r["region"] for r in of(rows, named, "train")} == {"north", "south"}


def test_rows_elsewhere_that_repeat_a_tested_one_are_left_out():
    rows = many(400, region=lambda i: REGIONS[i // 2 % 4])
    rows[0]["text"] = rows[2]["text"] = rows[6]["text"]
    result = run(rows, Split(kind="slice", column="region", values=("west",)))
    assert finding(result, "split_slice_repeats").rows == (0, 2)
    assert result.assignment[6] == "test"
    assert set(result.leaks.values()) == {0}


@pytest.mark.parametrize(
    "spec",
    [
        Split(kind="slice", column="region", values=("nowhere",)),
        Split(kind="slice", column="region", values=REGIONS),
        Split(kind="slice", column="region", values=("west",), validation_values=("nowhere",)),
        Split(kind="slice", column="no column", values=("west",)),
    ],
)
def test_a_slice_that_leaves_nothing_is_refused_in_words(spec):
    with pytest.raises(DataError) as caught:
        run(many(400, region=lambda i: REGIONS[i // 2 % 4]), spec)
    assert caught.value.code in ("NO_SLICE_ROWS", "NO_SLICE_COLUMN")
    assert "{" not in str(caught.value)
    assert str(error_from_json(caught.value.to_json())) == str(caught.value)


def test_a_mapping_says_what_the_values_of_a_column_mean():
    rows = given(训练=60, 测试=30, A=20, B=5)
    spec = Split(
        kind="given",
        column="part",
        mapping={"训练": "train", "测试": "test", "A": "validation", "B": "excluded"},
    )
    result = run(rows, spec)
    assert result.counts == {"train": 60, "validation": 20, "test": 30, "excluded": 5}
    assert finding(result, "split_value_left_out").params == {"count": 5, "value": "B"}


def test_folds_divide_what_is_not_test_and_the_test_part_is_as_without_them():
    rows = many(400)
    plain, folded = run(rows, Split()), run(rows, Split(folds=5))
    assert plain.folds is None
    assert folded.folds is not None
    test = folded.assignment == "test"
    assert test.equals(plain.assignment == "test")
    assert set(folded.folds[test]) == {-1}
    assert folded.folds[~test].value_counts().to_dict() == dict.fromkeys(range(5), 72)
    for fold in range(5):
        one = run(rows, Split(folds=5, fold=fold))
        assert one.folds is not None
        assert one.folds.equals(folded.folds)
        assert set(one.assignment.index[one.assignment == "validation"]) == set(
            one.folds.index[one.folds == fold]
        )
        assert one.class_counts["validation"] == {"a": 36, "b": 36}
    assert "split_off_share" not in codes(folded)


def test_the_only_text_of_a_class_is_in_every_fold_of_train():
    folded = run([*many(), {"text": "alone", "label": "rare"}], Split(folds=4))
    assert folded.folds is not None
    assert folded.folds[400] == -1
    assert folded.assignment[400] == "train"


def test_blocks_larger_than_a_fold_stay_whole():
    blocks = np.repeat(np.arange(40), np.r_[100, np.full(39, 5)])
    labels = np.arange(len(blocks)) % 2
    folds = deal_folds(labels, blocks, 5, 0, stratified=True)
    assert all(len(np.unique(folds[blocks == b])) == 1 for b in range(40))
    assert set(folds) == set(range(5))


def test_regrouping_a_given_split_moves_only_linked_rows_and_keeps_the_shares():
    rows = given(train=400, dev=100, test=100)
    for at in range(30):
        rows[500 + at]["text"], rows[500 + at]["label"] = rows[at]["text"], rows[at]["label"]
    honoured = run(rows, Split(kind="given", column="part"))
    mended = run(rows, Split(kind="given", column="part", regroup=True))
    assert honoured.leaks["test_in_train"] == 30
    assert set(mended.leaks.values()) == {0}
    moved = set(np.flatnonzero((honoured.assignment != mended.assignment).to_numpy()))
    assert moved <= {*range(30), *range(500, 530)}
    assert finding(mended, "split_regrouped").count == len(moved)
    assert mended.counts["test"] == pytest.approx(100, abs=2)
    again = run(rows, Split(kind="given", column="part", regroup=True))
    assert again.assignment.equals(mended.assignment)


def test_regrouping_what_leaks_nothing_moves_nothing():
    rows = given(train=40, dev=20, test=20)
    result = run(rows, Split(kind="given", column="part", regroup=True))
    assert "split_regrouped" not in codes(result)
    assert result.assignment.tolist() == ["train"] * 40 + ["validation"] * 20 + ["test"] * 20


def test_mending_keeps_whole_blocks_where_they_are():
    parts = np.array([0, 0, 1, 2, 2, 0])
    assert mend_parts(parts, np.array([0, 1, 0, 1, 0, 1]), np.arange(6), 0).tolist() == parts.tolist()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "slice"}, {"kind": "slice", "column": "region"}, {"folds": 1}, {"folds": 21}, {"kind": "time", "folds": 5}, {"fold": 1},
        {"folds": 3, "fold": 3}, {"regroup": True}, {"kind": "slice", "column": "a", "values": ("x",), "validation_values": ("x",)},
        {"test_name": ""}, {"kind": "given", "column": "a", "mapping": {"x": "exam"}},
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(wrong):
    with pytest.raises(ValidationError):
        Split(**wrong)


def test_a_spec_of_the_first_release_means_what_it_meant():
    old = {"kind": "given", "train": 0.8, "validation": 0.1, "test": 0.1, "column": "part", "seed": 0}
    assert Split.model_validate(old) == Split(kind="given", column="part")
    assert not Split.model_validate(old).near_duplicates
    assert Split.model_validate(old).test_name == "test 1"


def test_the_first_split_keeps_known_near_duplicates_together():
    _, schema = table(many(10), ROLES)
    assert default_split(schema, near_duplicates=True) == Split(near_duplicates=True)
    assert default_split(schema) == Split()


def test_the_width_of_an_interval():
    assert [round(half_width(n)) for n in (20, 100, 385)] == [13, 6, 3]
