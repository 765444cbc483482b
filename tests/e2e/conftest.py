"""A real server over a home of its own, and a real Chromium before it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "artifacts/screenshots"
"""Where the journey leaves its pictures for people to look at; ignored by git."""

UNWANTED = [
    # two pages of the address bar, drawn anew for every tab: half a second of processor time each
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
    # the list replaces Playwright's; these of it matter here
    "HttpsUpgrades", "PaintHolding", "DestroyProfileOnBrowserClose", "PreconnectToSearch", "MediaRouter",
]  # fmt: skip
"""Features of Chromium that the tests do without."""

expect.set_options(timeout=60_000)


@dataclass
class Server:
    """`streamlit run app.py` on a free port; `restart` ends and starts the interface only, not the worker."""

    home: Path
    port: int = field(default_factory=lambda: free_port())
    environment: dict[str, str] = field(default_factory=dict)
    demo_port: int = field(default_factory=lambda: free_port())
    """Where its process for strangers listens."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def demo_url(self) -> str:
        return f"http://localhost:{self.demo_port}"

    def start(self) -> None:
        # most files train no network: TensorFlow need not be loaded for them
        own = {"BENTU_HOME": str(self.home), "BENTU_DEMO_PORT": str(self.demo_port), "BENTU_WARM": "short"}
        own |= self.environment
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port), "--server.headless", "true"],
                cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **own},
            )  # fmt: skip
        wait_until_healthy(self.url, self.process, self.home / "server.log")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def wait_until_healthy(
    url: str, process: subprocess.Popen[bytes] | None, log: Path, seconds: float = 90
) -> None:
    """Wait until a server answers; its log is in the failure."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/api/health", timeout=2) as answer:
                if json.load(answer)["status"] == "ok":
                    return
        except OSError:
            assert process is None or process.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError("the server did not come up: " + log.read_text())


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_workers(home: Path) -> None:
    """End what the server started for this home: its supervisor, fork servers and jobs, known by their environment."""
    for process in psutil.process_iter(["pid"]):
        try:
            mine = process.environ().get("BENTU_HOME") == str(home) and process.pid != os.getpid()
            if mine and "engine" in process.cmdline():
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("e2e"))
    running.start()
    yield running
    running.stop()
    end_workers(running.home)


@pytest.fixture(scope="module")
def fresh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose home nobody has touched: for a file that begins as a newcomer. Let its `server` return it."""
    running = Server(tmp_path_factory.mktemp("fresh"))
    running.start()
    yield running
    running.stop()
    end_workers(running.home)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "install Chromium: sudo apt-get install chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-dev-shm-usage", f"--disable-features={','.join(UNWANTED)}"],
        )
        yield opened
        opened.close()


Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Opener]:
    """`open_page("data", locale="zh-CN", theme="dark", width=390, **query)` in a tab of its own; `at` opens another address."""
    contexts = []

    def opener(
        name: str = "",
        *,
        locale: str = "en-US",
        theme: str = "light",
        width: int = 1280,
        height: int = 900,
        at: str | None = None,
        **query: str,
    ) -> Page:
        context = browser.new_context(
            locale=locale, color_scheme=theme, viewport={"width": width, "height": height},  # type: ignore[arg-type]
            timezone_id="Asia/Shanghai",
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(at or f"{server.url}/{name}?" + "&".join(f"{k}={v}" for k, v in query.items()))
        return page

    yield opener
    for context in contexts:
        context.close()


def shot(page: Page, name: str) -> None:
    """Leave a picture of the page from top to bottom; only with BENTU_SCREENSHOTS=1, for each takes two seconds."""
    if not os.environ.get("BENTU_SCREENSHOTS"):
        return
    SHOTS.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size or {"width": 1280, "height": 900}
    page.wait_for_timeout(300)
    height = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight || 900")
    page.set_viewport_size({"width": size["width"], "height": min(max(int(height), size["height"]), 5000)})
    page.wait_for_timeout(1000)
    page.screenshot(path=str(SHOTS / f"{name}.png"))
    page.set_viewport_size(size)
