"""Checks: what can be wrong with data, one file a check.

Stage 1 (data). A file in this folder registers one `Check`; the profile and the findings page list whatever is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from engine.data.findings import Found
from engine.data.table_view import TableView
from engine.errors import N_
from engine.registry import Registry

Stage = Literal["core", "deep"]


class Check(Protocol):
    """One question that is asked of every table."""

    name: str
    task: str | None
    """The modality it is for, or None for all."""
    stage: Stage
    """`core` checks are part of the profile and look at a million rows in a second or so; `deep` ones run in a job of
    their own afterwards (near-duplicates, label errors)."""
    order: int
    title: str
    """What it looks for, a message id."""

    def run(self, table: TableView) -> Iterable[Found]:
        """What it found; nothing for clean data. Deterministic."""
        ...


checks: Registry[Check] = Registry(N_("check"), "engine.data.checks")
