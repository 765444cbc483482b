"""Files to take away: exact, safe in a spreadsheet, cleaned, and gone with their data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.data.errors import DuplicateColumns
from engine.data.readers import ReadOptions, preview_file, read_table, read_with_notes
from engine.data.spreadsheet import guard, unguard
from engine.errors import NotFound
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


def test_a_spreadsheet_file_that_comes_back_is_named_as_one_and_read_exactly_if_one_asks(
    workspace: Workspace, nasty: DatasetVersion
) -> None:
    found = written(workspace, nasty, "spreadsheet")
    exact = read_table(written(workspace, nasty, "csv").path, "a.csv")
    told, notes = read_with_notes(found.path, found.name)
    guarded = sum(guard(text) != text for text in NASTY * 3)
    assert guarded > 0
    assert [(n.code, n.count) for n in notes] == [("apostrophes", guarded)]
    assert told["text"].tolist() == [guard(text) for text in exact["text"]], "nothing is changed silently"
    back, notes = read_with_notes(found.path, found.name, ReadOptions(unguard=True))
    assert [(n.code, n.count) for n in notes] == [("apostrophes_taken_off", guarded)]
    assert back["text"].tolist() == exact["text"].tolist() == NASTY * 3
    seen = preview_file(found.path, found.name, ReadOptions(unguard=True)).rows["text"].tolist()
    assert seen == exact["text"].tolist()[: len(seen)], "what is shown before is what is read"


def test_column_names_come_back_like_cells(tmp_path: Path) -> None:
    place = tmp_path / "a.csv"
    place.write_text("'=text,'@who,label\ngood,me,a\nbad,you,b\n", encoding="utf-8")
    told, notes = read_with_notes(place, "a.csv")
    assert list(told.columns) == ["'=text", "'@who", "label"]
    assert [(n.code, n.count) for n in notes] == [("apostrophes", 2)]
    back, notes = read_with_notes(place, "a.csv", ReadOptions(unguard=True))
    assert list(back.columns) == list(preview_file(place, "a.csv", ReadOptions(unguard=True)).columns)
    assert list(back.columns) == ["=text", "@who", "label"]
    assert [(n.code, n.count) for n in notes] == [("apostrophes_taken_off", 2)]
    names = ("'=mine", "who", "label")
    named, _ = read_with_notes(place, "a.csv", ReadOptions(unguard=True, rename=names))
    assert tuple(named.columns) == names, "a name that a person gave is no cell of the file"
    place.write_text("'=text,=text\n'=1,2\n", encoding="utf-8")
    assert read_with_notes(place, "a.csv")[1] == (), (
        "no file that was written for spreadsheets has a name that runs"
    )
    with pytest.raises(DuplicateColumns):
        read_with_notes(place, "a.csv", ReadOptions(unguard=True))


def test_a_file_of_ones_own_with_formulas_is_not_taken_for_a_spreadsheet_file(tmp_path: Path) -> None:
    place = tmp_path / "a.csv"
    place.write_text("text,label\n'=1,a\n=1,b\n'tis,a\n", encoding="utf-8")
    table, notes = read_with_notes(place, "a.csv")
    assert notes == ()
    assert table["text"].tolist() == ["'=1", "=1", "'tis"]
    table, notes = read_with_notes(place, "a.csv", ReadOptions(unguard=True))
    assert table["text"].tolist() == ["=1", "=1", "'tis"]
    assert notes[0].count == 1


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
