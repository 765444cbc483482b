"""Data to take away: a version's rows, raw or cleaned by the recipe's steps, as CSV, CSV that is safe in a spreadsheet, or Parquet.

A job writes the file into the store; a browser fetches it by `GET /api/exports/{job id}`, which nobody can guess.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.data.schema import ROW_ID, Schema
from engine.data.spreadsheet import guard
from engine.errors import NotFound
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.prepare.steps import Cleaner
from engine.recipe import Step
from engine.services import datasets, splits, stored_versions
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.home import folder
from engine.storage.tables import dataset_version, new_id
from engine.storage.tables import job as job_table

RESULT = "export"
_ROWS = 20_000
"""Rows that are cleaned and written at once."""

Form = Literal["csv", "spreadsheet", "parquet"]
ENDINGS: Mapping[Form, str] = {"csv": "csv", "spreadsheet": "csv", "parquet": "parquet"}
MEDIA: Mapping[Form, str] = {
    "csv": "text/csv; charset=utf-8", "spreadsheet": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"
}  # fmt: skip


@dataclass(frozen=True)
class Export:
    """A file that is ready: where it is, what a browser should call it, and its kind."""

    path: Path
    name: str
    media: str
    size: int


class Exports:
    """The exports of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def start(
        self, version_id: str, form: Form, *, steps: Sequence[Step] | None = None, parts: bool = False
    ) -> Job:
        """Write a version's rows into a file, as a job.

        Args:
            form: `csv` is UTF-8 and exact, for programs and for bringing the data back; `spreadsheet` has a byte order
                mark and an apostrophe before every cell that a spreadsheet would run as a formula; `parquet` is exact.
            steps: cleaning steps that run on every row, those of the test part included; None for the rows as they are.
                With one input column it is cleaned in place, with several a column `cleaned` holds what a model would read.
            parts: with a column that says the part of each row, where the version is divided.
        """
        row = self._scope.row(dataset_version, version_id, "dataset version")
        cleaned = None if steps is None else [step.model_dump(mode="json") for step in steps]
        spec = {"version": version_id, "form": form, "steps": cleaned, "parts": parts}
        return self._scope.submit(RESULT, spec, row.project_id)

    def file(self, job_id: str) -> Export:
        """The file of a finished export; raises `NotFound` while there is none, and once its data were deleted."""
        row = self._scope.row(job_table, job_id, "export")
        stored = self._scope.cached(RESULT, _key(row.spec)) if row.kind == RESULT else None
        if stored is None:
            raise NotFound(kind="export", id=job_id)
        form: Form = row.spec["form"]
        path = artifacts.path(stored["file"])
        return Export(path, stored["name"], MEDIA[form], path.stat().st_size)


def export_version(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "export"."""
    version = datasets.Datasets(scope).version(spec["version"])
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version.id)
    context.report("phase", name="exporting")
    part = _parts(scope, version.id, frame) if spec["parts"] else None
    form: Form = spec["form"]
    target = folder("tmp") / f"{new_id('tmp')}.{ENDINGS[form]}"
    try:
        _write(context, target, form, frame, schema, spec["steps"], part)
        file = artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)
    kind = "" if spec["steps"] is None else "-cleaned"
    plain = re.sub(r"[^\w.-]+", "_", version.dataset_name)[:60] or "data"
    name = f"{plain}-v{version.number}{kind}{'-spreadsheet' if form == 'spreadsheet' else ''}.{ENDINGS[form]}"
    scope.cache(RESULT, _key(spec), {"file": file, "name": name})
    return {"version_id": version.id}


def _key(spec: Mapping[str, Any]) -> str:
    asked = json.dumps([spec["form"], spec["steps"], spec["parts"]], sort_keys=True, ensure_ascii=False)
    return f"{spec['version']}:{hashlib.sha256(asked.encode()).hexdigest()}"


def _parts(scope: Scope, version_id: str, frame: pd.DataFrame) -> pd.Series[str] | None:
    view = splits.current(scope, version_id)
    if view is None:
        return None
    return splits.assignment(scope, view.id).reindex(frame[ROW_ID]).fillna("").reset_index(drop=True)


def _write(
    context: JobContext, target: Path, form: Form, frame: pd.DataFrame, schema: Schema,
    steps: Sequence[Mapping[str, Any]] | None, part: pd.Series[str] | None,
) -> None:  # fmt: skip
    """Write chunk after chunk, so that a million cleaned rows need no second table in memory."""
    cleaner = None if steps is None else Cleaner([Step.model_validate(step) for step in steps])
    writer = _Parquet(target) if form == "parquet" else _Csv(target, safe=form == "spreadsheet")
    try:
        for start in range(0, max(len(frame), 1), _ROWS):
            context.check()
            context.report("progress", fraction=start / max(len(frame), 1))
            chunk = frame.iloc[start : start + _ROWS]
            shown = chunk.drop(columns=ROW_ID)
            if cleaner is not None:
                shown = _cleaned(shown, chunk, schema, cleaner)
            if part is not None:
                name = _free("split", shown.columns)
                shown = shown.assign(**{name: part.iloc[start : start + _ROWS].to_numpy()})
            writer.add(shown)
    finally:
        writer.close()


def _cleaned(shown: pd.DataFrame, chunk: pd.DataFrame, schema: Schema, cleaner: Cleaner) -> pd.DataFrame:
    texts = np.array(cleaner(modalities.get(schema.task).read(chunk, schema).tolist()), dtype=object)
    names = schema.names("input")
    name = names[0] if len(names) == 1 else _free("cleaned", shown.columns)
    return shown.assign(**{name: texts})


def _free(name: str, taken: Any) -> str:
    """`name`, or with a number behind it what no column is called yet."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


class _Csv:
    """Rows into a CSV file, every cell exact or guarded."""

    def __init__(self, target: Path, *, safe: bool) -> None:
        self._safe = safe
        self._file = target.open("w", encoding="utf-8-sig" if safe else "utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n" if safe else "\n")
        self._headed = False

    def add(self, rows: pd.DataFrame) -> None:
        cells = [list(map(str, rows.columns))] if not self._headed else []
        self._headed = True
        cells += rows.fillna("").to_numpy(dtype=object).tolist()
        if self._safe:
            cells = [[guard(str(cell)) for cell in row] for row in cells]
        self._writer.writerows(cells)

    def close(self) -> None:
        self._file.close()


class _Parquet:
    """Rows into a Parquet file of text columns."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._writer: Any = None

    def add(self, rows: pd.DataFrame) -> None:
        columns = [pa.array(rows[name].fillna("").astype(str), pa.large_string()) for name in rows.columns]
        table = pa.table(columns, names=[str(name) for name in rows.columns])
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._target, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
