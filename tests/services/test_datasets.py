"""Datasets: nothing half-imported, the same file is the same version, and nothing of another owner."""

from __future__ import annotations

import errno
import io
import lzma
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from engine.data.errors import FileTooLarge, RaggedRows
from engine.data.readers import MAX_BYTES, ReadOptions
from engine.errors import BentuError, NotFound
from engine.recipe import Step
from engine.samples import SAMPLE_ROLES
from engine.services import uploads
from engine.services.datasets import DatasetInUse
from engine.services.importing import import_table
from engine.services.inline import run_waiting
from engine.storage import artifacts
from engine.storage.errors import DiskFull
from engine.storage.home import folder
from engine.storage.tables import dataset_version
from engine.workspace import DatasetVersion, Workspace
from tests.services.conftest import sample_bytes

Importer = Callable[..., DatasetVersion]


def test_same_file_twice_is_the_same_version(workspace: Workspace, imported: Importer) -> None:
    first = imported()
    second = imported(project=first.project_id, name="again")
    assert second.id == first.id
    assert len(workspace.datasets.list(first.project_id)) == 1


def test_other_roles_are_another_version_of_the_dataset(workspace: Workspace, imported: Importer) -> None:
    first = imported()
    second = imported(project=first.project_id, roles={**SAMPLE_ROLES, "region": "ignore"})
    assert second.dataset_id == first.dataset_id
    assert (first.number, second.number) == (1, 2)
    assert second.digest != first.digest


