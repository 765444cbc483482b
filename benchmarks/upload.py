"""Uploads into a running studio: its memory before, while and after three files of 100 MB, and how fast they come in.

    .venv/bin/python -m benchmarks.upload

Prints Markdown. The studio is `streamlit run app.py` in a temporary home; the sender is a program on the same machine that has
the ticket of a page in a browser (Chromium). For comparison the same three files at once, and one of 250 MB that is refused.
Times on a busy machine are pessimistic; memory is the resident set of the studio's own process, sampled every 20 ms.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import sync_playwright

SIZE, FILES, REFUSED = 100_000_000, 3, 250_000_000
LINE = b"The parcel came a day early and everything was whole.,praise,north\n"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bentu-upload-") as home:
        port = _free_port()
        with _studio(home, port) as process:
            ticket = _ticket(f"http://127.0.0.1:{port}")
            _measure(f"http://127.0.0.1:{port}/api/uploads", ticket, psutil.Process(process.pid))


def _measure(url: str, ticket: str, process: psutil.Process) -> None:
    one = _seconds(url, ticket, 1_000_000)  # what is loaded at the first upload is loaded now
    assert one[0] == 201
    time.sleep(2)
    before = process.memory_info().rss
    with _watched(process) as peak:
        sent = [_seconds(url, ticket, SIZE) for _ in range(FILES)]
        row, peak[0] = peak[0], process.memory_info().rss
        with ThreadPoolExecutor(FILES) as pool:
            began = time.monotonic()
            together = list(pool.map(lambda _: _seconds(url, ticket, SIZE), range(FILES)))
            whole = time.monotonic() - began
        abreast, peak[0] = peak[0], process.memory_info().rss
        refused = _seconds(url, ticket, REFUSED)
        large = peak[0]
    time.sleep(2)
    after = process.memory_info().rss
    assert [s for s, _ in [*sent, *together]] == [201] * (2 * FILES), (sent, together)
    assert refused[0] == 413
    speed = statistics.median(SIZE / 1e6 / seconds for _, seconds in sent)
    print("| figure | measured |\n|---|---|")
    print(f"| memory of the studio before | {before / 1e6:.0f} MB |")
    print(f"| most while {FILES} files of {SIZE / 1e6:.0f} MB came in one after the other | {row / 1e6:.0f} MB (+{(row - before) / 1e6:.0f}) |")  # fmt: skip
    print(f"| most while they came in at once | {abreast / 1e6:.0f} MB (+{(abreast - before) / 1e6:.0f}) |")
    print(f"| most while one of {REFUSED / 1e6:.0f} MB was refused (413 after {refused[1]:.2f} s) | {large / 1e6:.0f} MB |")  # fmt: skip
    print(f"| after | {after / 1e6:.0f} MB (+{(after - before) / 1e6:.0f}) |")
    print(f"| one after the other, median | {speed:.0f} MB/s |")
    print(f"| at once, all together | {FILES * SIZE / 1e6 / whole:.0f} MB/s |")


def _seconds(url: str, ticket: str, size: int) -> tuple[int, float]:
    """Send a table of `size` bytes; the status and how long it took."""

    def parts() -> Iterator[bytes]:
        piece, left = LINE * 4000, size
        while left > 0:
            yield piece[:left]
            left -= len(piece)

    headers = {"X-Bentu-Upload": ticket, "X-Bentu-Name": "reviews.csv", "Content-Length": str(size)}
    began = time.monotonic()
    with httpx.Client(trust_env=False, timeout=120) as client:
        answer = client.put(url, content=parts(), headers=headers)
    return answer.status_code, time.monotonic() - began


@contextmanager
def _watched(process: psutil.Process) -> Iterator[list[int]]:
    """A list whose one element is the largest resident set seen since it was last set."""
    peak, ended = [process.memory_info().rss], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def _ticket(url: str) -> str:
    """The ticket of the data page's field, read from what the page sends with a first small file."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        page.goto(f"{url}/?lang=en")
        page.get_by_role("button", name="Start with my data").click()
        with page.expect_request("**/api/uploads") as request:
            page.locator("input[type=file]").set_input_files(
                {"name": "a.csv", "mimeType": "text/csv", "buffer": b"text\na\n"}
            )
        ticket = str(request.value.headers["x-bentu-upload"])
        browser.close()
    return ticket


@contextmanager
def _studio(home: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "BENTU_HOME": home, "BENTU_DEMO_START": "no"}
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[1],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 120
        while True:
            try:
                httpx.get(
                    f"http://127.0.0.1:{port}/api/health", timeout=2, trust_env=False
                ).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None and time.monotonic() < until, "the studio did not start"
                time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(30)
        _end_workers(home)


def _end_workers(home: str) -> None:
    """End the supervisor and the fork servers of this home; they would end by themselves a little later."""
    for process in psutil.process_iter(["pid"]):
        try:
            if process.environ().get("BENTU_HOME") == home and "engine" in process.cmdline():
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
