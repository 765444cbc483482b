"""The two ends of the process for strangers: a studio that starts it, and the process itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from engine.jobs.demo_bounds import damp_logs, open_many_files
from engine.jobs.demo_options import KEY, command, environment, listening, refuse_unless_safe
from engine.jobs.demo_presence import present
from engine.jobs.demo_server import keep_demo_server
from engine.services.desk import Desk, open_desk
from engine.services.publishing import signing_key
from engine.storage.home import demo_home, home

_desks: dict[Path, Desk] = {}
"""By home, of which a process has one; a test has many."""
_opening = threading.Lock()


@contextmanager
def start_demo_server() -> Iterator[None]:
    """Keep a demo process beside this studio for as long as the context lasts.

    Only on a computer of one's own (BENTU_MODE unset or `local`); BENTU_DEMO_START=no leaves it to somebody else,
    for example to another user of the system.
    """
    mine = os.environ.get("BENTU_MODE", "") in ("", "local") and os.environ.get("BENTU_DEMO_START") != "no"
    if not mine:
        yield
        return
    stop = keep_demo_server(demo_home(), demo_public_key())
    try:
        yield
    finally:
        stop()


def demo_public_key() -> str:
    """With what this studio signs demos: what a demo process under another user must be given as BENTU_DEMO_KEY."""
    return signing_key().public


def become_demo_process() -> NoReturn:
    """Replace this process by a demo process in the foreground, with every option of its check-list.

    With BENTU_DEMO_KEY it serves its own BENTU_HOME, as another user of the system; without, the demos of the studio
    whose BENTU_HOME this is.
    """
    given = os.environ.get(KEY)
    place, key = (home(), given) if given else (demo_home(), demo_public_key())
    line = command(listening())
    os.chdir(place)
    os.execve(line[0], line, environment(place, key))


def require_demo_options(option: Callable[[str], Any]) -> None:
    """Refuse to be the demo process unless everything on its check-list holds.

    Args:
        option: Streamlit's value of an option.
    """
    refuse_unless_safe(option, home())


def desk() -> Desk:
    """The one desk of this process, opened by whoever asks first: page and routes share its limits and its inbox.

    Raises:
        DemoKeyMissing, HomeNotWritable, NetworkFilesystem, DatabaseDamaged, DiskFull
    """
    place = home()
    found = _desks.get(place)
    if found is None:
        with _opening:
            found = _desks.get(place)
            if found is None:
                found = _desks[place] = open_desk()
    return found


def close_desks() -> None:
    """Write down what was counted, and close the inbox."""
    with _opening:
        while _desks:
            _desks.popitem()[1].close()


@contextmanager
def serve_demos() -> Iterator[None]:
    """Be the demo process of this home for as long as the context lasts, with the desk open."""
    open_many_files()
    damp_logs()
    with present(home(), listening()):
        desk()
        try:
            yield
        finally:
            close_desks()
