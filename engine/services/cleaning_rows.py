"""The rows that a preview of cleaning may look at: never those of the sealed test part."""

from __future__ import annotations

import pandas as pd

from engine.data.schema import ROW_ID
from engine.errors import NotFound
from engine.services.scope import Scope

SEED = 0


def current_split(scope: Scope, version_id: str) -> str | None:
    """Id of the version's division, None before there is one and for a version that is gone."""
    from engine.services import splits  # which reads datasets itself

    try:
        view = splits.current(scope, version_id)
    except NotFound:
        return None
    return view.id if view else None


def open_rows(
    scope: Scope, version_id: str, frame: pd.DataFrame, most: int
) -> tuple[str | None, pd.DataFrame]:
    """The division that counts, and at most so many rows outside its test part: a seeded sample in file order."""
    from engine.services import splits

    split_id = current_split(scope, version_id)
    if split_id is not None:
        parts = splits.assignment(scope, split_id).reindex(frame[ROW_ID])
        frame = frame[(parts != "test").to_numpy()]
    return split_id, frame if len(frame) <= most else frame.sample(most, random_state=SEED).sort_index()
