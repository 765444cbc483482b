"""The inbox with 5 000 pieces of feedback: how fast the studio takes them over, and how long its page takes.

    .venv/bin/python -m benchmarks.inbox

Prints Markdown. Everything runs in a temporary home; `processor` is the time that the work itself takes, which a busy machine does not
stretch as it does the wall time.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ROWS = 5000


def main() -> None:
    os.environ["BENTU_HOME"] = tempfile.mkdtemp(prefix="bentu-inbox-")
    from engine.services.draining import drain
    from engine.storage.home import demo_home
    from engine.storage.inbox_writer import Inbox as Writer
    from engine.workspace import open_workspace
    from tests.feedback_rows import make_demo, said

    ws, dice = open_workspace(), random.Random(0)
    project = ws.projects.create("inbox").id
    demo = make_demo(ws.scope.engine, project, versions=3)
    writer = Writer(demo_home())
    for i in range(ROWS):
        text = f"{'这家店的外卖很好吃，' * dice.randint(1, 30)}{i}"
        writer.append(
            "feedback",
            demo,
            f"key{i}",
            said(text, model=dice.randint(1, 3), comment="下次再来" if i % 2 else None),
        )
    writer.close()
    print("| figure | wall | processor |\n| --- | --- | --- |")
    wall, own = _timed(lambda: drain(ws.scope.engine, demo_home()))
    print(f"| taking over {ROWS:,} entries | {wall:.0f} ms | {own:.0f} ms |")
    for item in ws.inbox.list(project, "pending", limit=ROWS // 4)[0]:
        ws.inbox.decide(item.id, dice.choice(("accepted", "rejected", "later")), "praise", 0)
    _page(project)


def _page(project: str) -> None:
    from streamlit.logger import set_log_level
    from streamlit.testing.v1 import AppTest

    set_log_level("error")  # it warns at every rerun that no browser is attached
    at = AppTest.from_file(str(ROOT / "ui/shell.py"), default_timeout=60)
    at.query_params["project"] = project
    at.run()
    at.switch_page("../pages/inbox.py").run()

    def decide() -> None:
        next(b for b in at.button if (b.key or "").startswith("inbox_accepted_")).click().run()

    for name, act in (("rerun of the page", at.run), ("decision and the next item", decide)):
        times = [_timed(act) for _ in range(40)]
        assert not at.exception, at.exception
        wall, own = (statistics.quantiles(column, n=20)[-1] for column in zip(*times, strict=True))
        print(f"| {name}, p95 (<= 150 ms) | {wall:.0f} ms | {own:.0f} ms |")


def _timed(act: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds on the wall and of the processor."""
    wall, own = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - own) * 1000


if __name__ == "__main__":
    main()
