"""What a link names: projects and runs that are gone are said to be, and a staged file survives a reload."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from engine.storage.home import folder
from engine.workspace import Workspace
from tests.pages.conftest import SMALL, OpenPage, Trained, texts
from tests.uploading import fields, upload
from ui.state import PROJECT, UPLOAD

PROJECT_GONE = "The project of that link is not here any more."
RUN_GONE = "The run of that link is not here any more"


def test_an_unknown_project_in_the_link_is_said_until_one_goes_elsewhere(
    open_page: OpenPage, workspace: Workspace
) -> None:
    mine = workspace.projects.create("mine")
    other = workspace.projects.create("other")
    at = open_page(project="prj_gone")
    assert PROJECT_GONE in texts(at)
    assert at.session_state[PROJECT] == other.id
    at.run()
    assert PROJECT_GONE in texts(at), "a rerun of the page still says it"
    at.selectbox(key="shell_project").set_value(mine.id).run()
    assert PROJECT_GONE not in texts(at)
    assert PROJECT_GONE not in texts(open_page(project=mine.id))


@pytest.mark.parametrize("page", ["train", "evaluate"])
def test_an_unknown_run_in_the_link_is_said(trained: Trained, open_page: OpenPage, page: str) -> None:
    at = open_page(page, project=trained.project, run="run_gone")
    assert not at.exception
    assert RUN_GONE in texts(at)
    assert RUN_GONE not in texts(open_page(page, project=trained.project, run=trained.majority))


def test_another_project_forgets_the_run_of_the_link(
    trained: Trained, open_page: OpenPage, workspace: Workspace
) -> None:
    other = workspace.projects.create("other")
    at = open_page("train", project=trained.project, run=trained.svm)
    at.selectbox(key="shell_project").set_value(other.id).run()
    assert "run" not in at.query_params
    assert RUN_GONE not in texts(at)


@pytest.mark.parametrize(("locale", "sample"), [("en-US", "Sample"), ("zh-CN", "示例")])
def test_a_new_home_begins_with_the_sample_of_the_readers_language(
    open_page: OpenPage, workspace: Workspace, locale: str, sample: str
) -> None:
    for name in ("reviews_en", "reviews_zh") if locale == "en-US" else ("reviews_zh", "reviews_en"):
        workspace.projects.add_sample(name)
    at = open_page(locale=locale)
    assert workspace.projects.get(at.session_state[PROJECT]).name.startswith(sample)
    mine = workspace.projects.create("mine")
    assert open_page(locale=locale).session_state[PROJECT] == mine.id, "own work comes first"


def test_a_reload_keeps_the_file_that_is_not_saved_yet(open_page: OpenPage, workspace: Workspace) -> None:
    project = workspace.projects.create("mine").id
    at: AppTest = open_page("data", project=project)
    upload(at, "a.csv", SMALL.encode())
    upload_id = at.session_state[UPLOAD].upload_id
    assert at.query_params["upload"] in (upload_id, [upload_id])
    at.selectbox(key=f"role_{upload_id}_0").set_value("group").run()
    at.text_input(key=f"import_name_{upload_id}").set_value("my own").run()
    again = open_page("data", project=project, upload=upload_id)
    assert not again.exception
    assert again.session_state[UPLOAD].upload_id == upload_id
    assert again.button(key="import_go")
    assert again.selectbox(key=f"role_{upload_id}_0").value == "group", "what was decided comes back with it"
    assert again.text_input(key=f"import_name_{upload_id}").value == "my own"
    again.selectbox(key=f"role_{upload_id}_0").set_value("input").run()
    assert at.run().selectbox(key=f"role_{upload_id}_0").value == "group", "another tab decides for itself"
    again.button(key="import_drop").click().run()
    assert "upload" not in again.query_params
    assert not list(folder("uploads").iterdir())


def test_a_link_to_a_file_that_was_removed_shows_the_way_in(
    open_page: OpenPage, workspace: Workspace
) -> None:
    workspace.projects.create("mine")
    at = open_page("data", upload="upl_gone")
    assert not at.exception
    assert fields(at)
