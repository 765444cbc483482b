"""`PUT /api/uploads` over a real socket: what comes in, from whom, under which name, and who may take it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from engine.api import demo_routes, uploads
from engine.api.door import demo_middleware
from engine.errors import NotFound
from engine.services import intake, upload_tickets
from engine.services.upload_budget import UploadBudget
from engine.services.upload_tickets import issue_ticket
from engine.storage.home import folder
from engine.workspace import Workspace
from tests.api.conftest import HOSTS, PAGE
from tests.api.sending import TAB, TABLE, Put, code, sender, studio_door
from tests.api.serving import served


@pytest.fixture(autouse=True)
def budget(monkeypatch: pytest.MonkeyPatch) -> UploadBudget:
    """A budget of the test's own."""
    fresh = UploadBudget()
    monkeypatch.setattr(intake, "budget", fresh)
    return fresh


@pytest.fixture
def client(workspace: Workspace) -> Iterator[httpx.Client]:
    with studio_door() as opened:
        yield opened


@pytest.fixture
def put(client: httpx.Client, workspace: Workspace) -> Put:
    return sender(client, workspace)


def test_a_file_comes_in_and_is_taken_by_its_tab(
    put: Put, workspace: Workspace, budget: UploadBudget
) -> None:
    answer = put(TABLE, "评论 & <b>.csv")
    assert answer.status_code == 201
    said = answer.json()
    assert said == {"id": said["id"], "name": "评论 & <b>.csv", "size": len(TABLE)}
    with pytest.raises(NotFound):
        workspace.datasets.upload(said["id"])
    assert workspace.uploads.take(said["id"], TAB).name == "评论 & <b>.csv"
    assert workspace.uploads.content(said["id"]) == TABLE
    assert workspace.datasets.preview(said["id"]).problem is None
    assert budget.in_flight == 0


def test_a_file_without_a_length_is_counted_as_it_comes(put: Put, workspace: Workspace) -> None:
    def parts(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield b"text,label\n" * 1000

    taken = put(parts(20))
    assert taken.status_code == 201
    assert taken.json()["size"] == 220_000
    refused = put(parts(200), limit=1_000_000)
    assert refused.status_code == 413
    assert code(refused) == "FILE_TOO_LARGE"
    assert len(list(folder("uploads").iterdir())) == 1


@pytest.mark.parametrize(
    "case", ["missing", "made up", "another secret", "run out", "changed", "not ascii", "not base64"]
)
def test_without_a_ticket_of_this_process_nothing_comes_in(
    client: httpx.Client, workspace: Workspace, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = workspace.uploads.ticket(TAB, 1 << 20)
    body, signature = good.split(".")
    if case == "another secret":
        monkeypatch.setattr(upload_tickets, "_SECRET", b"x" * 32)
        foreign = issue_ticket("local", TAB, 1 << 20)
        monkeypatch.undo()
    else:
        foreign = ""
    ticket = {
        "missing": None, "made up": "abc.def", "another secret": foreign,
        "run out": issue_ticket("local", TAB, 1 << 20, now=time.time() - upload_tickets.LIFE - 1),
        "changed": f"{issue_ticket('local', 'tab-2', 1 << 20).split('.')[0]}.{signature}",
        "not ascii": "票".encode(), "not base64": f"{body}.%%%",
    }[case]  # fmt: skip
    headers = {"X-Bentu-Name": "a.csv"} | ({"X-Bentu-Upload": ticket} if ticket is not None else {})
    answer = client.put("/api/uploads", content=TABLE, headers=headers)
    assert answer.status_code == 403
    assert code(answer) == "UPLOAD_TICKET"
    assert not list(folder("uploads").iterdir())


def test_what_one_tab_sent_no_other_tab_and_no_other_owner_takes(put: Put, workspace: Workspace) -> None:
    from engine.services.intake import Uploads
    from engine.services.scope import Scope

    upload_id = put().json()["id"]
    with pytest.raises(NotFound):
        workspace.uploads.take(upload_id, "tab-2")
    stranger = Uploads(Scope("somebody else", workspace.scope.engine))
    with pytest.raises(NotFound):
        stranger.take(upload_id, TAB)
    workspace.uploads.take(upload_id, TAB)
    with pytest.raises(NotFound):
        stranger.content(upload_id)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"},
        {"Origin": "http://localhost:1"}, {"Origin": "http://127.0.0.1"},
    ],
)  # fmt: skip
def test_a_page_elsewhere_sends_nothing(put: Put, headers: dict[str, str]) -> None:
    answer = put(**headers)
    assert answer.status_code == 403
    assert code(answer) == "REQUEST_FOREIGN"
    assert not list(folder("uploads").iterdir())


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [("a.pdf", b"%PDF-1.7\n", "DOCUMENT_REFUSED"), ("a.csv", b"", "EMPTY_FILE"), ("a.csv", b"\x7fELF" + bytes(12), "PROGRAM_REFUSED")],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_the_readers_language_and_not_kept(
    put: Put, name: str, content: bytes, wanted: str
) -> None:
    began = time.monotonic()
    answer = put(content, name, Accept_Language="zh-CN")
    assert answer.status_code == 422
    assert code(answer) == wanted
    assert any("\u4e00" <= c <= "\u9fff" for c in answer.json()["error"]["message"])
    assert time.monotonic() - began < uploads.DROP_SECONDS, "a whole request is answered without waiting"
    assert not list(folder("uploads").iterdir())
    assert put(content or b"x", name, table=False).status_code == 201, "unless it is not meant to be one"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\x", "CON", "a\0b.csv", "\\\\host\\share", "长" * 1300, "/etc/passwd", "\u202egpj.csv"]
)  # fmt: skip
def test_a_name_is_text_and_reaches_no_file(
    put: Put, workspace: Workspace, name: str, bentu_home: Path
) -> None:
    before = {p for p in bentu_home.rglob("*") if "uploads" not in p.parts}
    answer = put(name=name)
    assert answer.status_code == 201
    assert answer.json()["name"] == name[:255]
    assert workspace.uploads.take(answer.json()["id"], TAB).name == name[:255]
    assert {p for p in bentu_home.rglob("*") if "uploads" not in p.parts} == before
    (place,) = folder("uploads").iterdir()
    assert sorted(p.name for p in place.iterdir()) == ["content", "name.json"]


