"""What a demo keeps alive, what goes with it, and that nothing of another owner is found."""

from __future__ import annotations

import inspect

import pytest
from sqlalchemy import select

from engine.errors import BentuError, NotFound
from engine.i18n import render_error
from engine.services.demos import Demos
from engine.services.runs import RunServes
from engine.services.scope import Scope
from engine.serving.publication import (
    BUNDLES,
)
from engine.storage.database import read
from engine.storage.home import demo_home
from engine.storage.tables import demo, feedback, model_version, promotion
from engine.workspace import Workspace
from tests.services.sharing import Made, add_feedback, bundle_of, document, published, row_of


def test_a_run_that_serves_stays(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.majority, title="Tasting")
    found = workspace.demos.promote(found.id, made.svm, found.serial)
    for run_id in (made.majority, made.svm):
        with pytest.raises(RunServes) as caught:
            workspace.runs.delete(run_id)
        assert "Tasting" in render_error(caught.value, "zh_CN")[0]
    found = workspace.demos.promote(found.id, made.again, found.serial)
    for run_id in (made.majority, made.svm, made.again):  # two steps back lead to the first
        with pytest.raises(RunServes):
            workspace.runs.delete(run_id)
    found = workspace.demos.back(found.id, found.serial)
    workspace.runs.delete(made.again)
    found = workspace.demos.back(found.id, found.serial)
    assert found.current is not None and found.former is None
    assert workspace.demos.gate(found.id, made.svm).current.id == made.majority, "the next gate has both runs"
    workspace.runs.delete(made.svm)
    assert [v.number for v in workspace.demos.versions(found.id)] == [3, 2, 1], "the history keeps its names"
    workspace.demos.revoke(found.id)
    workspace.runs.delete(made.majority)


def test_a_dataset_behind_a_demo_stays(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.svm, title="a")
    workspace.demos.revoke(found.id)
    for run_id in (made.majority, made.svm, made.again):
        workspace.runs.delete(run_id)
    dataset_id = workspace.datasets.version(made.version).dataset_id
    with pytest.raises(BentuError) as caught:
        workspace.datasets.delete(dataset_id)
    assert caught.value.code == "DATASET_PUBLISHED"
    workspace.demos.delete(found.id)
    workspace.datasets.delete(dataset_id)


def test_deleting_a_demo_takes_all_of_it_and_nothing_else(made: Made, workspace: Workspace) -> None:
    from engine.storage import inbox_writer
    from engine.storage.inbox import read_entries

    kept, its_token = workspace.demos.publish(made.svm, title="kept")
    found, token = workspace.demos.publish(made.majority, title="gone")
    alone = bundle_of(published(token).model)
    for each in (kept, found):
        add_feedback(workspace, each)
    inbox = inbox_writer.Inbox(demo_home())
    for each in (kept, found):
        inbox.append("tally", each.id, "k", {"visits": 1, "answers": 0})
    inbox.close()
    assert workspace.demos.get(found.id).waiting == 1
    workspace.demos.delete(found.id)
    with pytest.raises(NotFound):
        workspace.demos.get(found.id)
    assert document(token) is None
    assert not alone.exists()
    assert {e.demo for e in read_entries(demo_home() / "inbox.db", 0, 10)} == {kept.id}
    with read(workspace.scope.engine) as connection:
        for table in (model_version, promotion, feedback):
            assert set(connection.scalars(select(table.c.demo_id))) == {kept.id}
    assert bundle_of(published(its_token).model).is_dir()
    assert workspace.runs.get(made.majority).state == "succeeded"


def test_deleting_a_project_says_and_takes_its_demos(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    workspace.demos.publish(made.majority, title="b")
    add_feedback(workspace, found)
    gone = workspace.projects.deletion(made.project)
    assert (gone.demos, gone.feedback) == (2, 1)
    workspace.projects.delete(made.project)
    assert document(token) is None
    assert not list((demo_home() / BUNDLES).iterdir())
    with read(workspace.scope.engine) as connection:
        assert not connection.execute(select(demo.c.id)).all()


def test_nothing_of_another_owner_is_found_by_any_method(made: Made, workspace: Workspace) -> None:
    """Threat T16, over every method: one that is added without an owner fails here."""
    found, token = workspace.demos.publish(made.majority, title="a")
    before = (row_of(workspace, found.id), document(token))
    stranger = Demos(Scope("stranger", workspace.scope.engine))
    values = {
        "demo_id": found.id, "run_id": made.svm, "project_id": made.project, "serial": found.serial, "title": "b", "on": False,
    }  # fmt: skip
    tried = 0
    for name, method in inspect.getmembers(stranger, inspect.ismethod):
        parameters = inspect.signature(method).parameters
        if name.startswith("_") or not {"demo_id", "run_id", "project_id"} & set(parameters):
            continue
        given = {p: values[p] for p in parameters if p in values}
        if name == "edit":
            given["title"] = "b"
        with pytest.raises(NotFound):
            method(**given)
        tried += 1
    assert tried == 16
    assert (row_of(workspace, found.id), document(token)) == before
    theirs = workspace.scope.engine
    with pytest.raises(NotFound):
        Demos(Scope("stranger", theirs)).gate(found.id, made.svm)
