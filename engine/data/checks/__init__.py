"""Checks: what can be wrong with data, one file a check.

Stage 1 (data). A file in this folder registers one `Check`; the profile and the findings page list whatever is here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from engine.data.findings import Found, finding, row_array
from engine.data.table_view import TableView
from engine.errors import N_, DataError, saying
from engine.registry import Registry

log = logging.getLogger(__name__)

Stage = Literal["core", "content", "deep"]


class Check(Protocol):
    """One question that is asked of every table."""

    name: str
    task: str | None
    """The modality it is for, or None for all."""
    stage: Stage
    """`core` checks are about labels, copies, lengths and cells and belong to the figures that are there at once; `content`
    ones look into the texts, right afterwards; `deep` ones run in a job of their own (near-duplicates, label errors)."""
    order: int
    title: str
    """What it looks for, a message id."""

    def run(self, table: TableView) -> Iterable[Found]:
        """What it found; nothing for clean data. Deterministic."""
        ...


checks: Registry[Check] = Registry(N_("check"), "engine.data.checks")


def checks_of(stage: Stage, task: str) -> list[Check]:
    """The checks of a stage that a task's tables are asked, in order."""
    return [check for check in checks if check.stage == stage and check.task in (None, task)]


def run_checks(
    table: TableView, stage: Stage, report: Callable[[float], None] | None = None, interrupt: Callable[[], None] | None = None
) -> list[Found]:  # fmt: skip
    """What all checks of a stage find in a table, in the order of the checks.

    A check that breaks does not take the profile with it: it becomes a finding of its own, and its traceback goes to the log.

    Args:
        report: called with the share of the checks that are done, 0 to 1.
        interrupt: called before each check; what it raises ends the run.

    Raises:
        DataError: what a check refuses.
    """
    mine = checks_of(stage, table.modality.name)
    found: list[Found] = []
    for place, check in enumerate(mine):
        if interrupt is not None:
            interrupt()
        try:
            found += check.run(table)
        except DataError:
            raise
        except Exception:
            log.exception("the check %s broke", check.name)
            message = N_(
                "The check “{check}” broke, so nothing is known about what it looks for. The log says more."
            )
            found.append(
                Found(
                    finding("check_broke", "info", message, check=saying(check.title), value=check.name),
                    row_array(),
                )
            )
        if report is not None:
            report((place + 1) / len(mine))
    return found
