"""The two steps of a profile: figures with the import, the look inside in a job of its own; failing, killed, made anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.data.findings import handle
from engine.data.profile import FORMAT, profile_table
from engine.errors import NotFound
from engine.modality import modalities
from engine.services import contents, stored_versions
from engine.services.inline import run_waiting
from engine.services.scope import Scope
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]
CSV = ("text,label,region\n" + "".join(f"<b>good</b> food {i},{'ab'[i % 2]},{'xy'[i % 2]}\n" for i in range(60))).encode()  # fmt: skip
ROLES = {"text": "input", "label": "label", "region": "slice"}


@pytest.fixture
def version(imported: Importer) -> DatasetVersion:
    return imported(content=CSV, roles=ROLES)


def codes(workspace: Workspace, version: DatasetVersion) -> list[str]:
    return [finding.code for finding in workspace.datasets.findings(version.id)]


def test_an_import_brings_the_figures_and_a_job_the_rest(
    workspace: Workspace, version: DatasetVersion
) -> None:
    core = workspace.datasets.profile(version.id)
    assert core is not None and not core.complete
    assert (core.rows, len(core.classes), core.slices[0].values) == (60, 2, ("x", "y"))
    assert core.details == {} and core.wording is None and "html_marks" not in codes(workspace, version)

    job = workspace.contents.start(version.id)
    assert workspace.contents.start(version.id).id == job.id, "a double click is one job"
    assert workspace.contents.job(version.id) == job
    run_waiting(workspace.scope)
    whole = workspace.datasets.profile(version.id)
    assert whole is not None and whole.complete and whole.wording is not None and "languages" in whole.details
    assert codes(workspace, version).count("html_marks") == 1
    (marks,) = (one for one in whole.findings if one.code == "html_marks")
    rows = workspace.findings.rows(version.id, handle(marks))
    assert rows is not None and len(rows.rows) == 60


def test_both_steps_together_are_the_profile_of_the_command_line(
    workspace: Workspace, version: DatasetVersion
) -> None:
    workspace.contents.start(version.id)
    run_waiting(workspace.scope)
    stored = workspace.datasets.profile(version.id)
    frame, schema = stored_versions.load_table(workspace.scope, version.id)
    at_once = profile_table(frame, schema, modalities.get(schema.task))
    assert stored is not None
    assert stored.model_dump(exclude={"seconds"}) == at_once.model_dump(exclude={"seconds"})


def test_a_second_look_adds_nothing_twice(workspace: Workspace, version: DatasetVersion) -> None:
    for _ in range(2):
        workspace.contents.start(version.id)
        run_waiting(workspace.scope)
    assert codes(workspace, version).count("html_marks") == 1


def test_figures_taken_anew_are_followed_by_a_new_look(workspace: Workspace, version: DatasetVersion) -> None:
    workspace.contents.start(version.id)
    run_waiting(workspace.scope)
    workspace.datasets.start_profile(version.id)
    run_waiting(workspace.scope)
    again = workspace.datasets.profile(version.id)
    assert again is not None and not again.complete
    workspace.contents.start(version.id)
    run_waiting(workspace.scope)
    assert codes(workspace, version).count("html_marks") == 1


@pytest.mark.parametrize("stored", [None, {"format": FORMAT - 1, "findings": [], "rows": 60}])
def test_a_look_takes_the_figures_first_where_there_are_none_of_this_format(
    workspace: Workspace, version: DatasetVersion, stored: dict[str, Any] | None
) -> None:
    if stored is None:
        _forget_profile(workspace.scope)
    else:
        workspace.scope.cache("profile", version.id, stored)
    assert workspace.datasets.profile(version.id) is None
    workspace.contents.start(version.id)
    run_waiting(workspace.scope)
    whole = workspace.datasets.profile(version.id)
    assert whole is not None and whole.complete and whole.rows == 60 and whole.format == FORMAT


def test_a_look_that_fails_leaves_the_figures_and_can_be_tried_again(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(contents, "look_inside", _broken)
        job = workspace.contents.start(version.id)
        run_waiting(workspace.scope)
    ended = workspace.jobs.get(job.id)
    assert ended.state == "failed" and workspace.jobs.error(ended) is not None
    core = workspace.datasets.profile(version.id)
    assert core is not None and not core.complete and core.rows == 60
    assert workspace.contents.start(version.id).id != job.id
    run_waiting(workspace.scope)
    whole = workspace.datasets.profile(version.id)
    assert whole is not None and whole.complete


def test_a_look_killed_before_its_last_step_is_done_over(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of findings are stored, the profile is not: the next attempt stores both once."""
    real = Scope.cache

    def killed(self: Scope, kind: str, key: str, value: dict[str, Any]) -> None:
        if kind == "profile":
            raise KeyboardInterrupt
        real(self, kind, key, value)

    with monkeypatch.context() as patch:
        patch.setattr(Scope, "cache", killed)
        workspace.contents.start(version.id)
        with pytest.raises(KeyboardInterrupt):
            run_waiting(workspace.scope)
    core = workspace.datasets.profile(version.id)
    assert core is not None and not core.complete and "html_marks" not in codes(workspace, version)
    contents.look_inside_version(_Quiet(), workspace.scope, version.project_id, {"version": version.id})
    whole = workspace.datasets.profile(version.id)
    assert whole is not None and whole.complete and codes(workspace, version).count("html_marks") == 1


def test_a_stranger_finds_nothing_and_deleting_takes_all(
    workspace: Workspace, version: DatasetVersion
) -> None:
    stranger = contents.Contents(Scope("other", workspace.scope.engine))
    for ask in (stranger.job, stranger.start):
        with pytest.raises(NotFound):
            ask(version.id)
    workspace.contents.start(version.id)
    run_waiting(workspace.scope)
    workspace.datasets.delete(version.dataset_id)
    assert workspace.scope.cached("found", f"{version.id}:content") is None
    assert workspace.scope.cached("profile", version.id) is None


class _Quiet:
    """A context that nobody watches."""

    def report(self, kind: str, **payload: Any) -> None: ...

    def check(self) -> None: ...


def _broken(*args: Any) -> None:
    raise ZeroDivisionError


def _forget_profile(scope: Scope) -> None:
    from engine.storage.database import write
    from engine.storage.tables import result

    with write(scope.engine) as connection:
        connection.execute(result.delete().where(result.c.kind == "profile"))
