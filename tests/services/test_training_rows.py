"""Texts without a label reach a family only where they stand in no part that is held back."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd

from engine.data.schema import ROW_ID
from engine.jobs.context import JobContext
from engine.recipe import Part, Recipe, Step
from engine.services.prepared import Prepared
from engine.services.scope import Scope
from engine.services.training_rows import rows_to_train

ROWS = [
    ("good one", "train", 0),
    ("bad one", "train", 1),
    ("kept back", "validation", 0),
    ("sealed", "test", 1),
    ("free  text", None, -1),
    ("given to train", "train", -1),
    ("in validation", "validation", -1),
    ("in test", "test", -1),
    ("sealed", None, -1),
    ("kept back", "train", -1),
    ("labelled but left out", None, 1),
]


class Schema:
    task, classes = "text-classification", ("a", "b")


class Context:
    def report(self, kind: str, **payload: object) -> None: ...
    def check(self) -> None: ...


def test_unlabelled_texts_are_cleaned_and_none_is_held_back() -> None:
    texts, parts, labels = zip(*ROWS, strict=True)
    frame = pd.DataFrame({ROW_ID: range(len(ROWS)), "text": texts})
    data = Prepared(
        "split", Schema(), frame, pd.Series(parts, index=frame[ROW_ID]), np.array(labels), frame["text"]  # type: ignore[arg-type]
    )  # fmt: skip
    recipe = Recipe(data="d", family=Part(name="tfidf_svm"), clean=(Step(name="whitespace"),))
    rows = rows_to_train(cast(JobContext, Context()), cast(Scope, None), "p", recipe, data)
    assert list(rows.data.unlabelled_inputs) == ["free text", "given to train"]
    assert list(rows.data.train_inputs) == ["good one", "bad one"]
    assert list(rows.data.validation_inputs) == ["kept back"]
