"""A fix of a finding makes a version: what it says before, what it makes, and the way back."""

from __future__ import annotations

from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from engine.recipe import Split
from engine.services.inline import run_waiting
from engine.storage.database import write
from engine.storage.tables import result
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.pages.conftest import OpenPage, import_text, texts
from tests.pages.test_findings import key
from ui.state import VERSION

COPIES = "text,label,region\n" + "".join(
    f"text {i if i < 100 else i - 100} of them,{'p' if i % 2 else 'n'},{'North' if i % 9 else 'north'}\n"
    for i in range(120)
)
"""Twenty rows that repeat an earlier one with the same label."""


@pytest.fixture
def version(once: Once) -> DatasetVersion:
    return cast(DatasetVersion, once(_copies))


def _copies(ws: Workspace) -> DatasetVersion:
    return import_text(ws, ws.projects.create("mine").id, COPIES, text="input", label="label", region="slice")


def click_fix(at: AppTest, name: str) -> AppTest:
    return at.button(key=key(at, "button", name)).click().run()


@pytest.mark.parametrize(
    ("locale", "says", "made", "elsewhere"),
    [
        ("en-US", "20 rows go", "20 rows went", "The next steps work on"),
        ("zh-CN", "将删除20行", "删除了20行", "后续步骤使用的是"),
    ],
)
def test_copies_go_and_come_back(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, locale: str, says: str, made: str,
    elsewhere: str,
) -> None:  # fmt: skip
    workspace.recipes.update(version.project_id, data=version.id)  # as after an import on the page
    at = click_fix(open_page("data", locale=locale), "_duplicates_fix_0")
    assert not at.exception and says in texts(at)
    at.button(key="fix_go").click().run()
    assert not at.exception
    assert at.button(key=key(at, "button", "_duplicates_fix_0")).disabled, "one version at a time"
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    child = workspace.datasets.version(at.session_state[VERSION])
    assert (child.parent_id, child.rows) == (version.id, 100)
    assert made in texts(at)
    assert elsewhere in texts(at), "the next steps stay on the parent, and the page says so"
    assert "duplicates" not in {one.code for one in workspace.datasets.findings(child.id)}
    at.button(key="fix_undo").click().run()
    assert not at.exception and at.session_state[VERSION] == version.id
    assert "fix_undo" not in {b.key for b in at.button}


def test_rows_of_the_test_part_stay_unless_asked(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    undivided = workspace.findings.effect(version.id, "duplicates", "dedupe")
    assert undivided is not None and (undivided.rows, undivided.test, undivided.divided) == (20, 0, False)
    workspace.splits.start(version.id, Split(kind="random", train=0.5, validation=0.2, test=0.3))
    run_waiting(workspace.scope)
    at = click_fix(open_page("data"), "_duplicates_fix_0")
    assert not at.exception
    effect = workspace.findings.effect(version.id, "duplicates", "dedupe")
    assert effect is not None and effect.rows == 20 and 0 < effect.test < 20
    assert f"{effect.test} of these rows lie in the sealed test part" in texts(at)
    assert f"{20 - effect.test} rows go" in texts(at)
    at.button(key="fix_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    child = workspace.datasets.version(at.session_state[VERSION])
    assert child.rows == 100 + effect.test
    assert f"{effect.test} rows of the test part stayed" in texts(at)


def test_a_column_gets_another_role(open_page: OpenPage, workspace: Workspace) -> None:
    table = "text,label,who\n" + "".join(
        f"text {i} is here,{'p' if i % 2 else 'n'},u{i}\n" for i in range(60)
    )
    project = workspace.projects.create("roles").id
    version = import_text(workspace, project, table, text="input", label="label", who="group")
    at = click_fix(open_page("data"), "_id_like_column:who_fix_0")
    assert "All rows stay" in texts(at)
    at.button(key="fix_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    child = workspace.datasets.version(at.session_state[VERSION])
    assert child.parent_id == version.id
    assert child.schema.first("id") == "who" and child.schema.first("group") is None


def test_a_version_that_an_earlier_bentu_looked_at_is_looked_at_anew(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    with write(workspace.scope.engine) as connection:
        connection.execute(result.delete().where(result.c.kind == "found"))
    at = click_fix(open_page("data"), "_duplicates_fix_0")
    assert at.button(key="fix_go").disabled, "rows that are not known cannot be changed"
    at = open_page("data")
    at.button(key=f"anew_go_{version.id}").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert workspace.findings.known(version.id) and not at.exception
    assert f"anew_go_{version.id}" not in {b.key for b in at.button}


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_one_class_written_in_two_ways_becomes_one(
    open_page: OpenPage, workspace: Workspace, locale: str
) -> None:
    table = "text,label\n" + "".join(
        f"text {i} is here,{('Good', 'bad', 'Good', 'good')[i % 4]}\n" for i in range(80)
    )
    version = import_text(
        workspace, workspace.projects.create("names").id, table, text="input", label="label"
    )
    assert version.schema.classes == ("Good", "bad", "good")
    at = click_fix(open_page("data", locale=locale), "_similar_classes_fix_0")
    assert not at.exception and "20" in texts(at)
    at.button(key="fix_go").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    child = workspace.datasets.version(at.session_state[VERSION])
    assert (child.rows, child.schema.classes) == (80, ("Good", "bad"))
