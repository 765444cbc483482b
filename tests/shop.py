"""A project with a trained and served model, whose visitors correct it: made once, copied for each test."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from sqlalchemy import insert, select, update

from engine.data.readers import ReadOptions
from engine.data.schema import ROW_ID
from engine.services import splits
from engine.services.inline import run_waiting
from engine.services.stored_versions import load_table
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.tables import demo, feedback, model_version, new_id
from engine.workspace import DatasetVersion, Job, Run, VersionChanges, Workspace
from tests.conftest import Once

ROWS = "text,label,region\n" + "".join(
    f"{'good' if i % 2 else 'bad'} food number {i},{'praise' if i % 2 else 'complaint'},{'north' if i % 3 else 'south'}\n"
    for i in range(100)
)
ROLES = {"text": "input", "label": "label", "region": "slice"}


class Shop:
    """A project with a trained, served model, and visitors who correct it."""

    def __init__(self, workspace: Workspace, version: DatasetVersion, run: Run, demo_id: str) -> None:
        self.ws, self.version, self.project = workspace, version, version.project_id
        self.run, self.demo = run, demo_id

    @classmethod
    def open(cls, workspace: Workspace, version: DatasetVersion, **recipe: Any) -> Shop:
        """Train on a version and serve the run."""
        workspace.recipes.update(version.project_id, data=version.id)
        draft = workspace.recipes.choose(version.project_id, "tfidf_svm", "quick").model_copy(update=recipe)
        run = finished(workspace, workspace.runs.submit(version.project_id, draft, name="SVM"))
        return cls(workspace, version, run, serve(workspace, run))

    def serve(self, run: Run, title: str = "Reviews") -> str:
        """One more demo that answers with this run; its id."""
        return serve(self.ws, run, title)

    def finished(self, run: Run) -> Run:
        """The run after it has been done."""
        return finished(self.ws, run)

    def accept(self, text: str, label: str, *, demo_id: str | None = None, **inputs: str) -> str:
        """Feedback that the owner has accepted with this label; its id."""
        item = new_id("fbk")
        with write(self.ws.scope.engine) as connection:
            connection.execute(
                insert(feedback).values(
                    id=item, owner=self.ws.scope.owner, project_id=self.project, demo_id=demo_id or self.demo, key=new_id("key"),
                    model=1, inputs=inputs or {"text": text}, answer="praise", confidence=0.7, right=False, correction=label,
                    comment=None, visitor="v", locale="en", received=now(), state="accepted", label=label, revision=1, updated=now(),
                )
            )  # fmt: skip
        return item

    def change(self, item: str, **values: Any) -> None:
        """Decide anew on feedback."""
        with write(self.ws.scope.engine) as connection:
            connection.execute(
                update(feedback)
                .where(feedback.c.id == item)
                .values(revision=feedback.c.revision + 1, updated=now(), **values)
            )

    def text_in(self, part: str, place: int = 0, version: DatasetVersion | None = None) -> str:
        """A text that stands in a part."""
        version = version or self.version
        view = self.ws.splits.current(version.id)
        assert view is not None
        parts = splits.assignment(self.ws.scope, view.id)
        frame, _ = load_table(self.ws.scope, version.id)
        return str(frame.set_index(ROW_ID)["text"][parts.index[parts == part][place]])

    def preview(self, version: DatasetVersion | None = None, demo_id: str | None = None) -> VersionChanges:
        version = version or self.version
        ended(self.ws, self.ws.corrections.start_preview(version.id, demo_id))
        found = self.ws.corrections.preview(version.id, demo_id)
        assert found is not None
        return found

    def make(self, version: DatasetVersion | None = None) -> DatasetVersion:
        version = version or self.version
        job = ended(self.ws, self.ws.corrections.start(version.id, self.preview(version).key))
        assert job.result
        return self.ws.datasets.version(job.result["version_id"])

    def rows(self, version: DatasetVersion) -> pd.DataFrame:
        return load_table(self.ws.scope, version.id)[0].set_index(ROW_ID)

    def marked(self) -> dict[str, str | None]:
        with read(self.ws.scope.engine) as connection:
            return {r.id: r.dataset_version_id for r in connection.execute(select(feedback))}


def ended(ws: Workspace, job: Job) -> Job:
    run_waiting(ws.scope)
    job = ws.jobs.get(job.id)
    if job.problem:
        raise job.problem
    assert job.state == "succeeded"
    return job


def serve(workspace: Workspace, run: Run, title: str = "Reviews") -> str:
    """A demo that answers with this run; its id."""
    demo_id, version_id, common = (
        new_id("dem"),
        new_id("mdl"),
        {"owner": workspace.scope.owner, "created": now()},
    )
    with write(workspace.scope.engine) as connection:
        connection.execute(
            insert(demo).values(
                id=demo_id, project_id=run.project_id, title=title, description="", consent="", examples=[], languages=["en"],
                state="on", token_digest=new_id("tok"), serial=1, version_id=version_id, visits=0, answers=0, updated=now(), **common,
            )
        )  # fmt: skip
        connection.execute(
            insert(model_version).values(
                id=version_id, demo_id=demo_id, run_id=run.id, number=1, bundle="0" * 64, manifest="0" * 64, parity={}, **common
            )
        )  # fmt: skip
    return demo_id


def finished(workspace: Workspace, run: Run) -> Run:
    """The run after all waiting work has been done."""
    run_waiting(workspace.scope)
    run = workspace.runs.get(run.id)
    assert run.state == "succeeded", run.error
    return run


def import_rows(
    workspace: Workspace, project_id: str, rows: str, roles: dict[str, str], name: str = "reviews"
) -> DatasetVersion:
    """A version of a table given as CSV text."""
    upload = workspace.datasets.stage(rows.encode(), f"{name}.csv")
    job = workspace.datasets.start_import(project_id, upload.id, name, ReadOptions(), roles, upload.id)
    result = ended(workspace, job).result
    assert result
    return workspace.datasets.version(result["version_id"])


@pytest.fixture
def shop(once: Once, workspace: Workspace) -> Shop:
    """Such a project over the imported `ROWS`."""
    version, run, demo = once(_opened)
    return Shop(workspace, workspace.datasets.version(version), workspace.runs.get(run), demo)


def _opened(workspace: Workspace) -> tuple[str, str, str]:
    version = import_rows(workspace, workspace.projects.create("Reviews").id, ROWS, ROLES)
    shop = Shop.open(workspace, version)
    return version.id, shop.run.id, shop.demo
