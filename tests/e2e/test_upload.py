"""The field for files in a real browser over a real server: progress, cancel, retry, drop; and the server's memory."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import ROOT, Opener, Server, wait_until_healthy

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

TABLE = b"text,label\n" + b"good food,praise\n" * 200_000
"""3.4 MB."""


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of `field_app`, in a home of its own."""
    running = Server(tmp_path_factory.mktemp("field"))
    own = {"BENTU_HOME": str(running.home)}
    with (running.home / "server.log").open("ab") as log:
        running.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "tests/e2e/field_app.py", "--server.port", str(running.port), "--server.headless", "true"],
            cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **own},
        )  # fmt: skip
    wait_until_healthy(running.url, running.process, running.home / "server.log")
    yield running
    running.stop()


@pytest.fixture
def page(field: Server, open_page: Opener) -> Page:
    return opened(field, open_page)


def opened(field: Server, open_page: Opener, locale: str = "en-US", width: int = 1280) -> Page:
    page = open_page(locale=locale, width=width, at=field.url)
    expect(page.locator(".choose")).to_have_count(2)
    return page


def slow_down(page: Page, rate: int) -> None:
    """Let the browser send no more than `rate` bytes a second; -1 for as fast as it can."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
    session.send("Network.emulateNetworkConditions", limits)


def asks_before_leaving(page: Page) -> bool:
    """Whether the browser would ask before the page is loaded anew."""
    return bool(page.evaluate("!window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"))


def staged(field: Server) -> list[Path]:
    return sorted(p for p in (field.home / "uploads").iterdir() if (p / "name.json").exists())


def test_progress_is_shown_and_survives_a_rerun_and_the_page_gets_the_file(
    page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "评论 <b>x.csv"
    file.write_bytes(TABLE)
    slow_down(page, 1_000_000)
    one = page.locator(".st-key-one")
    one.locator("input[type=file]").set_input_files(file)
    state, bar = one.locator(".state"), one.locator("progress")
    expect(state).to_have_text(re.compile(r"[1-9]\d?% · [\d.]+ (kB|MB) of 3\.4 MB"))
    before = float(bar.evaluate("bar => bar.value"))
    assert asks_before_leaving(page)
    page.get_by_role("button", name="again").click()
    expect(page.get_by_text("kept []")).to_be_visible()
    page.wait_for_timeout(700)
    assert float(bar.evaluate("bar => bar.value")) > before > 0
    expect(page.get_by_role("progressbar", name="Progress of “评论 <b>x.csv”")).to_be_visible()
    slow_down(page, -1)
    expect(page.get_by_text("kept [[('评论 <b>x.csv', 3400011)]]")).to_be_visible()
    expect(one.locator("[role=status]")).to_have_text("“评论 <b>x.csv” was received.")
    assert not asks_before_leaving(page)


def test_a_running_upload_is_cancelled_and_leaves_nothing(page: Page, field: Server, tmp_path: Path) -> None:
    file = tmp_path / "slow.csv"
    file.write_bytes(TABLE)
    before = staged(field)
    slow_down(page, 300_000)
    one = page.locator(".st-key-one")
    one.locator("input[type=file]").set_input_files(file)
    expect(one.locator(".state")).to_have_text(re.compile(r"[1-9]\d?%"))
    page.get_by_role("button", name="Cancel slow.csv").press("Enter")
    expect(one.locator("[role=status]")).to_have_text("“slow.csv” was cancelled.")
    expect(one.locator(".file")).to_have_count(0)
    until = time.monotonic() + 10
    while len(list((field.home / "uploads").iterdir())) > len(before) and time.monotonic() < until:
        time.sleep(0.05)
    assert sorted((field.home / "uploads").iterdir()) == before
    expect(page.get_by_text("kept []")).to_be_visible()


def test_the_servers_reason_is_shown_in_the_readers_language(
    field: Server, open_page: Opener, tmp_path: Path
) -> None:
    page = opened(field, open_page, "zh-CN", 390)
    file = tmp_path / "<img src=x onerror=alert(1)>.pdf"
    file.write_bytes(b"%PDF-1.7\n")
    one = page.locator(".st-key-one")
    expect(one.locator(".choose")).to_have_text("选择文件")
    one.locator("input[type=file]").set_input_files(file)
    expect(one.locator(".error")).to_contain_text("是文档")
    assert one.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="移除<img src=x onerror=alert(1)>.pdf").click()
    expect(one.locator(".file")).to_have_count(0)


def test_a_file_over_the_limit_is_not_even_sent(page: Page, tmp_path: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/api/uploads" in r.url else None)
    file = tmp_path / "large.csv"
    file.write_bytes(b"x" * 3_500_000)
    many = page.locator(".st-key-many")
    many.locator("input[type=file]").set_input_files(file)
    expect(many.locator(".error")).to_have_text("“large.csv” has 3.5 MB; at most 2 MB are accepted.")
    assert not asked


def test_a_broken_connection_is_tried_again_by_a_button(page: Page, tmp_path: Path) -> None:
    cut: list[str] = []

    def break_once(route: Route) -> None:
        if cut:
            route.continue_()
        else:
            cut.append(route.request.url)
            route.abort()

    page.route("**/api/uploads", break_once)
    file = tmp_path / "a.csv"
    file.write_bytes(TABLE)
    one = page.locator(".st-key-one")
    one.locator("input[type=file]").set_input_files(file)
    expect(one.locator(".error")).to_be_visible()
    page.get_by_role("button", name="Try again with a.csv").click()
    expect(page.get_by_text("kept [[('a.csv', 3400011)]]")).to_be_visible()
    assert cut


def test_a_ticket_that_ran_out_is_renewed_without_a_word(page: Page, tmp_path: Path) -> None:
    tickets: list[str] = []

    def refuse_once(route: Route) -> None:
        tickets.append(route.request.headers["x-bentu-upload"])
        if len(tickets) > 1:
            route.continue_()
        else:
            said = {"error": {"code": "UPLOAD_TICKET", "message": "gone", "remedy": "reload"}}
            route.fulfill(status=403, json=said)

    page.route("**/api/uploads", refuse_once)
    file = tmp_path / "a.csv"
    file.write_bytes(TABLE)
    page.locator(".st-key-one input[type=file]").set_input_files(file)
    expect(page.get_by_text("kept [[('a.csv', 3400011)]]")).to_be_visible()
    assert len(tickets) == 2
    assert tickets[0] != tickets[1]


DROP = """(field, files) => {
  const data = new DataTransfer()
  for (const [name, text] of files) data.items.add(new File([text], name))
  for (const kind of ["dragenter", "dragover", "drop"])
    field.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }))
}"""


def test_files_are_dropped_together_and_one_that_fails_keeps_the_others_waiting(page: Page) -> None:
    many = page.locator(".st-key-many .uploader")
    many.evaluate(DROP, [["a.csv", "text\none\n"], ["b.exe", "MZ\x00\x00"], ["c.csv", "text\ntwo\nthree\n"]])
    expect(many.locator(".file[data-state=done]")).to_have_count(2)
    expect(many.locator(".error")).to_be_visible()
    expect(page.get_by_text("kept []")).to_be_visible()
    page.get_by_role("button", name="Remove b.exe").click()
    expect(page.get_by_text("kept [[('a.csv', 9), ('c.csv', 15)]]")).to_be_visible()


def test_a_file_that_is_taken_off_the_list_is_gone_from_the_server(page: Page, field: Server) -> None:
    before = staged(field)
    many = page.locator(".st-key-many .uploader")
    many.evaluate(DROP, [["a.csv", "text\none\n"], ["b.exe", "MZ\x00\x00"]])
    expect(many.locator(".file[data-state=done]")).to_have_count(1)
    with page.expect_response("**/api/uploads/upl_*") as answer:
        page.get_by_role("button", name="Remove a.csv").click()
    assert answer.value.status == 204
    assert staged(field) == before


def test_two_files_in_a_field_for_one_are_refused_in_words(page: Page) -> None:
    one = page.locator(".st-key-one .uploader")
    one.evaluate(DROP, [["a.csv", "text\none\n"], ["b.csv", "text\ntwo\n"]])
    expect(one.locator(".note")).to_have_text("One file at a time is accepted here.")


def test_an_id_that_this_tab_did_not_send_brings_nothing(
    field: Server, open_page: Opener, tmp_path: Path
) -> None:
    """A page that names another tab's file, as a changed page could, is told that there is none."""
    first, second = opened(field, open_page), opened(field, open_page)
    status, answer = sent(field, ticket_of(first), 1_000_000, False)
    assert status == 201
    foreign = json.loads(answer)
    second.route("**/api/uploads", lambda route: route.fulfill(status=201, json=foreign))
    file = tmp_path / "a.csv"
    file.write_bytes(TABLE)
    second.locator(".st-key-one input[type=file]").set_input_files(file)
    expect(second.get_by_text("There is no upload with the id")).to_be_visible()
    expect(second.get_by_text("kept []")).to_be_visible()


