"""Accepted corrections become a child of a dataset version: the train part grows or is relabelled, nothing else changes.

Stage 6c (feedback). Validation and test rows stay as they are, cell for cell, so that the old and the retrained model
can be compared on the same sealed rows.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Schema
from engine.errors import N_, DataError
from engine.modality import Modality
from engine.prepare.split import NoLabelColumn

Outcome = Literal["added", "relabelled", "already", "test", "validation", "overruled"]
OUTCOMES: tuple[Outcome, ...] = ("added", "relabelled", "already", "test", "validation", "overruled")

CHANGING: tuple[Outcome, ...] = ("added", "relabelled")
"""Outcomes that make the child another table than its parent."""


class LabelUnknown(DataError):
    code = "LABEL_UNKNOWN"
    message = N_("“{label}” is not a class of this dataset. Its classes: {classes}.")
    remedy = N_(
        "Choose one of the classes in the inbox; a new class needs a new dataset version from a file."
    )


class InputsDiffer(DataError):
    code = "INPUTS_DIFFER"
    message = N_("A correction has the inputs {found}; the dataset has the input columns {expected}.")
    remedy = N_("Make the version from the dataset that the demo's model was trained on.")


@dataclass(frozen=True)
class Correction:
    """What a visitor wrote and the label that the owner accepted for it; of two about one input the later decided counts."""

    id: str
    inputs: Mapping[str, str]
    label: str
    decided: datetime


class Change(BaseModel):
    """What becomes of one correction.

    `added`: a new train row. `relabelled`: train rows with this input get its label. `already`: the input stands in
    train with this label, or another correction says the same. `test`, `validation`: left out, because the input
    stands in that part, which never changes. `overruled`: a later correction gives the input another label.

    `rows` are row ids of the child, `before` the former label of each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    correction: str
    outcome: Outcome
    label: str
    rows: tuple[int, ...] = ()
    before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Child:
    """The table and the split assignment of a child version, and what became of each correction, in their order."""

    table: pd.DataFrame
    assignment: pd.Series[str]
    changes: tuple[Change, ...]


def make_child(
    frame: pd.DataFrame,
    schema: Schema,
    assignment: pd.Series[str],
    corrections: Sequence[Correction],
    modality: Modality,
    first_free: int = 0,
) -> Child:
    """The parent with its corrections; rows keep their ids and their order, new ones follow above the highest id.

    Inputs are the same when the modality's duplicate key says so; for the sealed and the choosing part it is enough that
    the keys differ in letter case or Unicode width only, which a model may not see. A new row has the inputs that the visitor gave, the
    accepted label, "train" in a split column that the data bring, and nothing in every other column. Rows that no part
    takes (without a label, for instance) stay out: a correction with such an input is a new row.

    Args:
        frame: the parent's table of text cells with its `row_id` column.
        schema: of the parent, and of the child.
        assignment: the part of each row by row id.
        corrections: what the owner accepted, each once.
        modality: of the schema's task.
        first_free: least id of a new row, where other versions of the lineage have higher ones than this table.

    Raises:
        LabelUnknown: a label that is not a class of the schema.
        InputsDiffer: a correction with other inputs than the schema's.
        NoLabelColumn: the data have no labels.
    """
    column = schema.first("label")
    if column is None:
        raise NoLabelColumn()
    _check(corrections, schema)
    given = _keys(_inputs(corrections, schema), schema, modality)
    last = {given[at]: at for at in sorted(range(len(corrections)), key=lambda at: corrections[at].decided)}
    parts = assignment.reindex(frame[ROW_ID]).to_list()
    keys = _keys(frame, schema, modality)
    places, held_back = _places(keys, parts, set(given)), _held_back(keys, parts)
    ids, labels = frame[ROW_ID].to_list(), labels_of(frame, schema).to_list()
    first_free = max(first_free, max(ids, default=-1) + 1)
    relabelled: dict[int, str] = {}
    added: list[Correction] = []
    changes: list[Change] = []
    for at, (correction, key) in enumerate(zip(corrections, given, strict=True)):
        stands, outcome = places.get(key, {}), held_back.get(_folded(key))
        rows: list[int] = []
        before: list[str] = []
        if outcome is not None:
            pass
        elif corrections[last[key]].label != correction.label:
            outcome = "overruled"
        elif last[key] != at:
            outcome = "already"
        elif "train" not in stands:
            outcome, rows = "added", [first_free + len(added)]
            added.append(correction)
        else:
            wrong = [place for place in stands["train"] if labels[place] != correction.label]
            outcome = "relabelled" if wrong else "already"
            rows, before = [ids[place] for place in wrong], [labels[place] for place in wrong]
            relabelled.update(dict.fromkeys(wrong, correction.label))
        changes.append(
            Change(
                correction=correction.id, outcome=outcome, label=correction.label, rows=tuple(rows), before=tuple(before)
            )
        )  # fmt: skip
    table = _relabelled(frame, column, relabelled)
    if added:
        new = _rows(added, frame, schema, first_free)
        table = pd.concat([table, new], ignore_index=True)
        assignment = _extended(assignment, new[ROW_ID])
    return Child(table, assignment, tuple(changes))


