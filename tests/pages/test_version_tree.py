"""The versions of a dataset on its page: the tree, what differs, going back, deleting, and dropping rows by a rule."""

from __future__ import annotations

from typing import cast

import pytest

from engine.data.edits import Drop
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.pages.conftest import SMALL, OpenPage, import_text, texts
from ui.state import VERSION


@pytest.fixture
def parent(once: Once) -> DatasetVersion:
    return cast(DatasetVersion, once(_small))


def _small(ws: Workspace) -> DatasetVersion:
    return import_text(ws, ws.projects.create("mine").id, SMALL)


@pytest.fixture
def child(workspace: Workspace, parent: DatasetVersion) -> DatasetVersion:
    job = workspace.datasets.start_edit(parent.id, [Drop(rows=(1, 2, 3))], note="*too* old")
    run_waiting(workspace.scope)
    result = workspace.jobs.get(job.id).result
    assert result is not None
    return workspace.datasets.version(result["version_id"])


@pytest.mark.parametrize(("locale", "dropped"), [("en-US", "3 rows dropped"), ("zh-CN", "丢弃3行")])
def test_the_tree_says_what_each_step_did_and_leads_back(
    open_page: OpenPage, workspace: Workspace, parent: DatasetVersion, child: DatasetVersion, locale: str, dropped: str
) -> None:  # fmt: skip
    at = open_page("data", locale=locale)
    at.session_state[VERSION] = child.id
    at.session_state[f"tree_{child.dataset_id}"] = True
    at.run()
    assert not at.exception
    said = texts(at)
    assert dropped in said
    assert r"“\*too\* old”" in said, "a note is text, not markup"
    at.button(key=f"tree_compare_{parent.id}").click().run()
    assert not at.exception
    at.button(key=f"tree_show_{parent.id}").click().run()
    assert not at.exception
    assert at.session_state[VERSION] == parent.id
    assert at.button(key=f"tree_delete_{child.id}")
    assert not [b for b in at.button if b.key == f"tree_delete_{parent.id}"], "a child stands on the parent"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_rules_are_offered_behind_a_fold(open_page: OpenPage, parent: DatasetVersion, locale: str) -> None:
    at = open_page("data", locale=locale)
    at.session_state[VERSION] = parent.id
    at.session_state[f"filters_{parent.id}"] = True
    at.run()
    assert not at.exception
    assert len(at.selectbox(key=f"filter_rule_{parent.id}").options) == 8
