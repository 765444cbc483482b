"""What the process for strangers may take of this computer: open files, and the size of its log.

Visitors decide how often it logs. The studio opens the log and gives it to the process, so the studio cuts it; the
process itself repeats nothing without end.
"""

from __future__ import annotations

import logging
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

MOST_LOG = 2_000_000
"""Bytes of the log, and of the older one beside it."""

MOST_FILES = 16_384
"""Open files and connections that the process asks for: many times what all pages together need."""

EACH_MINUTE = 20
"""Records from one place in the code that are logged in a minute."""

RARE = {"socket.accept() out of system resource": 1}
"""The same for records that begin with these words."""


def cut_log(path: Path, most: int = MOST_LOG) -> bool:
    """Begin the log anew once it holds more than `most`; what it held last stays beside it as `demo.log.1`.

    It is emptied and not renamed, as the process goes on writing to the file that it was given; it appends, so its
    next line stands at the beginning.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return False
    if size <= most:
        return False
    with path.open("rb+") as log, path.with_name(path.name + ".1").open("wb") as older:
        log.seek(size - most)
        shutil.copyfileobj(log, older)
        log.truncate(0)
    return True


def open_many_files() -> int:
    """Raise the limit of open files of this process as far as it may go; returns what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


class Damper(logging.Filter):
    """Lets a record of each kind through a few times a minute, and says at the next one how many it kept back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        rare = next((words for words in RARE if str(record.msg).startswith(words)), "")
        most = RARE.get(rare, EACH_MINUTE)
        kind = (rare or record.name, record.pathname, record.lineno)
        at = self._clock()
        since, count = self._seen.get(kind, (at, 0))
        kept_back = 0
        if at - since >= 60:
            kept_back, since, count = max(0, count - most), at, 0
        self._seen[kind] = (since, count + 1)
        if count >= most:
            return False
        if kept_back:
            record.msg, record.args = f"{record.getMessage()} (and {kept_back} more like it)", ()
        return True


def damp_logs() -> None:
    """Damp what this process logs; called when its loggers are set up."""
    loggers = [
        logging.root,
        *(each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)),
    ]
    handlers = {handler for each in loggers for handler in each.handlers}
    if logging.lastResort is not None:  # what asyncio says of itself goes there
        handlers.add(logging.lastResort)
    for handler in handlers:
        if not any(isinstance(found, Damper) for found in handler.filters):
            handler.addFilter(Damper())
