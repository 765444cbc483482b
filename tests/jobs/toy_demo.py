"""Plays the two ends of the demo process for tests: `demo` serves a home, `studio` keeps a demo, both until they are ended."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

from engine.errors import BentuError
from engine.jobs.demo_options import listening
from engine.jobs.demo_presence import present
from engine.jobs.demo_server import keep_demo_server

DEMO = (sys.executable, __file__, "demo")
STUDIO = (sys.executable, __file__, "studio")


def main() -> None:
    home = Path(os.environ["BENTU_HOME"])
    if sys.argv[1] == "studio":
        keep_demo_server(home / "demo", "key", DEMO, interval=0.05)
        threading.Event().wait()
    where = listening()
    try:
        with present(home, where), socket.create_server((where.address, where.port)):
            threading.Event().wait()
    except BentuError as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
