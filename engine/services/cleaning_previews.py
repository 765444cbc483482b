"""What cleaning steps would change in a version: counted and sampled by a job, on rows that may be shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from engine.data.schema import ROW_ID
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.prepare.preview import preview_cleaning
from engine.recipe import Step
from engine.services.cleaning_rows import current_split, open_rows
from engine.services.scope import Scope
from engine.services.stored_versions import load_table

PREVIEW_ROWS = 100_000
"""Cleaning previews look at this many rows at most, the first ones; the preview says how many."""


def preview_version(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "cleaning"."""
    context.report("phase", name="loading")
    frame, schema = load_table(scope, spec["version"])
    split_id, frame = open_rows(scope, spec["version"], frame, PREVIEW_ROWS)
    parts = [Step.model_validate(s) for s in spec["steps"]]
    context.report("phase", name="cleaning")
    inputs = modalities.get(schema.task).read(frame, schema)
    inputs.index = pd.Index(frame[ROW_ID])
    found = preview_cleaning(inputs, parts, progress=lambda share: context.report("progress", fraction=share))
    scope.cache(
        "cleaning", cleaning_key(scope, spec["version"], parts, split_id), found.model_dump(mode="json")
    )
    return {"version_id": spec["version"]}


def cleaning_key(scope: Scope, version_id: str, parts: Sequence[Step], split_id: str | None = None) -> str:
    """Where a preview is kept: another division has other rows that may be shown."""
    steps = json.dumps([p.model_dump(mode="json") for p in parts], sort_keys=True, ensure_ascii=False)
    split_id = split_id or current_split(scope, version_id) or "undivided"
    return f"{version_id}:{split_id}:{hashlib.sha256(steps.encode()).hexdigest()}"
