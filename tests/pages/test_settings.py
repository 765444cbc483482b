"""Settings: language, appearance, worker, storage, versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.workspace import Workspace
from tests.pages.conftest import OpenPage, texts


@pytest.mark.parametrize(("locale", "title"), [("en-US", "Settings"), ("zh-CN", "设置")])
def test_settings_open_without_a_project(open_page: OpenPage, locale: str, title: str) -> None:
    at = open_page("settings", locale=locale)
    assert not at.exception
    assert at.title[0].value == title
    assert len(at.metric) == 7
    assert "streamlit" in list(at.dataframe[0].value["package"])


def test_the_language_is_chosen_here_and_put_into_the_link(open_page: OpenPage) -> None:
    at = open_page("settings")
    at.radio(key="settings_language").set_value("zh_CN").run()
    assert at.title[0].value == "设置"
    assert at.query_params["lang"] == "zh"
    at.radio(key="settings_language").set_value("en").run()
    assert at.title[0].value == "Settings"


def test_a_missing_worker_is_said_with_the_remedy(open_page: OpenPage) -> None:
    at = open_page("settings")
    assert "python -m engine worker" in at.error[0].value


def test_the_folder_is_named(open_page: OpenPage, bentu_home: Path) -> None:
    at = open_page("settings")
    assert bentu_home.name in texts(at)


def test_waiting_jobs_can_be_cancelled(open_page: OpenPage, workspace: Workspace) -> None:
    project = workspace.projects.add_sample("reviews_en")
    (job,) = workspace.jobs.active(project.id)
    at = open_page("settings")
    assert "Sample data" in texts(at)
    at.button(key=f"job_cancel_{job.id}").click().run()
    assert workspace.jobs.get(job.id).state == "cancelled"
    assert "No job is waiting or running." in texts(at)
