"""The field for files on a page: what it is told, and what the page makes of what it reports."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.services.upload_tickets import read_ticket
from engine.services.uploads import stage
from engine.storage.home import folder
from engine.workspace import Workspace
from tests.uploading import field_data, refused, report, upload, upload_all
from ui.state import TICKETS


def page() -> None:
    """The page of these tests; AppTest runs its source."""
    import streamlit as st

    from engine.errors import DataError
    from ui.errors import show_kept_error
    from ui.uploader import uploader

    class NotWanted(DataError):
        code = "NOT_WANTED_IN_THIS_TEST"
        message = "not wanted"

    def kept(files: list) -> None:  # type: ignore[type-arg]
        if any(f.name == "bad.csv" for f in files):
            raise NotWanted()
        st.session_state["kept"] = [(f.name, f.size) for f in files]

    show_kept_error()
    uploader("Files", key="some", multiple=True, max_bytes=3_000_000, on_upload=kept)
    uploader("One", key="one", max_bytes=200_000, table=False, on_upload=kept)


@pytest.fixture
def at(workspace: Workspace) -> AppTest:
    import streamlit as st

    st.cache_resource.clear()
    return AppTest.from_function(page, default_timeout=30).run()


def test_several_files_come_together(at: AppTest) -> None:
    upload_all(at, {"a.csv": b"text\none\n", "评论.csv": b"text\ntwo\n\n"}, key="some")
    assert not at.exception
    assert at.session_state["kept"] == [("a.csv", 9), ("评论.csv", 10)]
    at.session_state["kept"] = None
    at.run()
    assert at.session_state["kept"] is None, "a report is heard once"


def test_the_ticket_holds_what_the_field_may_send_and_stays_for_a_while(at: AppTest) -> None:
    first = str(field_data(at, "some")["ticket"])
    ticket = read_ticket(first)
    assert (ticket.owner, ticket.limit, ticket.table) == ("local", 3_000_000, True)
    one = read_ticket(str(field_data(at, "one")["ticket"]))
    assert (one.limit, one.table) == (200_000, False)
    assert field_data(at.run(), "some")["ticket"] == first
    tickets: dict[str, Any] = at.session_state[TICKETS]
    tickets["some"] = (*tickets["some"][:2], 0.0)
    assert field_data(at.run(), "some")["ticket"] != first


@pytest.mark.parametrize(
    "sent", [[{"id": "upl_nothere"}], [{"id": "../../etc/passwd"}], [{}], [{"id": None}], [{"id": {"a": 1}}], [{"id": "upl_" + "x" * 5000}]]
)  # fmt: skip
def test_what_was_not_sent_is_told_to_be_absent(at: AppTest, sent: list[dict[str, object]]) -> None:
    report(at, sent, "some")
    assert not at.exception
    assert "There is no upload" in at.error[0].value
    assert "kept" not in at.session_state
    assert not at.run().error, "it is said once"


@pytest.mark.parametrize("sent", ["text", 7, {"id": "upl_a"}, [], [None, "upl_a"]])
def test_a_report_of_another_shape_is_nothing(at: AppTest, sent: Any) -> None:
    report(at, sent, "some")
    assert not at.exception
    assert not at.error
    assert "kept" not in at.session_state


def test_the_file_of_another_owner_is_not_taken(at: AppTest) -> None:
    foreign = stage(b"text\na\n", "a.csv", "somebody else")
    report(at, [{"id": foreign.id}], "some")
    assert "There is no upload" in at.error[0].value
    assert (folder("uploads") / foreign.id).exists()


def test_what_the_page_does_not_want_is_shown(at: AppTest) -> None:
    upload(at, "bad.csv", b"text\na\n", key="some")
    assert not at.exception
    assert "not wanted" in at.error[0].value


def test_the_limits_are_those_of_the_field(at: AppTest) -> None:
    assert "at most 2 MB" in refused(at, "a.csv", b"x" * 3_000_001, key="some")
    assert "at most 200 kB" in refused(at, "a.yaml", b"x" * 200_001, key="one")
    upload(at, "program.exe", b"MZ\x00\x00", key="one")
    assert at.session_state["kept"] == [("program.exe", 4)]


@pytest.mark.parametrize(("locale", "choose"), [("en-US", "Choose files"), ("zh-CN", "选择文件")])
def test_its_texts_are_the_readers(workspace: Workspace, locale: str, choose: str) -> None:
    at = AppTest.from_function(page, default_timeout=30)
    at.context = {"locale": locale}
    words = field_data(at.run(), "some")["words"]
    assert isinstance(words, dict)
    assert words["choose"] == choose
    assert "{name}" in words["large"]
    assert "{size}" in words["large"]
    assert "2 MB" in words["limit"]
    assert not [key for key, text in words.items() if not text and key != "between"]
