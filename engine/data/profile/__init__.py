"""What is in a dataset version, in numbers and findings.

Stage 1 (data). Runs in jobs, in two steps: figures at once, then what takes a look into the contents; a page reads the
stored result.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pandas as pd

from engine.data.checks import run_checks
from engine.data.measures import Histogram, Measure
from engine.data.profile.content import look_inside
from engine.data.profile.core import core_profile
from engine.data.profile.crosses import CrossTab
from engine.data.profile.result import (
    FORMAT,
    ClassCount,
    ColumnProfile,
    Conflicts,
    Profile,
    Repeats,
    SliceProfile,
    TimeProfile,
)
from engine.data.schema import Schema
from engine.data.table_view import TableView
from engine.modality import Modality

__all__ = [
    "FORMAT", "ClassCount", "ColumnProfile", "Conflicts", "CrossTab", "Histogram", "Measure", "Profile", "Repeats", "SliceProfile",
    "TimeProfile", "core_profile", "look_inside", "profile_table",
]  # fmt: skip


def profile_table(
    frame: pd.DataFrame, schema: Schema, modality: Modality, report: Callable[[float], None] | None = None
) -> Profile:
    """Check and profile a table, both steps at once, for whoever needs no more rows than findings quote.

    Args:
        frame: text cells, with or without a `row_id` column.
        schema: roles of the columns.
        modality: of the schema's task.
        report: called with the share done, 0 to 1.

    Raises:
        DataError: what the modality refuses.
    """
    start, tell = time.perf_counter(), report or (lambda share: None)
    table = TableView(frame, schema, modality)
    modality.validate(table.inputs)
    found = run_checks(table, "core", lambda share: tell(share / 10))
    profile = core_profile(table, found, start)
    start = time.perf_counter()
    more = run_checks(table, "content", lambda share: tell(0.1 + share * 0.4))
    return look_inside(table, profile, more, lambda share: tell(0.5 + share / 2), start)
