"""Feedback as the inbox reads it: the item, the filters over a queue, and the file to take away."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from engine.evaluation.predictions import export_csv
from engine.storage.tables import dataset, dataset_version, demo, feedback


@dataclass(frozen=True)
class Item:
    """One piece of feedback. `label` is the class that the owner gave it; `revision` grows with every change.

    `dataset_version` says in which version it stands, as people refer to it ("reviews v3"): such an item never changes again.
    """

    id: str
    project_id: str
    demo_id: str
    demo_title: str
    model: int
    inputs: Mapping[str, str]
    answer: str
    confidence: float
    right: bool
    correction: str | None
    comment: str | None
    visitor: str
    locale: str
    received: datetime
    state: str
    label: str | None
    revision: int
    updated: datetime
    dataset_version_id: str | None
    dataset_version: str | None


def select_items() -> Select[Any]:
    """Rows that `item_of` reads."""
    return (
        select(feedback, demo.c.title, dataset.c.name.label("dataset_name"), dataset_version.c.number.label("version_number"))
        .join(demo, demo.c.id == feedback.c.demo_id)
        .outerjoin(dataset_version, dataset_version.c.id == feedback.c.dataset_version_id)
        .outerjoin(dataset, dataset.c.id == dataset_version.c.dataset_id)
    )  # fmt: skip


def item_of(row: Any) -> Item:
    """The item of a row of `select_items`."""
    return Item(
        id=row.id, project_id=row.project_id, demo_id=row.demo_id, demo_title=row.title, model=row.model, inputs=row.inputs,
        answer=row.answer, confidence=row.confidence, right=row.right, correction=row.correction, comment=row.comment,
        visitor=row.visitor, locale=row.locale, received=row.received, state=row.state, label=row.label,
        revision=row.revision, updated=row.updated, dataset_version_id=row.dataset_version_id,
        dataset_version=f"{row.dataset_name} v{row.version_number}" if row.dataset_version_id else None,
    )  # fmt: skip


def matching(
    dialect: str, demo_id: str | None, search: str, only_wrong: bool, model: int | None
) -> list[ColumnElement[bool]]:
    """The conditions of a queue's filters; see `Inbox.list`."""
    found: list[ColumnElement[bool]] = []
    if demo_id is not None:
        found.append(feedback.c.demo_id == demo_id)
    if model is not None:
        found.append(feedback.c.model == model)
    if only_wrong:
        found.append(feedback.c.right.is_(False))
    if search.strip():
        found.append(_says(dialect, search.strip()))
    return found


def _says(dialect: str, term: str) -> ColumnElement[bool]:
    """Whether an input or the comment holds `term`."""
    each = func.json_each_text if dialect == "postgresql" else func.json_each
    text = each(feedback.c.inputs).table_valued("key", "value", name="input_text")
    # SQLite folds the case of ASCII letters only, so other alphabets are asked for in the ways that people write them
    written = {form for way in (term, term.lower(), term.upper(), term.title())
               for form in (way, unicodedata.normalize("NFC", way), unicodedata.normalize("NFD", way))}  # fmt: skip
    return or_(*(
        condition
        for form in sorted(written)
        for condition in (
            exists(select(1).select_from(text).where(text.c.value.icontains(form, autoescape=True))),
            feedback.c.comment.icontains(form, autoescape=True),
        )
    ))  # fmt: skip


def export_items(items: Sequence[Item], *, spreadsheet: bool) -> bytes:
    """Items as CSV, one a line, each input in a column of its own named `input:<name>`.

    Args:
        spreadsheet: with texts guarded that a spreadsheet would run; otherwise raw, every text as it came.
    """
    names = sorted({name for item in items for name in item.inputs})
    columns: dict[str, list[Any]] = {
        "id": [i.id for i in items],
        "demo": [i.demo_title for i in items],
        "model_version": [i.model for i in items],
        "received": [i.received.isoformat(timespec="seconds") for i in items],
        **{f"input:{name}": [i.inputs.get(name) for i in items] for name in names},
        "answer": [i.answer for i in items],
        "confidence": [i.confidence for i in items],
        "right": [i.right for i in items],
        "correction": [i.correction for i in items],
        "comment": [i.comment for i in items],
        "language": [i.locale for i in items],
        "visitor": [i.visitor for i in items],
        "queue": [i.state for i in items],
        "label": [i.label for i in items],
        "decided": [i.updated.isoformat(timespec="seconds") if i.revision else None for i in items],
        "dataset_version": [i.dataset_version for i in items],
    }
    texts = {name for name in columns if name not in ("model_version", "confidence", "right")}
    frame = pd.DataFrame(
        {n: pd.array([v or "" for v in c], dtype="str") if n in texts else c for n, c in columns.items()}
    )
    return export_csv(frame, spreadsheet=spreadsheet)
