"""Guessing hidden tokens: what is hidden, that it is learnt, and what a stop in the middle does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.family import Discarded, families
from engine.models.features.tokens import SPECIAL, Tokens
from engine.models.hiding import Marks, hide
from engine.models.language import GUESSED
from tests.models.toys import Line, eagerly, texts_of, toy_data

SETTINGS = {
    "epochs": 2, "batch_size": 16, "vocabulary": 500, "embedding_size": 16, "heads": 2, "depth": 1, "pretraining": 4,
}  # fmt: skip
MARKS = Marks(SPECIAL.index("[MASK]"), np.arange(len(SPECIAL), 1000, dtype=np.int32))


def test_the_right_shares_are_hidden_and_marks_and_padding_never() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(5, 1000, (400, 64)).astype(np.int32)
    tokens[:, 47], tokens[:, 48:] = SPECIAL.index("[SEP]"), 0
    shown, places, hidden = hide(tokens, MARKS, rng)
    assert np.array_equal(hidden, tokens.reshape(-1)[places])
    assert hidden.min() >= len(SPECIAL)
    assert len(places) / (400 * 47) == pytest.approx(GUESSED, abs=0.01)
    seen = shown.reshape(-1)[places]
    assert (seen == MARKS.hider).mean() == pytest.approx(0.8, abs=0.03)
    assert (seen == hidden).mean() == pytest.approx(0.1, abs=0.03)
    strange = seen[(seen != MARKS.hider) & (seen != hidden)]
    assert strange.min() >= len(SPECIAL)
    untouched = np.ones(tokens.size, dtype=bool)
    untouched[places] = False
    assert np.array_equal(shown.reshape(-1)[untouched], tokens.reshape(-1)[untouched])


def test_a_batch_of_one_word_hides_it_and_one_of_none_hides_nothing() -> None:
    one = np.array([[0, 0], [7, 0]], dtype=np.int32)
    for seed in range(20):
        _, places, hidden = hide(one, MARKS, np.random.default_rng(seed))
        assert places.tolist() == [2]
        assert hidden.tolist() == [7]
    none = np.array([[2, 1, 3, 0]], dtype=np.int32)
    shown, places, _ = hide(none, MARKS, np.random.default_rng(0))
    assert not len(places)
    assert np.array_equal(shown, none)


def test_the_marks_of_a_vocabulary_are_its_own() -> None:
    tokenizer = Tokens.fit(texts_of(50, seed=1)[0], "pieces", 200, 32).tokenizer
    marks = Marks.of(tokenizer)
    assert marks.hider == MARKS.hider
    assert marks.words.tolist() == list(range(len(SPECIAL), tokenizer.get_vocab_size()))


def fit(line: Line, **settings: Any) -> Any:
    family = families.get("transformer")
    data = replace(toy_data(200, seed=7), unlabelled_inputs=texts_of(100, seed=9)[0])
    return family.fit(data, family.Params(**SETTINGS | settings), line.training)


@pytest.mark.slow
def test_hidden_pieces_are_guessed_better_and_texts_without_a_label_give_words(line: Line) -> None:
    fit(line, pretraining=20, learning_rate=0.01)
    losses = [
        float(str(log["params"]["loss"]))  # type: ignore[index]
        for log in line.of("log")
        if str(log["message"]).startswith("Pretraining, epoch")
    ]
    read = next(log for log in line.of("log") if str(log["message"]).startswith("Pretraining reads"))
    assert read["params"] == {"texts": "300", "unlabelled": "100"}
    assert len(losses) == 20
    begun, *steps = line.of("pretraining")
    assert (begun["epoch"], begun["epochs"], begun["step"]) == (1, 20, 0), "before the first step is compiled"
    whole = [f"{one['loss']:.3f}" for one in steps if one["step"] == one["steps"]]
    assert whole == [f"{loss:.3f}" for loss in losses]
    assert all(0 <= float(str(one["right"])) <= 1 and one["memory_bytes"] for one in steps)
    assert losses[-1] < 0.7 * losses[0]
    assert [phase["name"] for phase in line.of("phase")][:3] == [
        "Learning a vocabulary", "Pretraining on the texts", "Training",
    ]  # fmt: skip


@pytest.mark.slow
@eagerly()
def test_giving_up_in_pretraining_ends_it_and_keeping_learns_one_epoch_of_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Discarded):
        fit(Line(tmp_path / "a", "discard", after=3))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    line = Line(tmp_path / "b", "keep", after=3)
    assert fit(line, epochs=5, batch_size=128).stopped_early
    lost = [log for log in line.of("log") if log["message"] == "A checkpoint was not written: {problem}"]
    assert len(lost) == 2, "one of pretraining and one of the classes: a full disk ends neither"
    assert len(line.of("epoch")) == 1
    assert any("Pretraining was stopped" in str(note["message"]) for note in line.of("note"))
