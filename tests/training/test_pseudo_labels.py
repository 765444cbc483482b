"""Guessed labels between two trainings: which guesses count, that they join train alone, and that a killed run guesses once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.family import TrainingData
from engine.recipe import Part, PseudoLabels, Recipe
from engine.training import pseudo_labels
from engine.training.candidate import measure
from engine.training.pseudo_labels import sure, with_pseudo_labels
from tests.models.toys import Line, texts_of, toy_data

GUESS = PseudoLabels(enabled=True, threshold=0.8, most=0.25)


def recipe(guess: PseudoLabels = GUESS) -> Recipe:
    return Recipe(data="toy", family=Part(name="tfidf_svm", params={"min_df": 1}), pseudo_labels=guess)


def data() -> TrainingData:
    return replace(toy_data(), unlabelled_inputs=[*texts_of(80, seed=9)[0], "neither of them"])


def test_the_surest_guesses_of_each_class_count_up_to_its_share() -> None:
    first = np.array([0.95, 0.85, 0.99, 0.79, 0.1, 0.2, 0.95])
    said = np.column_stack([first, 1 - first])
    assert sure(said, np.array([8, 100]), GUESS).tolist() == [0, 2, 4, 5]
    assert sure(said, np.array([100, 0]), GUESS).tolist() == [0, 1, 2, 6]
    assert sure(said, np.array([8, 8]), replace_most(10)).tolist() == [0, 1, 2, 4, 5, 6]


def replace_most(most: float) -> PseudoLabels:
    return GUESS.model_copy(update={"most": most})


def test_sure_guesses_join_train_and_the_others_stay_without_a_label(line: Line) -> None:
    given = data()
    grown, stopped = with_pseudo_labels(recipe(), given, line.training)
    assert stopped is None
    rows = len(given.train_inputs)
    made = len(grown.train_inputs) - rows
    assert 0 < made <= 0.25 * rows
    assert list(grown.train_inputs[:rows]) == list(given.train_inputs)
    assert len(grown.train_labels) == rows + made
    assert sorted([*grown.train_inputs[rows:], *grown.unlabelled_inputs]) == sorted(given.unlabelled_inputs)
    truth = dict(zip(*texts_of(80, seed=9), strict=True))
    assert [truth[text] for text in grown.train_inputs[rows:]] == grown.train_labels[rows:].tolist()
    assert grown.validation_inputs == given.validation_inputs
    counts = np.bincount(grown.train_labels[rows:]).tolist()
    assert line.of("note")[0]["params"] == {
        "made": made, "all": 81, "classes": [f"“a” {counts[0]}", f"“b” {counts[1]}"],
    }  # fmt: skip


def test_nothing_happens_unasked_or_without_such_rows(line: Line) -> None:
    given = data()
    assert with_pseudo_labels(recipe(PseudoLabels()), given, line.training) == (given, None)
    assert with_pseudo_labels(recipe(), toy := toy_data(), line.training) == (toy, None)
    assert not line.events


def test_a_killed_run_guesses_once_and_other_settings_guess_anew(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        unkept, _ = with_pseudo_labels(recipe(), data(), line.training)
    grown, _ = with_pseudo_labels(recipe(), data(), line.training)
    assert list(unkept.train_inputs) == list(grown.train_inputs), "a full disk costs no guess"
    fits: list[Recipe] = []
    fit = pseudo_labels.fit_run
    monkeypatch.setattr(pseudo_labels, "fit_run", lambda r, d, t: fits.append(r) or fit(r, d, t))
    again, _ = with_pseudo_labels(recipe(), data(), line.training)
    assert not fits
    assert list(again.train_inputs) == list(grown.train_inputs)
    assert again.train_labels.tolist() == grown.train_labels.tolist()
    with_pseudo_labels(recipe(replace_most(0.5)), data(), line.training)
    assert len(fits) == 1


def test_who_stops_the_first_training_keeps_it(tmp_path: Path) -> None:
    line = Line(tmp_path, "keep")
    grown, stopped = with_pseudo_labels(recipe(), given := data(), line.training)
    assert stopped is not None
    assert grown is given
    assert stopped.predict_proba(["great taste"]).shape == (1, 2)
    assert not stopped.stopped_early, "it is whole, and not what was asked for"
    assert measure(recipe(), given, line.training, lambda _: None).stopped_early


def test_epochs_of_the_first_training_are_not_those_of_the_second(line: Line) -> None:
    report: Any = pseudo_labels._told_apart(line.training)
    report("batch", epoch=1)
    report("epoch", epoch=2, epochs=5, val_macro_f1=0.5)
    report("phase", name="Training")
    assert [kind for kind, _ in line.events] == ["log", "phase"]
    assert line.of("log")[0]["params"] == {"epoch": 2, "epochs": 5, "score": "0.5000"}
