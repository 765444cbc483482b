"""What a profile learns from a look into the inputs: languages, wording, and what the checks of contents find.

Stage 1 (data). It takes some seconds, from samples that are called so; the figures do not wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from engine.data.findings import Found
from engine.data.profile.result import Profile
from engine.data.table_view import TableView


def look_inside(
    table: TableView, core: Profile, found: Sequence[Found], report: Callable[[float], None] | None = None,
    start: float | None = None,
) -> Profile:  # fmt: skip
    """The whole profile.

    Args:
        table: the table.
        core: its figures, as `core_profile` or an earlier call gave them.
        found: what the checks of the stage "content" found.
        report: called with the share done, 0 to 1.
        start: when this work began, on the clock of `time.perf_counter`; now by default. Its seconds are added to the core's.
    """
    start, tell = time.perf_counter() if start is None else start, report or (lambda share: None)
    details = table.modality.describe(table.inputs)
    tell(0.4)
    worded = getattr(table.modality, "wording", None)
    words = (
        worded(
            table.inputs,
            table.labels.tolist(),
            list(map(str, table.classes.index)),
            {name: table.cells(name) for name in table.schema.names("slice")},
        )
        if worded
        else None
    )
    tell(1.0)
    return core.model_copy(
        update={
            "details": dict(details),
            "wording": words,
            "findings": (*core.findings, *(one.finding for one in found)),
            "seconds": round(core.seconds + time.perf_counter() - start, 3),
            "complete": True,
        }
    )
