"""A demo by HTTP: answers, feedback that is stored once, and refusals that say what to do."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from engine.api import body, demos, studio_routes
from engine.packaging.signing import SigningKey
from engine.serving.publication import token_digest, withdraw_publication
from engine.storage.inbox import FILE, read_entries
from engine.workspace import Desk, close_desks
from tests.api.conftest import Ask
from tests.api.serving import served
from tests.published import BAD, GOOD, TOKEN, publish

QUESTION = {"inputs": {"text": GOOD}}


def opinion(answer: Any, **more: Any) -> dict[str, Any]:
    return {"answer": answer.json()["id"], "inputs": {"text": GOOD}, "right": True, **more}


def stored(home: Path) -> list[Any]:
    """What strangers left in the inbox, as the studio reads it."""
    return [e for e in read_entries(home / FILE, 0, 1000) if e.kind == "feedback"]


def code(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


def test_what_a_visitor_may_know(client: httpx.Client, published: Path) -> None:
    told = client.get(f"/api/demos/{TOKEN}").json()
    assert told["title"] == "Tastes good?"
    assert told["classes"] == ["good", "bad"]
    assert told["limits"] == {"characters": 20_000, "comment": 2_000}
    assert told["version"] == 1


def test_an_answer_names_its_version_and_feedback_on_it_is_stored_once(ask: Ask, published: Path) -> None:
    answer = ask("predict", QUESTION)
    assert answer.status_code == 200
    assert answer.json()["label"] == "good"
    assert answer.json()["version"] == 1
    assert answer.headers["cache-control"] == "no-store"
    said = opinion(answer, right=False, correction="bad", comment="太咸了 🧂 \u202eabc")
    first = ask("feedback", said, **{"Accept-Language": "zh-TW,en;q=0.5"})
    assert (first.status_code, first.json()) == (201, {"stored": True, "duplicate": False})
    again = ask("feedback", said)
    assert (again.status_code, again.json()) == (200, {"stored": True, "duplicate": True})
    other = ask("feedback", {**said, "comment": "something else"})
    assert (other.status_code, code(other)) == (409, "FEEDBACK_CONFLICT")
    [entry] = stored(published)
    assert entry.payload["comment"] == said["comment"]
    assert entry.payload["locale"] == "zh_CN"
    assert "203.0.113.5" not in str(entry)


def test_a_link_that_was_never_made_has_expired_or_was_revoked_looks_the_same(
    client: httpx.Client, published: Path, key: SigningKey
) -> None:
    publish(published, key, token="expired", demo="d2", expires="2020-01-01T00:00:00Z")
    publish(published, key, token="revoked", demo="d3")
    assert client.get("/api/demos/revoked").status_code == 200
    withdraw_publication(published, token_digest("revoked"))
    answers = [client.get(f"/api/demos/{token}") for token in ("never", "expired", "revoked")]
    assert {a.status_code for a in answers} == {404}
    assert len({a.content for a in answers}) == 1
    assert len({tuple(sorted(a.headers.items())) for a in answers}) == 1


def test_feedback_for_a_revoked_link_is_refused(ask: Ask, published: Path) -> None:
    answer = ask("predict", QUESTION)
    withdraw_publication(published, token_digest(TOKEN))
    assert ask("feedback", opinion(answer)).status_code == 404
    assert ask("predict", QUESTION).status_code == 404
    assert stored(published) == []


def test_a_paused_demo_says_so(ask: Ask, published: Path, key: SigningKey) -> None:
    publish(published, key, serial=2, state="off")
    answer = ask("predict", QUESTION)
    assert (answer.status_code, code(answer)) == (503, "DEMO_PAUSED")


def test_errors_come_in_the_language_of_the_reader(ask: Ask) -> None:
    said = ask("predict", QUESTION, token="none", **{"Accept-Language": "fr, zh-CN;q=0.8, en;q=0.1"}).json()
    assert said["error"] == {
        "code": "DEMO_NOT_FOUND", "message": "这个链接没有对应的演示。",
        "remedy": "请检查链接是否完整，或向发给你链接的人要一个新的。",
    }  # fmt: skip
    assert "no demo" in ask("predict", QUESTION, token="none").json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        ("{", 422, "REQUEST_INVALID"), ("[]", 422, "REQUEST_INVALID"), ("", 422, "REQUEST_INVALID"),
        ('{"inputs": {"text": 1}}', 422, "REQUEST_INVALID"), ('{"inputs": {}, "model": "x"}', 422, "REQUEST_INVALID"),
        ('{"inputs": {}}', 422, "INPUT_UNKNOWN"), ('{"inputs": {"text": " \\n "}}', 422, "INPUT_EMPTY"),
        ('{"inputs": {"text": "a", "path": "../../etc/passwd"}}', 422, "INPUT_UNKNOWN"),
        ('{"inputs": {"text": "\\ud800"}}', 422, "REQUEST_INVALID"),
        ('{"inputs": {"text": "a\\u0000b"}}', 422, "INPUT_UNREADABLE"),
    ],
)  # fmt: skip
def test_bad_requests(client: httpx.Client, content: str, status: int, expected: str) -> None:
    answer = client.post(
        f"/api/demos/{TOKEN}/predict", content=content, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, code(answer)) == (status, expected)
    assert "Traceback" not in answer.text


def test_a_form_of_another_site_cannot_post(client: httpx.Client) -> None:
    answer = client.post(f"/api/demos/{TOKEN}/predict", content='{"inputs": {"text": "a"}}')
    assert (answer.status_code, code(answer)) == (415, "NOT_JSON")


def test_20_kb_in_every_script_are_read_whole_and_one_more_is_refused(ask: Ask, published: Path) -> None:
    text = ("👩‍👩‍👧 مرحبا \u202e好吃 " * 4000)[:20_000]
    answer = ask("predict", {"inputs": {"text": text}})
    assert answer.status_code == 200
    said = {"answer": answer.json()["id"], "inputs": {"text": text}, "right": True, "comment": "ف" * 2000}
    assert ask("feedback", said).status_code == 201
    [entry] = stored(published)
    assert entry.payload["inputs"]["text"] == text
    assert entry.payload["comment"] == "ف" * 2000
    too_long = ask("predict", {"inputs": {"text": text + "x"}})
    assert (too_long.status_code, code(too_long)) == (413, "INPUT_TOO_LONG")
    comment = ask("feedback", {**said, "comment": "c" * 2001})
    assert (comment.status_code, code(comment)) == (413, "COMMENT_TOO_LONG")
    assert len(stored(published)) == 1


def test_the_body_is_counted_while_it_comes(client: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 10 * body.MAX_BODY:
            sent += 10_000
            yield b"x" * 10_000

    answer = client.post(
        f"/api/demos/{TOKEN}/predict", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, code(answer)) == (413, "REQUEST_TOO_LARGE")
    assert answer.headers["connection"] == "close"


def test_the_longest_text_and_comment_fit_also_escaped(ask: Ask, client: httpx.Client) -> None:
    text = "😀" * 20_000
    answer = ask("predict", {"inputs": {"text": text}})
    said = {"answer": answer.json()["id"], "inputs": {"text": text}, "right": True, "comment": "😀" * 2_000}
    escaped = json.dumps(said)
    assert len(escaped) > 264_000
    sent = client.post(
        f"/api/demos/{TOKEN}/feedback", content=escaped, headers={"Content-Type": "application/json"}
    )
    assert sent.status_code == 201


def test_who_leaves_while_sending_leaves_nothing_in_the_log(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        f"POST /api/demos/{TOKEN}/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        "Content-Type: application/json\r\n\r\n{"
    ).encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as raw:
            raw.sendall(head)
    assert client.get("/api/health").status_code == 200
    time.sleep(0.3)
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", f"/api/demos/{TOKEN}/predict", "POST"), ("DELETE", f"/api/demos/{TOKEN}", "GET, HEAD"),
        ("BREW", "/api/health", "GET, HEAD"),
    ],
)  # fmt: skip
def test_another_method_is_refused_in_json(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path, headers={"Accept-Language": "zh"})
    assert (answer.status_code, code(answer)) == (405, "METHOD_UNKNOWN")
    assert answer.headers["allow"] == allowed


def test_the_studio_says_in_json_that_there_is_nothing() -> None:
    page = Route("/{rest:path}", lambda request: PlainTextResponse("the app"))
    with served(Starlette(routes=[*studio_routes, page])) as studio:
        for path in ("/api", "/api/", f"/api/demos/{TOKEN}", "/api/x/y"):
            answer = studio.get(path)
            assert (answer.status_code, code(answer)) == (404, "PATH_UNKNOWN")
        assert studio.post("/api/demos/x/predict", json={}).status_code == 404
        assert studio.post("/api/health").status_code == 405
        assert studio.get("/home").text == "the app"


def test_too_many_requests_name_the_time(ask: Ask) -> None:
    answers = [ask("predict", QUESTION) for _ in range(22)]
    assert [a.status_code for a in answers[:20]] == [200] * 20
    last = answers[-1]
    assert (last.status_code, code(last)) == (429, "TOO_MANY_REQUESTS")
    assert 1 <= int(last.headers["retry-after"]) <= 4
    assert last.headers["retry-after"] in last.json()["error"]["remedy"]


def test_who_guesses_links_is_shut_out(ask: Ask, client: httpx.Client) -> None:
    answers = [client.get(f"/api/demos/guess{i}") for i in range(25)]
    assert answers[0].status_code == 404
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 500
    assert client.get(f"/api/demos/{TOKEN}").status_code == 200


def test_what_nobody_foresaw_is_an_id_and_the_log_quotes_no_visitor(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def visitor(self, address: str) -> str:
            return "v"

        def predict(self, token: str, inputs: Any, visitor: str) -> None:
            raise ValueError(f"cannot read {inputs}")

    monkeypatch.setattr(demos, "desk", Broken)
    answer = ask("predict", {"inputs": {"text": "my secret"}})
    assert (answer.status_code, code(answer)) == (500, "UNEXPECTED")
    assert "ValueError" in caplog.text and "demos.py" in caplog.text
    assert "secret" not in caplog.text + answer.text
    error_id = answer.json()["error"]["message"].split("error ")[1].split(")")[0]
    assert error_id in caplog.text


def test_links_and_texts_are_not_logged(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ask("feedback", opinion(ask("predict", QUESTION), comment="my comment"))
    ask("predict", {"inputs": {"text": BAD}}, token="a-wrong-link")
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    for secret in (TOKEN, "a-wrong-link", GOOD, BAD, "my comment", "203.0.113.5"):
        assert secret not in "\n".join(ours)


def test_one_desk_serves_page_and_routes(published: Path) -> None:
    first = demos.desk()
    assert isinstance(first, Desk)
    assert demos.desk() is first
    close_desks()
    assert demos.desk() is not first


def test_a_flood_is_told_to_wait_and_leaves_another_demo_answering(
    ask: Ask, published: Path, key: SigningKey
) -> None:
    publish(published, key, token="calm", demo="demo_calm")
    flooding = threading.Event()
    seen: list[int] = []

    def flood(_: int) -> None:
        while not flooding.is_set():
            seen.append(ask("predict", QUESTION, **{"X-Forwarded-For": "203.0.113.66"}).status_code)

    with ThreadPoolExecutor(8) as pool:
        floods = [pool.submit(flood, i) for i in range(8)]
        waits = []
        for i in range(15):
            began = time.perf_counter()
            answer = ask("predict", QUESTION, token="calm", **{"X-Forwarded-For": f"203.0.113.{i}"})
            waits.append(time.perf_counter() - began)
            assert answer.status_code == 200
        flooding.set()
        for done in floods:
            done.result()
    assert set(seen) == {200, 429}
    assert seen.count(200) <= 20 + 5
    assert sorted(waits)[-2] < 2


def test_the_model_changes_under_traffic_without_an_error(
    ask: Ask, published: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_DEMO_RATE", "1000")
    over = threading.Event()
    seen: list[tuple[int, int]] = []

    def visitor(_: int) -> None:
        while not over.is_set():
            answer = ask("predict", QUESTION)
            seen.append((answer.status_code, answer.json().get("version", 0)))

    with ThreadPoolExecutor(4) as pool:
        visitors = [pool.submit(visitor, i) for i in range(4)]
        until(lambda: len(seen) > 20)
        second = publish(published, key, serial=2, number=2)
        until(lambda: seen[-1][1] == 2)
        publish(published, key, serial=3, number=1, former=second)
        until(lambda: seen[-1][1] == 1)
        over.set()
        for done in visitors:
            done.result()
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {1, 2}


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