def ticket_of(page: Page) -> str:
    """The ticket that the first field of this tab sends files with."""
    with page.expect_request("**/api/uploads") as request:
        page.locator(".st-key-one input[type=file]").set_input_files(
            {"name": "a.csv", "mimeType": "text/csv", "buffer": b"text\na\n"}
        )
    expect(page.get_by_text("kept [[('a.csv', 7)]]")).to_be_visible()
    return str(request.value.headers["x-bentu-upload"])


def test_a_quarter_gigabyte_is_refused_and_accepted_files_pass_with_flat_memory(field: Server, page: Page) -> None:  # fmt: skip
    assert field.process is not None
    ticket = ticket_of(page)
    process = psutil.Process(field.process.pid)
    before = peak = process.memory_info().rss
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.02):
            peak = max(peak, process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        refused = [sent(field, ticket, 250_000_000, chunked)[0] for chunked in (False, True)]
        taken = [sent(field, ticket, 150_000_000, chunked)[0] for chunked in (True, False)]
    finally:
        ended.set()
        watching.join()
    assert refused == [413, 413]
    assert taken == [201, 201]
    assert peak - before < 40_000_000, f"the server grew by {(peak - before) / 1e6:.0f} MB"


def sent(field: Server, ticket: str, size: int, chunked: bool) -> tuple[int, bytes]:
    """Send a table of `size` bytes as a program would; the status and the body of the answer."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    head = (
        f"PUT /api/uploads HTTP/1.1\r\nHost: 127.0.0.1:{field.port}\r\nX-Bentu-Upload: {ticket}\r\nX-Bentu-Name: a.csv\r\n"
        f"{length}\r\n\r\n"
    )
    part = b"some text,label\n" * 65_536
    with socket.create_connection(("127.0.0.1", field.port), 30) as raw:
        try:
            raw.sendall(head.encode())
            left = size
            while left > 0:
                piece = part[:left]
                raw.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if chunked else piece)
                left -= len(piece)
            if chunked:
                raw.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer is there already
        head_came, _, body = raw.recv(65536).partition(b"\r\n\r\n")
        return int(head_came.split()[1]), body or raw.recv(65536)
