"""The demo process beside the studio, and by hand: started, kept, taken along, and refused where something is left out."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser

from engine.jobs.demo_options import KEY, command, environment, listening
from tests.e2e.conftest import ROOT, Server, end_workers, free_port
from tests.e2e.strangers import Visit, ask, feedback, stream_status, visiting
from tests.published import GOOD, TOKEN, publish, studio_key

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flags": []}, "server.allowedHosts|server.maxUploadSize"), ({KEY: ""}, KEY), ({"file": "bentu.db"}, r"bentu\.db"),
    ],
)  # fmt: skip
def test_it_refuses_to_start_with_something_left_out(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    """One of each kind, as a process; tests/jobs/test_demo_options.py has them all."""
    home = tmp_path / "demo"
    home.mkdir()
    line = command(listening())
    line[line.index("--server.port") + 1] = str(free_port())
    own = environment(home, studio_key(tmp_path).public)
    if "file" in change:
        (home / change["file"]).touch()
    elif "flags" in change:
        flags = change["flags"]
        line = (
            [*line, *flags] if flags else [*line[:5], "--server.port", line[line.index("--server.port") + 1]]
        )
    else:
        own |= change
    done = subprocess.run(line, env=own, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert re.search(reason, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "inbox.db").exists()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Server]:
    """A studio that keeps its demo process, with one demo published by hand."""
    home = tmp_path / "studio"
    home.mkdir()
    running = Server(home)
    running.start()
    (home / "demo").mkdir(exist_ok=True)
    publish(home / "demo", studio_key(home))
    yield running
    running.stop()
    end_workers(home)


@pytest.fixture
def visit(browser: Browser, studio: Server) -> Iterator[Visit]:
    with visiting(browser, studio.demo_url) as opener:
        yield opener


def said_of_itself(studio: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((studio.home / "demo/server.json").read_text())
    return found


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_studio_starts_it_keeps_it_and_takes_it_along(studio: Server, visit: Visit) -> None:
    until(lambda: healthy(studio.demo_url))
    first = said_of_itself(studio)
    assert first["port"] == studio.demo_port
    own = psutil.Process(first["pid"]).environ()
    assert own["BENTU_MODE"] == "demo" and own["BENTU_HOME"] == str(studio.home / "demo")
    assert "BENTU_DATABASE_URL" not in own
    assert not any(
        str(f.path).startswith(str(studio.home / "bentu.db"))
        for f in psutil.Process(first["pid"]).open_files()
    )
    ask(visit().page, GOOD)
    assert feedback(studio.demo_url).status_code == 201

    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: healthy(studio.demo_url) and said_of_itself(studio)["pid"] != first["pid"])
    assert feedback(studio.demo_url).status_code == 201

    second = said_of_itself(studio)["pid"]
    assert studio.process is not None
    studio.process.kill()
    studio.process.wait()
    studio.process = None
    until(
        lambda: not psutil.pid_exists(second) or psutil.Process(second).status() == psutil.STATUS_ZOMBIE, 15
    )
    assert not healthy(studio.demo_url)

    studio.start()
    until(lambda: healthy(studio.demo_url))
    third = said_of_itself(studio)["pid"]
    studio.stop()
    assert not psutil.pid_exists(third)


def test_the_studio_has_no_demo_routes_and_a_door_of_its_own(studio: Server) -> None:
    assert httpx.get(f"{studio.url}/api/health").json() == {"status": "ok"}
    for answer in (
        httpx.get(f"{studio.url}/api/demos/{TOKEN}"),
        httpx.post(f"{studio.url}/api/demos/{TOKEN}/predict", json={}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "PATH_UNKNOWN")
    assert httpx.get(studio.url, headers={"Host": "evil.example"}).status_code == 403
    assert stream_status(studio.url, {"Origin": "http://evil.example"}) == 403
    assert stream_status(studio.url, {"Host": "evil.example"}) == 403
    assert stream_status(studio.url, {"Origin": studio.url}) == 101


def test_a_busy_port_is_no_obstacle_to_the_studio(tmp_path: Path) -> None:
    home = tmp_path / "studio"
    home.mkdir()
    running = Server(home)
    with socket.create_server(("127.0.0.1", running.demo_port)):
        running.start()
        until(lambda: "DEMO_PORT_BUSY" in (home / "server.log").read_text())
        assert healthy(running.url)
    until(lambda: healthy(running.demo_url))
    running.stop()
    end_workers(home)


def test_by_hand(tmp_path: Path) -> None:
    port = str(free_port())
    own = {**os.environ, "BENTU_HOME": str(tmp_path / "studio"), "BENTU_DEMO_PORT": port}
    key = subprocess.run(
        [sys.executable, "-m", "engine", "demo", "--key"],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert key == studio_key(tmp_path / "studio").public
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "demo"], cwd=ROOT, env=own, stdin=subprocess.DEVNULL
    )
    try:
        until(lambda: healthy(f"http://localhost:{port}"))
    finally:
        process.terminate()
        process.wait(15)
