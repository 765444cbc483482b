"""Copies of train rows: how many, of which rows, always the same, never a validation text, never of another class."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BentuError
from engine.params import InvalidParameter
from engine.prepare.augmentations import (
    AugmentationUnavailable,
    AugmentationVersionUnknown,
    WrongTaskAugmentation,
)
from engine.prepare.augmenting import AT_ONCE, Augmenter
from engine.prepare.copies import MOST_COPIES, copies_of_rows, planned_counts
from engine.recipe import Augmentation, Recipe, RecipeUnreadable, Step, read_recipe, recipe_yaml
from engine.registry import UnknownName


def spec(*names: str, **values: object) -> Augmentation:
    return Augmentation(steps=tuple(Step(name=name) for name in names), **values)  # type: ignore[arg-type]


def rows(count: int) -> list[str]:
    return [f"row {i} says number {i * 7} and some other words here, to vary" for i in range(count)]


def labels(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts).astype(np.int64)


@pytest.mark.parametrize(
    ("counts", "factor", "balance", "wanted"),
    [
        ([100, 50], 1.0, 0.0, [200, 100]),
        ([100, 50], 0.5, 0.0, [150, 75]),
        ([100, 50], 0.0, 1.0, [100, 100]),
        ([100, 50], 0.0, 0.8, [100, 80]),
        ([100, 50], 1.0, 1.0, [200, 200]),
        ([100, 90], 0.0, 0.5, [100, 90]),
        ([1000, 3], 0.0, 1.0, [1000, 3 * (1 + MOST_COPIES)]),
        ([100, 0], 1.0, 1.0, [200, 0]),
        ([100, 50], 0.0, 0.0, [100, 50]),
        ([], 1.0, 1.0, []),
    ],
)  # fmt: skip
def test_how_many(counts, factor, balance, wanted):
    asked = spec("delete", factor=factor, balance=balance)
    assert planned_counts(counts, asked) == wanted
    codes = labels(*counts)
    copies = copies_of_rows(codes, np.arange(len(codes)), asked, 0)
    assert [int(copies[codes == c].sum()) + n for c, n in enumerate(counts)] == wanted
    for code in range(len(counts)):
        of_class = copies[codes == code]
        assert not len(of_class) or of_class.max() - of_class.min() <= 1, "spread evenly"


def test_without_a_step_that_is_on_there_are_no_copies():
    assert planned_counts([10, 5], Augmentation(factor=5, balance=1)) == [10, 5]
    off = Augmentation(steps=(Step(name="delete", enabled=False),), factor=5)
    assert not off.active
    assert Augmenter(off)(rows(5), labels(5), np.arange(5), 0).inputs == []


def test_copies_depend_on_seed_row_and_number_and_not_on_where_a_row_stands():
    texts, codes, ids = rows(60), labels(40, 20), np.arange(100, 160)
    augmenter = Augmenter(spec("delete", "swap", "marks", factor=1.5))
    first, again = augmenter(texts, codes, ids, 3), augmenter(texts, codes, ids, 3)
    assert first.inputs == again.inputs and (first.sources == again.sources).all()
    assert augmenter(texts, codes, ids, 4).inputs != first.inputs
    assert (
        Augmenter(spec("delete", "swap", "marks", factor=1.5, seed=1))(texts, codes, ids, 3).inputs
        != first.inputs
    )
    order = np.random.default_rng(0).permutation(60)
    moved = augmenter([texts[i] for i in order], codes[order], ids[order], 3)
    assert sorted(moved.inputs) == sorted(first.inputs)


def test_every_copy_is_new_and_belongs_to_its_row():
    texts, codes = rows(200), labels(150, 50)
    made = Augmenter(spec("delete", "marks", factor=2.0, balance=1.0))(texts, codes, np.arange(200), 0)
    assert made.asked == len(made.inputs) == 700
    for source, text in zip(made.sources, made.inputs, strict=True):
        assert text != texts[source]
        assert f"row {source} " in text or str(source) in text or "row" in text
    pairs = list(zip(made.sources.tolist(), made.inputs, strict=True))
    assert len(set(pairs)) == len(pairs), "no copy of a row twice"


def test_what_a_row_is_mixed_with_is_of_its_class():
    texts = [f"alpha{i} alpha beginning alpha ending{i}" for i in range(20)] + [
        f"omega{i} omega beginning omega ending{i}" for i in range(20)
    ]
    made = Augmenter(spec("snippets", factor=3.0))(texts, labels(20, 20), np.arange(40), 0)
    assert len(made.inputs) > 60
    for source, text in zip(made.sources, made.inputs, strict=True):
        assert ("omega" if source < 20 else "alpha") not in text


def test_a_copy_never_becomes_a_validation_text():
    texts, codes = ["a b"] * 30, labels(30)
    augmenter = Augmenter(spec("delete", factor=1.0))
    free = augmenter(texts, codes, np.arange(30), 0)
    assert set(free.inputs) == {"a", "b"}
    kept = augmenter(texts, codes, np.arange(30), 0, avoid={"a"})
    assert set(kept.inputs) == {"b"}
    none = augmenter(texts, codes, np.arange(30), 0, avoid={"a", "b"})
    assert none.inputs == [] and none.asked == 30


def test_empty_rows_get_no_copies():
    made = Augmenter(spec("insert", factor=2.0))(["", "  ", "one two"], labels(3), np.arange(3), 0)
    assert set(made.sources.tolist()) == {2}


def test_a_wish_to_stop_is_heard():
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Augmenter(spec("delete"))(rows(10), labels(10), np.arange(10), 0, check=stop)


def test_copies_that_were_made_before_a_crash_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, codes, ids, kept = rows(400), labels(200, 200), np.arange(400), tmp_path / "copies.jsonl"
    augmenter, varied = Augmenter(spec("delete", factor=1.0)), []
    whole = augmenter(texts, codes, ids, 0)
    vary = augmenter.vary

    def counted(values: list[str], *others: object) -> list[str]:
        varied.extend(values)
        return vary(values, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(augmenter, "vary", counted)
    assert augmenter(texts, codes, ids, 0, kept=kept).inputs == whole.inputs
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(lines[:2]) + lines[2][:40])
    varied.clear()
    again = augmenter(texts, codes, ids, 0, kept=kept)
    assert again.inputs == whole.inputs and (again.sources == whole.sources).all()
    assert set(varied) == set(texts[2 * AT_ONCE :])
    assert kept.read_text() == "".join(lines)


def test_ten_thousand_rows_take_seconds_and_time_grows_with_them():
    """Processor time, not the clock: the machine may be busy. A factor that is far from 1 would show quadratic work."""

    def seconds(count: int) -> float:
        texts, codes, ids = rows(count), labels(count // 2, count - count // 2), np.arange(count)
        started = time.process_time()
        made = Augmenter(spec("delete", "swap", "insert", "keyboard", "marks", factor=1.0))(
            texts, codes, ids, 0
        )
        assert len(made.inputs) == count
        return time.process_time() - started

    seconds(500)
    small, large = seconds(2_000), seconds(10_000)
    assert large < 20
    assert large < 5 * 2.5 * max(small, 0.05)


def test_memory_is_that_of_the_copies():
    texts, codes, ids = rows(4_000), labels(4_000), np.arange(4_000)
    augmenter = Augmenter(spec("delete", "marks", factor=1.0))
    tracemalloc.start()
    made = augmenter(texts, codes, ids, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * sum(len(text) + 60 for text in made.inputs)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Step(name="no_such"), UnknownName),
        (Step(name="delete", version=9), AugmentationVersionUnknown),
        (Step(name="delete", params={"share": 7}), InvalidParameter),
        (Step(name="delete", params={"shear": 0.1}), InvalidParameter),
        (Step(name="synonyms"), AugmentationUnavailable),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(step, error):
    with pytest.raises(error) as caught:
        Augmenter(Augmentation(steps=(step,)))
    assert isinstance(caught.value, BentuError) and caught.value.remedy


def test_augmentations_of_another_task_are_refused():
    with pytest.raises(WrongTaskAugmentation):
        Augmenter(spec("delete"), "image-classification")


BEFORE = """
format: 1
task: text-classification
data: ver_x
clean: []
split: {kind: stratified, train: 0.8, validation: 0.1, test: 0.1, column: null, mapping: {}, seed: 0}
family: {name: tfidf_svm, version: 1, params: {}}
dial: balanced
evaluation: {metric: macro_f1, resamples: 1000, confidence: 0.95}
seed: 0
"""


def test_a_recipe_from_before_is_read_and_has_no_augmentation():
    assert read_recipe(BEFORE).augment == Augmentation()


def test_a_recipe_comes_back_from_yaml_with_its_augmentation():
    recipe = read_recipe(BEFORE).model_copy(
        update={"augment": spec("delete", "marks", factor=0.5, balance=0.75, seed=4)}
    )
    assert read_recipe(recipe_yaml(recipe)) == recipe


@pytest.mark.parametrize(
    "values",
    [{"factor": 6}, {"factor": -1}, {"balance": 2}, {"seed": -1}, {"factor": float("nan")}, {"copies": 1}],
)
def test_amounts_out_of_bounds_are_refused_by_name(values):
    raw = {**read_recipe(BEFORE).model_dump(mode="json"), "augment": values}
    with pytest.raises(RecipeUnreadable) as caught:
        read_recipe(raw)
    assert next(iter(values)) in str(caught.value)
    assert isinstance(read_recipe(BEFORE), Recipe)
