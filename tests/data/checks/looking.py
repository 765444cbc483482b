"""A table made by hand, and what one check says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from engine.data.checks import checks
from engine.data.findings import Found
from engine.data.schema import ROW_ID, make_schema
from engine.data.table_view import TableView
from engine.modality import modalities

ROLES = {"text": "input", "label": "label", "region": "slice", "day": "time", "part": "split", "who": "group"}


def view(
    roles: Mapping[str, str] = ROLES, ids: Sequence[int] | None = None, **columns: Sequence[str]
) -> TableView:
    """A table whose columns have the roles that their names say."""
    frame = pd.DataFrame({name: list(cells) for name, cells in columns.items()}, dtype="str")
    schema = make_schema({c: r for c, r in roles.items() if c in columns}, list(columns))
    if ids is not None:
        frame.insert(0, ROW_ID, list(ids))
    return TableView(frame, schema, modalities.get("text-classification"))


def said(check: str, table: TableView) -> dict[str, Found]:
    """What one check finds, by code; a code that comes twice is a fault of the test."""
    found = list(checks.get(check).run(table))
    codes = {one.finding.code: one for one in found}
    assert len(codes) == len(found)
    return codes


def rows(check: str, table: TableView) -> dict[str, list[int]]:
    """All rows of each finding of a check, by code."""
    return {code: one.rows.tolist() for code, one in said(check, table).items()}