def counted(changes: Sequence[Change]) -> dict[Outcome, int]:
    """Corrections by outcome, every outcome named."""
    found = Counter(change.outcome for change in changes)
    return {outcome: found[outcome] for outcome in OUTCOMES}


def _check(corrections: Sequence[Correction], schema: Schema) -> None:
    expected = schema.names("input")
    for correction in corrections:
        if correction.label not in schema.classes:
            raise LabelUnknown(label=correction.label, classes=", ".join(schema.classes))
        if set(correction.inputs) != set(expected):
            raise InputsDiffer(found=", ".join(correction.inputs), expected=", ".join(expected))


def _inputs(corrections: Sequence[Correction], schema: Schema) -> pd.DataFrame:
    return pd.DataFrame(
        {name: [correction.inputs[name] for correction in corrections] for name in schema.names("input")},
        dtype="str",
    )


def _keys(frame: pd.DataFrame, schema: Schema, modality: Modality) -> list[str]:
    return [modality.key(value) for value in modality.read(frame, schema)] if len(frame) else []


def _places(
    keys: Sequence[str], parts: Sequence[str], wanted: Collection[str]
) -> dict[str, dict[str, list[int]]]:
    """Positions of the rows with a wanted key, by key and part."""
    found: dict[str, dict[str, list[int]]] = {}
    for place, (key, part) in enumerate(zip(keys, parts, strict=True)):
        if key in wanted:
            found.setdefault(key, {}).setdefault(part, []).append(place)
    return found


def _held_back(keys: Sequence[str], parts: Sequence[str]) -> dict[str, Outcome]:
    """The folded keys of the rows that never change, with their part: the sealed one before the choosing one."""
    sealed: tuple[Outcome, ...] = ("validation", "test")
    return {
        _folded(key): held for held in sealed for key, part in zip(keys, parts, strict=True) if part == held
    }


def _folded(key: str) -> str:
    """A key without letter case and Unicode width, as a tokenizer may see its text; any other key as it is."""
    if not isinstance(key, str):
        return key
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", key).casefold())


def _relabelled(frame: pd.DataFrame, column: str, labels: Mapping[int, str]) -> pd.DataFrame:
    if not labels:
        return frame
    cells = frame[column].copy()
    cells.iloc[list(labels)] = list(labels.values())
    return frame.assign(**{column: cells})


def _rows(corrections: Sequence[Correction], frame: pd.DataFrame, schema: Schema, first: int) -> pd.DataFrame:
    """New rows in the columns of `frame`, with ids from `first` on; what nobody said stays empty."""
    cells: dict[str, list[str] | range] = {name: [""] * len(corrections) for name in frame.columns}
    cells[ROW_ID] = range(first, first + len(corrections))
    for name in schema.names("split"):
        cells[name] = ["train"] * len(corrections)
    for name in schema.names("input"):
        cells[name] = [correction.inputs[name] for correction in corrections]
    for name in schema.names("label"):
        cells[name] = [correction.label for correction in corrections]
    return pd.DataFrame(cells).astype(frame.dtypes.to_dict())


def _extended(assignment: pd.Series[str], added: pd.Series[int]) -> pd.Series[str]:
    index = pd.Index(added, name=assignment.index.name)
    whole: pd.Series[str] = pd.concat([assignment, pd.Series("train", index=index, dtype=assignment.dtype)])
    return whole.rename(str(assignment.name))
