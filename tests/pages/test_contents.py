"""The data page while the look inside goes on, once it is done, when it failed, was killed or cancelled; in both languages."""

from __future__ import annotations

from typing import cast

import pytest
from sqlalchemy import update

from engine.data.readers import ReadOptions
from engine.jobs.errors import JobPoisoned
from engine.services import contents
from engine.services.inline import run_waiting
from engine.storage.database import write
from engine.storage.tables import job as jobs
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.pages.conftest import SMALL, OpenPage, texts

SAYS = {
    "en-US": ("The figures are complete. Languages, wording and what stands in the texts follow", "did not get to its end", "Words that most texts hold"),
    "zh-CN": ("数字已经齐全。语言、用词和文本内容", "没有做完", "最多文本含有的词"),
}  # fmt: skip


@pytest.fixture
def version(once: Once) -> DatasetVersion:
    """Imported, with its figures only."""
    return cast(DatasetVersion, once(_figures))


def _figures(workspace: Workspace) -> DatasetVersion:
    project = workspace.projects.create("Reviews").id
    upload = workspace.datasets.stage(SMALL.encode(), "small.csv")
    roles = {"text": "input", "label": "label", "region": "slice"}
    job = workspace.datasets.start_import(project, upload.id, "small", ReadOptions(), roles, upload.id)
    run_waiting(workspace.scope)
    done = workspace.jobs.get(job.id).result
    assert done is not None
    return workspace.datasets.version(done["version_id"])


@pytest.mark.parametrize("locale", SAYS)
def test_figures_first_and_the_rest_by_itself(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, locale: str
) -> None:
    follows, _, words = SAYS[locale]
    at = open_page("data", locale=locale)
    assert not at.exception and {m.value for m in at.metric} >= {"60", "2"}
    assert follows in texts(at) and words not in texts(at) and at.progress
    assert "Nothing to complain about" not in texts(at), "before anybody looked"
    job = workspace.contents.job(version.id)
    at.run()
    open_page("data", locale=locale)
    assert workspace.contents.job(version.id) == job, "neither a rerun nor another tab begins a second one"
    assert workspace.findings.deep_job(version.id) is None, "the deep checks wait for it"
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception and words in texts(at) and follows not in texts(at)
    assert workspace.findings.deep_job(version.id) is not None


@pytest.mark.parametrize("locale", SAYS)
def test_one_that_failed_says_so_and_is_tried_again(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch, locale: str,
) -> None:  # fmt: skip
    follows, missing, words = SAYS[locale]
    open_page("data", locale=locale)
    with monkeypatch.context() as patch:
        patch.setattr(contents, "look_inside", lambda *args: 1 / 0)
        run_waiting(workspace.scope)
    at = open_page("data", locale=locale)
    assert at.error and missing in texts(at) and {m.value for m in at.metric} >= {"60", "2"}
    at.button(key=f"contents_go_{version.id}").click().run()
    assert follows in texts(at)
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception and words in texts(at)


@pytest.mark.parametrize("locale", SAYS)
def test_one_whose_process_died_says_so(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, locale: str
) -> None:
    job = workspace.contents.start(version.id)
    died = JobPoisoned(attempts=3, detail="SIGKILL").to_json()
    with write(workspace.scope.engine) as connection:
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(state="failed", error=died))
    at = open_page("data", locale=locale)
    assert at.error and "SIGKILL" in texts(at) and SAYS[locale][1] in texts(at)
    assert workspace.contents.job(version.id).id == job.id, "it is not tried again and again"  # type: ignore[union-attr]


def test_one_that_was_cancelled_waits_for_a_click(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    open_page("data")
    job = workspace.contents.job(version.id)
    assert job is not None
    workspace.jobs.cancel(job.id)
    at = open_page("data")
    assert SAYS["en-US"][1] in texts(at)
    at.button(key=f"contents_go_{version.id}").click().run()
    assert workspace.contents.job(version.id).id != job.id  # type: ignore[union-attr]
