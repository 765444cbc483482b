"""Texts without a label reach a family only where they stand in no part that is held back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from engine.data.schema import ROW_ID
from engine.errors import NotFound
from engine.jobs.context import JobContext
from engine.recipe import Part, Recipe, Split, Step
from engine.services import general_texts
from engine.services.inline import run_waiting
from engine.services.prepared import Prepared
from engine.services.scope import Scope
from engine.services.training_rows import rows_to_train
from engine.workspace import DatasetVersion, Workspace

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


def test_general_texts_come_from_another_version_and_none_is_held_back_here_or_there(
    workspace: Workspace, imported: Callable[..., DatasetVersion]
) -> None:
    rows = "text,part,label\nof  the world,train,a\nno part,,\nSealed,test,b\nkept back,train,b\nchosen by,validation,b\n"
    roles = {"text": "input", "part": "split", "label": "label"}
    version = imported(content=rows.encode(), roles=roles, name="world")
    job = workspace.splits.start(version.id, Split(kind="given", column="part"))
    run_waiting(workspace.scope)
    assert workspace.jobs.get(job.id).problem is None
    recipe = Recipe(
        data="d",
        family=Part(name="foundation", params={"general": version.id}),
        clean=(Step(name="whitespace"),),
    )
    general_texts.require(workspace.scope, recipe)
    assert general_texts.load(workspace.scope, recipe, {"kept back"}) == ["of the world", "no part"]
    with pytest.raises(NotFound):
        general_texts.require(replace(workspace.scope, owner="somebody else"), recipe)
