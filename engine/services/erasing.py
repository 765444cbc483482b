"""What strangers sent to a demo that is gone leaves the inbox file: at once, or as soon as that can be done.

The rows of a demo go first, its entries after them. Whoever dies in between, meets a file that is busy, or was still
acknowledging feedback at that moment leaves entries behind; they are erased at the next start (`erase_gone`) and when the
drain meets them. Every entry is younger than its demo's row, so one without a row is of a demo that is gone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine, select

from engine.errors import BentuError
from engine.storage.database import read
from engine.storage.inbox import FILE, demos_in, forget_demo
from engine.storage.tables import demo

log = logging.getLogger(__name__)

_owed = threading.Event()


def owed() -> bool:
    """Whether something could not be erased since this process started, or may have been left."""
    return _owed.is_set()


def owe() -> None:
    """Ask for `erase_gone` at the next drain."""
    _owed.set()


def erase(home: Path, names: Iterable[str]) -> int:
    """Erase the entries of these demos, or see to it that it is tried again; returns how many entries that were."""
    count = 0
    for name in names:
        try:
            count += forget_demo(home, name)
        except (BentuError, OSError) as problem:
            _owed.set()
            log.warning("what was sent to a demo that is gone is erased later: %s", problem)
    return count


def erase_gone(engine: Engine, home: Path) -> int:
    """Erase the entries of all demos that have no row; returns how many entries that were."""
    _owed.clear()  # before looking: whoever asks meanwhile asks for another look
    try:
        named = demos_in(home / FILE)  # before the rows: a demo made in between has one by then
        if not named:
            return 0
        with read(engine) as connection:
            known = {
                name for row in connection.execute(select(demo.c.id, demo.c.token_digest)) for name in row
            }
    except (BentuError, OSError) as problem:  # neither a start nor a drain fails for this
        _owed.set()
        log.warning("what was sent to demos that are gone is erased later: %s", problem)
        return 0
    return erase(home, sorted(named - known))