def test_a_bad_row_at_the_end_leaves_nothing_behind(workspace: Workspace, imported: Importer) -> None:
    project = workspace.projects.create("p").id
    with pytest.raises(RaggedRows):
        imported(project=project, content=sample_bytes(3000 // 2) + b"too,few\n")
    assert workspace.datasets.list(project) == []
    assert not list((folder("artifacts") / "sha256").glob("??/*"))


def test_a_cut_upload_leaves_no_file_and_no_row(workspace: Workspace) -> None:
    class Cut(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise ConnectionResetError("the tab was closed")
            return super().read(10)

    with pytest.raises(ConnectionResetError):
        workspace.datasets.stage(Cut(b"text,label\n" * 100), "cut.csv")
    assert not list(folder("uploads").iterdir())


def test_an_upload_over_the_limit_is_refused_before_it_fills_the_disk(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    with pytest.raises(FileTooLarge):
        workspace.datasets.stage(io.BytesIO(b"x" * (2 << 20)), "big.csv")
    assert not list(folder("uploads").iterdir())
    assert MAX_BYTES >= 200_000_000


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("hau.tsv.xz", lzma.compress(b"text\tlabel\nsannu\ta\n"), "ARCHIVE_REFUSED"),
        ("letter.pdf", b"%PDF-1.7\n", "DOCUMENT_REFUSED"),
        ("tool.csv", b"\x7fELF\x02\x01\x01" + bytes(9), "PROGRAM_REFUSED"),
        ("empty.csv", b"", "EMPTY_FILE"),
    ],
)
def test_what_no_choice_could_make_readable_is_refused_at_once_and_not_kept(
    workspace: Workspace, name: str, content: bytes, code: str
) -> None:
    with pytest.raises(BentuError) as caught:
        workspace.datasets.stage(content, name)
    assert caught.value.code == code
    assert not list(folder("uploads").iterdir())


def test_markup_is_kept_for_somebody_who_reads_it_as_text(workspace: Workspace) -> None:
    upload = workspace.datasets.stage(b"<html>one\n<p>two\n", "page.txt")
    assert workspace.datasets.preview(upload.id).problem is not None


def test_uploads_that_nobody_imports_are_removed_after_a_day(workspace: Workspace) -> None:
    upload = workspace.datasets.stage(b"text\nhello\n", "old.csv")
    uploads.sweep(time.time() + uploads.KEEP_SECONDS + 60)
    with pytest.raises(NotFound):
        workspace.datasets.upload(upload.id)


def test_what_a_killed_server_left_half_written_is_removed_and_what_still_comes_in_is_not(workspace: Workspace) -> None:  # fmt: skip
    coming, left = uploads.Incoming("a.csv", "local"), uploads.Incoming("b.csv", "local")
    hours_ago = time.time() - 2 * 3600
    for place in folder("uploads").iterdir():
        os.utime(place, (hours_ago, hours_ago))
        os.utime(place / "content", (hours_ago, hours_ago))
    coming.write(b"x" * 100_000)
    uploads.sweep()
    (kept,) = folder("uploads").iterdir()
    assert (kept / "content").stat().st_size > 0
    coming.abandon()
    left.abandon()
    assert not list(folder("uploads").iterdir())


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\x.csv", "CON", "a\0b.csv", "\\\\host\\share", "n" * 4000]
)
def test_a_file_name_is_display_data_only(workspace: Workspace, name: str, bentu_home: Path) -> None:
    upload = workspace.datasets.stage(b"text,label\nhi,a\n", name)
    path, known = uploads.find(upload.id)
    assert path.is_relative_to(bentu_home)
    assert known.name == name[:255]
    for wrong in ("upl_../../x", "../x", "", "upl_aaaa/../.."):
        with pytest.raises(NotFound):
            uploads.find(wrong)


def test_rows_come_in_pages_and_by_id(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=120)
    page, total = workspace.datasets.rows(version.id, offset=100, limit=50)
    assert (len(page), total) == (20, 120)
    assert list(page["row_id"]) == list(range(100, 120))
    page, total = workspace.datasets.rows(version.id, ids=[7, 3, 99])
    assert list(page["row_id"]) == [7, 3, 99]
    assert total == 3


def test_a_profile_is_stored_with_the_version(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    profile = workspace.datasets.profile(version.id)
    assert profile is not None
    assert profile.rows == 120
    assert {c.label for c in profile.classes} == {"0", "1"}


def test_a_dataset_with_runs_cannot_be_deleted(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    run = workspace.runs.submit(version.project_id, recipe)
    run_waiting(workspace.scope)
    with pytest.raises(DatasetInUse):
        workspace.datasets.delete(version.dataset_id)
    workspace.runs.delete(run.id)
    workspace.datasets.delete(version.dataset_id)
    assert workspace.datasets.list(version.project_id) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"text,label\n", "NO_ROWS"), (b"PK\x03\x04 not a table", None),
        (b'text,label\n"open,a\nb,c\n', "UNCLOSED_QUOTE"), (b"text,label\na\x00b,c\n", "NUL_BYTES"),
        (b"text,text\na,b\n", "DUPLICATE_COLUMNS"), (b"text,\na,b\n", "EMPTY_COLUMN_NAMES"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_a_sentence_and_a_remedy(
    workspace: Workspace, imported: Importer, content: bytes, code: str | None
) -> None:
    project = workspace.projects.create("p").id
    with pytest.raises(BentuError) as caught:
        imported(project=project, content=content, roles={"text": "input"})
    problem = caught.value
    assert code is None or problem.code == code
    assert problem.message
    assert problem.remedy
    assert workspace.datasets.list(project) == []


def test_labels_stay_text(workspace: Workspace, imported: Importer) -> None:
    labels = ["NA", "null", "None", "007", "1e999", "True"]
    content = "text,label\n" + "".join(f"text {i},{label}\n" for i, label in enumerate(labels * 4))
    version = imported(content=content.encode(), roles={"text": "input", "label": "label"})
    assert set(version.schema.classes) == set(labels)


def test_nothing_of_another_owner_is_found(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    run = workspace.runs.submit(version.project_id, recipe)
    run_waiting(workspace.scope)
    from engine.services.scope import Scope

    other = Workspace(Scope("somebody else", workspace.scope.engine))
    assert other.projects.list() == []
    for ask in (
        lambda: other.projects.get(version.project_id), lambda: other.projects.delete(version.project_id),
        lambda: other.projects.rename(version.project_id, "mine"), lambda: other.projects.rail(version.project_id),
        lambda: other.datasets.list(version.project_id), lambda: other.datasets.version(version.id),
        lambda: other.datasets.rows(version.id), lambda: other.datasets.profile(version.id),
        lambda: other.datasets.delete(version.dataset_id), lambda: other.datasets.start_profile(version.id),
        lambda: other.splits.current(version.id), lambda: other.splits.get(str(run.split_id or version.id)),
        lambda: other.recipes.draft(version.project_id), lambda: other.recipes.update(version.project_id, seed=1),
        lambda: other.runs.list(version.project_id), lambda: other.runs.get(run.id), lambda: other.runs.events(run.id),
        lambda: other.runs.stop(run.id), lambda: other.runs.delete(run.id), lambda: other.runs.log_tail(run.id),
        lambda: other.runs.submit(version.project_id, recipe), lambda: other.jobs.get(run.job_id),
        lambda: other.jobs.cancel(run.job_id), lambda: other.jobs.events(run.job_id),
        lambda: other.evaluations.get(run.id), lambda: other.evaluations.open_test(run.id, "x"),
        lambda: other.evaluations.export_predictions(run.id, "validation", False),
        lambda: other.evaluations.report(run.id, "validation", "html", "en"),
        lambda: other.datasets.start_import(version.project_id, "upl_a", "x", ReadOptions(), {}, "k"),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()


def test_what_was_computed_from_a_dataset_goes_with_it(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    steps = [Step(name="whitespace")]
    workspace.datasets.start_cleaning_preview(version.id, steps)
    run_waiting(workspace.scope)
    assert workspace.datasets.cleaning_preview(version.id, steps) is not None
    workspace.datasets.delete(version.dataset_id)
    assert workspace.datasets.cleaning_preview(version.id, steps) is None
    assert workspace.scope.cached("profile", version.id) is None
    assert workspace.scope.cached("facts", f"{version.id}:") is None


def test_a_lost_file_does_not_keep_its_project_alive(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    row = workspace.scope.row(dataset_version, version.id, "dataset version")
    artifacts.path(row.artifact).unlink()
    assert workspace.datasets.deletion(version.dataset_id).bytes == 0
    assert workspace.projects.deletion(version.project_id).bytes == 0
    workspace.projects.delete(version.project_id)
    assert workspace.projects.list() == []


def test_an_import_that_died_after_its_last_step_ends_well(workspace: Workspace) -> None:
    project = workspace.projects.create("p").id
    upload = workspace.datasets.stage(sample_bytes(50), "reviews.csv")
    job = workspace.datasets.start_import(project, upload.id, "r", ReadOptions(), SAMPLE_ROLES, upload.id)
    scope = workspace.scope
    spec = dict(job.spec)
    # all its work is done, its end is not written: the next attempt comes
    context = Dead(job.id)
    first = import_table(context, scope, project, spec)
    ended = run_waiting(scope)[0]
    assert ended.problem is None
    assert ended.result == first


class Dead:
    """The context of an attempt whose process ends before its job does."""

    attempt = 1
    folder = Path()

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id

    def report(self, kind: str, **payload: Any) -> None: ...
    def stop(self) -> str | None: ...
    def check(self) -> None: ...
    def fence(self, connection: Connection) -> None: ...


def test_a_full_disk_while_uploading_is_a_sentence(workspace: Workspace, bentu_home: Path) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        workspace.datasets.stage(Full(), "a.csv")
    assert list((bentu_home / "uploads").iterdir()) == []
