"""A project with three finished runs, made once, and looks at what the demo process is handed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import insert, select, update

from engine.data.readers import ReadOptions
from engine.services import publishing
from engine.services.inline import run_waiting
from engine.serving.publication import (
    BUNDLES,
    Publication,
    PublishedModel,
    read_publication,
    token_digest,
)
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.home import demo_home
from engine.storage.tables import demo, feedback, new_id, run
from engine.workspace import Demo, Workspace
from tests.conftest import Once

CSV = "text,label\n" + "".join(
    f"{'good' if i % 3 else 'bad'} food number {i},{'praise' if (i % 3 and i % 11) or i % 29 == 0 else 'complaint'}\n"
    for i in range(240)
)
"""Rows that a linear model mostly tells apart."""


@dataclass(frozen=True)
class Made:
    """A project with three finished runs: the majority class, and the linear SVM twice."""

    project: str
    version: str
    majority: str
    svm: str
    again: str


@pytest.fixture
def made(once: Once) -> Made:
    """A project with three finished runs that were compared on validation."""
    return cast(Made, once(_made))


def _made(ws: Workspace) -> Made:
    project = ws.projects.create("Reviews").id
    upload = ws.datasets.stage(CSV.encode(), "reviews.csv")
    roles = {"text": "input", "label": "label"}
    ws.datasets.start_import(project, upload.id, "reviews", ReadOptions(), roles, upload.id)
    run_waiting(ws.scope)
    families = ("majority", "tfidf_svm", "tfidf_svm")
    runs = [ws.runs.submit(project, ws.recipes.choose(project, name, "quick")) for name in families]
    run_waiting(ws.scope)
    assert [ws.runs.get(r.id).state for r in runs] == ["succeeded"] * 3
    for pair in ((0, 1), (1, 0), (1, 2)):
        ws.evaluations.start_comparison([runs[i].id for i in pair], "validation", "macro_f1")
    run_waiting(ws.scope)
    return Made(project, runs[0].version_id, *(r.id for r in runs))


def document(token: str) -> Publication | None:
    return read_publication(demo_home(), token_digest(token), publishing.signing_key().public)


def published(token: str) -> Publication:
    found = document(token)
    assert found is not None
    return found


def bundle_of(model: PublishedModel) -> Path:
    return demo_home() / BUNDLES / model.bundle


def lower_parity(ws: Workspace, run_id: str) -> None:
    with write(ws.scope.engine) as connection:
        parity = {"n": 240, "agreement": 0.99496, "max_difference": 0.2, "seconds": 1.0, "ok": False}
        connection.execute(update(run).where(run.c.id == run_id).values(parity=parity))


def row_of(ws: Workspace, demo_id: str) -> Any:
    with read(ws.scope.engine) as connection:
        return connection.execute(select(demo).where(demo.c.id == demo_id)).one()


def add_feedback(
    ws: Workspace, found: Demo, state: str = "pending", label: str | None = None, text: str = "x"
) -> None:
    values = {
        "id": new_id("fbk"), "owner": ws.scope.owner, "project_id": found.project_id, "demo_id": found.id, "key": new_id("k"),
        "model": 1, "inputs": {"text": text}, "answer": "praise", "confidence": 0.9, "right": False, "correction": "complaint",
        "comment": None, "visitor": "v", "locale": "en", "received": now(), "state": state, "label": label, "revision": 1,
        "updated": now(),
    }  # fmt: skip
    with write(ws.scope.engine) as connection:
        connection.execute(insert(feedback).values(**values))
