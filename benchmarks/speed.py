"""Speed and memory of the product on this machine, over a real supervisor and the 10 000-row sample.

    .venv/bin/python -m benchmarks.speed

Prints Markdown. Everything runs in a temporary home; wall times on a busy machine are pessimistic.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
PAGES = ("home", "data", "prepare", "model", "train", "evaluate", "share", "inbox", "settings")


def main() -> None:
    os.environ["BENTU_HOME"] = tempfile.mkdtemp(prefix="bentu-speed-")
    from engine.data.readers import ReadOptions
    from engine.samples import SAMPLE_ROLES, sample_csv
    from engine.workspace import open_workspace

    ws = open_workspace()
    with _worker():
        _wait(lambda: set(ws.jobs.worker().warm.values()) == {"ready"}, 90)
        project = ws.projects.create("speed")
        start = time.perf_counter()
        upload = ws.datasets.stage(sample_csv("reviews_zh"), "reviews.csv")
        job = ws.datasets.start_import(
            project.id, upload.id, "reviews", ReadOptions(), SAMPLE_ROLES, idempotency="speed"
        )
        _ended(ws, job.id)
        imported = time.perf_counter() - start
        recipe = ws.recipes.choose(project.id, "tfidf_svm", "balanced")
        run = ws.runs.submit(project.id, recipe)
        _ended(ws, run.job_id)
        _ended(ws, ws.evaluations.open_test(run.id, "speed").id)
        _row(
            "upload of 10 000 rows to first evaluated model (SVM)",
            f"{time.perf_counter() - start:.1f} s",
            "<= 60 s",
        )
        print(f"|   of which import and profile | {imported:.1f} s | |")

        _wait(lambda: ws.jobs.worker().warm.get("training") == "ready", 90)
        case = ws.recipes.choose(project.id, "case_network", "balanced")
        start = time.perf_counter()
        run = ws.runs.submit(project.id, case)
        _wait(lambda: ws.runs.get(run.id).state == "running", 60)
        _row("submit to running, warm process", f"{time.perf_counter() - start:.2f} s", "<= 1 s")
        _wait(lambda: any(e.kind in ("batch", "epoch") for e in ws.runs.events(run.id)), 60)
        _row(
            "submit to first training step of the case network",
            f"{time.perf_counter() - start:.2f} s",
            "<= 4 s",
        )
        pid = ws.jobs.get(run.job_id).pid
        start = time.perf_counter()
        ws.runs.discard(run.id)
        _wait(lambda: not ws.runs.get(run.id).active, 30)
        _row("cancel shown", f"{time.perf_counter() - start:.2f} s", "<= 1 s")
        _wait(lambda: pid is None or not psutil.pid_exists(pid), 30)
        _row("process gone", f"{time.perf_counter() - start:.2f} s", "<= 3 s")
    _pages(project.id)
    _memory()


def _pages(project_id: str) -> None:
    from streamlit.logger import set_log_level
    from streamlit.testing.v1 import AppTest

    set_log_level("error")  # it warns at every rerun that no browser is attached
    times = []
    for page in PAGES:
        at = AppTest.from_file(str(ROOT / "ui/shell.py"), default_timeout=60)
        at.query_params["project"] = project_id
        at.run()
        at.switch_page(f"../pages/{page}.py").run()
        assert not at.exception, at.exception
        mine = []
        for _ in range(15):
            start = time.perf_counter()
            at.run()
            mine.append((time.perf_counter() - start) * 1000)
        times += mine
        print(f"|   rerun of the page {page}, median | {statistics.median(mine):.0f} ms | |")
    _row(
        "page rerun with the 10 000-row project, p95 of all",
        f"{statistics.quantiles(times, n=20)[-1]:.0f} ms",
        "<= 150 ms",
    )


def _memory() -> None:
    port = "8799"
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", port, "--server.headless", "true", "--server.enableAgentApi", "true"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        import httpx

        start = time.perf_counter()
        _wait(lambda: _answers(f"http://127.0.0.1:{port}/api/health"), 60)
        _row("start of the interface", f"{time.perf_counter() - start:.1f} s", "<= 5 s")
        for page in PAGES:
            httpx.post(f"http://127.0.0.1:{port}/_stcore/agent/interact", json={"page": page}, timeout=60)
        used = psutil.Process(process.pid).memory_info().rss / 2**20
        _row("UI process after visiting every page", f"{used:.0f} MiB", "<= 350 MiB")
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def _worker() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "engine", "worker", "--stay"], cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _ended(ws: Any, job_id: str) -> None:
    _wait(lambda: not ws.jobs.get(job_id).active, 300)
    job = ws.jobs.get(job_id)
    assert job.state == "succeeded", job.error


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def _row(what: str, value: str, target: str) -> None:
    print(f"| {what} | {value} | {target} |", flush=True)


if __name__ == "__main__":
    print("| figure | measured | target |\n|---|---|---|")
    main()
