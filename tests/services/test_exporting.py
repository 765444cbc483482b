"""Files to take away: exact, safe in a spreadsheet, cleaned, and gone with their data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from engine.errors import NotFound
from engine.evaluation.spreadsheet import unguard
from engine.recipe import Split, Step
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Export, Workspace

Importer = Callable[..., DatasetVersion]
NASTY = [
    '=HYPERLINK("http://x",A1)',
    "\t=1+1",
    "＝cmd",
    "-1",
    "'=kept",
    "plain, with comma",
    'a "quote"',
    "two\nlines",
    "好吃！",
    "@you",
]


def written(ws: Workspace, version: DatasetVersion, form: Any, **options: Any) -> Export:
    job = ws.exports.start(version.id, form, **options)
    run_waiting(ws.scope)
    assert ws.jobs.get(job.id).state == "succeeded", ws.jobs.get(job.id).error
    return ws.exports.file(job.id)


@pytest.fixture
def nasty(imported: Importer) -> DatasetVersion:
    out = io.StringIO()
    csv.writer(out).writerows([["text", "label"], *[[text, str(i % 2)] for i, text in enumerate(NASTY * 3)]])
    return imported(content=out.getvalue().encode(), roles={"text": "input", "label": "label"})


def cells(export: Export, encoding: str = "utf-8") -> list[list[str]]:
    with export.path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


def test_the_exact_file_holds_every_cell_as_it_is(workspace: Workspace, nasty: DatasetVersion) -> None:
    found = written(workspace, nasty, "csv")
    assert cells(found) == [["text", "label"], *[[text, str(i % 2)] for i, text in enumerate(NASTY * 3)]]
    assert found.name == "reviews-v1.csv"


def test_parquet_is_exact_too(workspace: Workspace, nasty: DatasetVersion) -> None:
    found = written(workspace, nasty, "parquet")
    assert pd.read_parquet(found.path)["text"].tolist() == NASTY * 3


def test_no_cell_of_the_spreadsheet_file_runs(workspace: Workspace, nasty: DatasetVersion) -> None:
    found = written(workspace, nasty, "spreadsheet")
    assert found.path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = cells(found, "utf-8-sig")
    assert not any(cell[:1] in "=+-@\t\r＝＋－＠" for row in rows for cell in row if cell)
    assert [unguard(row[0]) for row in rows[1:]] == NASTY * 3


def test_cleaned_rows_are_what_a_model_would_read(workspace: Workspace, nasty: DatasetVersion) -> None:
    found = written(
        workspace, nasty, "csv", steps=[Step(name="whitespace"), Step(name="punctuation", enabled=False)]
    )
    texts = [row[0] for row in cells(found)[1:]]
    assert "two lines" in texts
    assert found.name == "reviews-v1-cleaned.csv"


def test_the_part_of_every_row(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=80)
    workspace.splits.start(version.id, Split())
    run_waiting(workspace.scope)
    found = written(workspace, version, "csv", parts=True)
    head, *rows = cells(found)
    assert head[-1] == "split"
    assert {row[-1] for row in rows} == {"train", "validation", "test"}


def test_it_goes_with_its_data(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=60)
    job = workspace.exports.start(version.id, "csv")
    run_waiting(workspace.scope)
    workspace.datasets.delete(version.dataset_id)
    with pytest.raises(NotFound):
        workspace.exports.file(job.id)


def test_no_other_job_is_an_export(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=60)
    job = workspace.datasets.start_profile(version.id)
    for wrong in (job.id, "job_nothing"):
        with pytest.raises(NotFound):
            workspace.exports.file(wrong)