@pytest.mark.parametrize("header", [None, "", "%FF%FE", "%ED%A0%80", "a" * 17_000])
def test_a_name_that_is_no_text_is_refused(
    client: httpx.Client, workspace: Workspace, header: str | None
) -> None:
    headers = {"X-Bentu-Upload": workspace.uploads.ticket(TAB, 1000)}
    if header is not None:
        headers["X-Bentu-Name"] = header
    answer = client.put("/api/uploads", content=b"x", headers=headers)
    assert answer.status_code == 422
    assert code(answer) == "UPLOAD_NAME"


def test_a_file_is_withdrawn_by_its_tab_only_and_only_before_it_is_taken(
    put: Put, client: httpx.Client, workspace: Workspace
) -> None:
    mine, other = workspace.uploads.ticket(TAB, 1000), workspace.uploads.ticket("tab-2", 1000)
    first, second = put().json()["id"], put().json()["id"]

    def delete(upload_id: str, ticket: str) -> int:
        return client.delete(f"/api/uploads/{upload_id}", headers={"X-Bentu-Upload": ticket}).status_code

    assert delete(first, other) == 404
    assert delete(first, "made up") == 403
    assert delete(first, mine) == 204
    assert delete(first, mine) == 404
    assert delete("upl_..%2f..%2fx", mine) == 404
    workspace.uploads.take(second, TAB)
    assert delete(second, mine) == 404
    assert workspace.uploads.content(second) == TABLE


def test_other_methods_are_named(client: httpx.Client) -> None:
    answer = client.post("/api/uploads", content=b"x")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "PUT"


def test_streamlits_own_way_in_is_shut_and_a_demo_has_none(client: httpx.Client, published: Path) -> None:
    for method in ("PUT", "POST", "DELETE"):
        for base in ("", "/behind/a/proxy"):
            answer = client.request(method, f"{base}/_stcore/upload_file/session/file", content=b"x" * 1000)
            assert answer.status_code == 403
            assert code(answer) == "UPLOAD_ELSEWHERE"
    with served(Starlette(routes=demo_routes, middleware=demo_middleware(lambda: HOSTS, PAGE))) as demo:
        answer = demo.put("/api/uploads", content=b"x", headers={"X-Bentu-Upload": issue_ticket("local", TAB, 10), "X-Bentu-Name": "a"})  # fmt: skip
        assert answer.status_code == 404
