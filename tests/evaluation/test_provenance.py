"""How rows were divided, in words of both languages."""

from __future__ import annotations

import pytest

from engine.evaluation.provenance import split_words
from engine.recipe import Split


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (Split(), "balanced by class: train 80 %, validation 10 %, test 10 %, seed 0"),
        (
            Split(kind="time"),
            "by time: the oldest 80 % train, the next 10 % validation, the newest 10 % test",
        ),
        (
            Split(kind="slice", column="region", values=("north", "<b>")),
            "by the column “region”: tested on “north”, “<b>”, which train does not have, seed 0",
        ),
        (
            Split(kind="given", column="part", regroup=True, near_duplicates=True),
            "as the column “part” of the data says; nearly equal texts kept together; linked rows moved into one part",
        ),
        (
            Split(folds=5, fold=2, test_name="spring"),
            "balanced by class: train 80 %, validation 10 %, test 10 %, seed 0; fold 3 of 5 for validation; tested on the test set “spring”, drawn later",
        ),
    ],
)
def test_a_division_in_words(split, said):
    assert split_words(split.model_dump(mode="json"), "en") == said
    chinese = split_words(split.model_dump(mode="json"), "zh_CN")
    assert chinese != said
    assert "{" not in chinese


def test_a_division_of_the_first_release_and_one_that_nobody_knows():
    old = {"kind": "given", "train": 0.8, "validation": 0.1, "test": 0.1, "column": "part", "seed": 0}
    assert split_words(old, "en") == "as the column “part” of the data says"
    assert split_words({"kind": "new"}, "en") == '{"kind": "new"}'
