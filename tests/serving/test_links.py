"""Links: what is published is seen at once, and what the owner did not publish is not."""

from __future__ import annotations

import errno
import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BentuError
from engine.packaging.signing import load_or_make_key
from engine.serving.errors import ModelUnavailable, PublicationInvalid, PublicationOutdated
from engine.serving.links import Links
from engine.serving.publication import token_digest, write_publication
from tests.serving.studio import TOKEN, Studio, flip

DIGEST = token_digest(TOKEN)
BUNDLE = "0" * 64


class Notes:
    """Notes of a demo process, and the alerts that it raised."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.alerts: list[tuple[str, BentuError]] = []

    def recall(self, prefix: str) -> dict[str, str]:
        return {k: v for k, v in self.kept.items() if k.startswith(prefix)}

    def remember(self, key: str, value: str) -> None:
        self.kept[key] = value

    def alert(self, demo: str, key: str, error: BentuError) -> None:
        assert re.fullmatch(r"[!-~]{1,500}", key), "the studio takes no other keys"
        self.alerts.append((demo, error))


@pytest.fixture
def notes() -> Notes:
    return Notes()


def links_of(studio: Studio, notes: Notes) -> Links:
    return Links(studio.home, studio.key.public, notes, notes.alert)


def test_each_change_is_seen_at_the_next_action(studio: Studio, notes: Notes) -> None:
    links = links_of(studio, notes)
    assert links.find(DIGEST) is None
    for _ in range(20):
        document = studio.publish(BUNDLE)
        assert links.find(DIGEST) == document
    assert links.find(token_digest("another")) is None
    studio.revoke()
    assert links.find(DIGEST) is None
    assert notes.alerts == []


def test_an_unchanged_file_is_not_read_again(
    studio: Studio, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = links_of(studio, notes)
    document = studio.publish(BUNDLE)
    links.find(DIGEST)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: 1 / 0)
    assert links.find(DIGEST) == document


@pytest.mark.parametrize("again", [False, True], ids=["running", "started again"])
def test_what_was_tampered_with_is_refused_and_the_last_good_state_serves(
    studio: Studio, notes: Notes, again: bool
) -> None:
    good = studio.publish(BUNDLE)
    links = links_of(studio, notes)
    links.find(DIGEST)
    content = studio.document().read_bytes()
    other = load_or_make_key(studio.home.parent / "other.key")
    for harm in ("flipped", "unsigned", "nonsense", "empty", "folder", "foreign key"):
        studio.document().unlink(missing_ok=True)
        studio.document().write_bytes(content)
        if harm == "flipped":
            flip(studio.document(), content.index(b"Reviews"))
        elif harm == "unsigned":
            envelope = json.loads(content) | {"signature": ""}
            studio.document().write_text(json.dumps(envelope))
        elif harm == "foreign key":
            write_publication(studio.home, DIGEST, good.model_copy(update={"title": "Mine"}), other)
        elif harm == "folder":
            studio.document().unlink()
            studio.document().mkdir()
        else:
            studio.document().write_bytes(b"[" * 9999 if harm == "nonsense" else b"")
        notes.alerts.clear()
        if again:
            links = links_of(studio, notes)
        assert [links.find(DIGEST) for _ in range(3)] == [good] * 3, harm
        assert [(d, type(e)) for d, e in notes.alerts] == [("demo_1", PublicationInvalid)], harm
        if harm == "folder":
            studio.document().rmdir()
    newer = studio.publish(BUNDLE)
    assert links.find(DIGEST) == newer


@pytest.mark.parametrize("again", [False, True], ids=["running", "started again"])
def test_an_older_document_that_was_put_back_is_refused(studio: Studio, notes: Notes, again: bool) -> None:
    links = links_of(studio, notes)
    studio.publish(BUNDLE)
    old = studio.document().read_bytes()
    links.find(DIGEST)
    new = studio.publish(BUNDLE, title="New")
    links.find(DIGEST)
    studio.document().write_bytes(old)
    if again:
        links = links_of(studio, notes)
    assert links.find(DIGEST) == new
    ((demo, error),) = notes.alerts
    assert (demo, type(error), error.params) == ("demo_1", PublicationOutdated, {"found": 1, "seen": 2})


@pytest.mark.parametrize("again", [False, True], ids=["running", "started again"])
def test_a_revoked_link_does_not_come_back_by_itself(studio: Studio, notes: Notes, again: bool) -> None:
    links = links_of(studio, notes)
    studio.publish(BUNDLE)
    content = studio.document().read_bytes()
    links.find(DIGEST)
    studio.revoke()
    if again:
        links = links_of(studio, notes)
    assert links.find(DIGEST) is None
    assert "Reviews" not in "".join(notes.kept.values())
    studio.document().write_bytes(content)
    if again:
        links = links_of(studio, notes)
    assert links.find(DIGEST) is None
    assert [type(e) for _, e in notes.alerts] == [PublicationOutdated]
    assert links.find(DIGEST) is None
    document = studio.publish(BUNDLE)
    assert links.find(DIGEST) == document


def test_a_document_of_another_demo_is_refused(studio: Studio, notes: Notes) -> None:
    links = links_of(studio, notes)
    mine = studio.publish(BUNDLE)
    links.find(DIGEST)
    studio.publish(BUNDLE, token="theirs", demo="demo_2")
    studio.document().write_bytes(studio.document("theirs").read_bytes())
    assert links.find(DIGEST) == mine
    assert [d for d, _ in notes.alerts] == ["demo_1"]


@pytest.mark.parametrize("again", [False, True], ids=["running", "started again"])
def test_a_copy_under_another_name_opens_nothing_and_outlives_nothing(
    studio: Studio, notes: Notes, again: bool
) -> None:
    mine = studio.publish(BUNDLE)
    shutil.copy(studio.document(), studio.document("copy"))
    links = links_of(studio, notes)
    assert links.find(DIGEST) == mine
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            links.find(token_digest("copy"))
        studio.revoke()
        if again:
            links = links_of(studio, notes)
        assert links.find(DIGEST) is None
    assert {(d, type(e)) for d, e in notes.alerts} == {("demo_1", PublicationInvalid)}


@pytest.mark.parametrize("again", [False, True], ids=["running", "started again"])
def test_the_former_link_of_a_demo_does_not_come_back(studio: Studio, notes: Notes, again: bool) -> None:
    links = links_of(studio, notes)
    studio.publish(BUNDLE)
    old = studio.document().read_bytes()
    links.find(DIGEST)
    studio.revoke()
    new = studio.publish(BUNDLE, token="new")
    studio.document().write_bytes(old)  # before anybody saw that it was gone
    assert links.find(token_digest("new")) == new
    if again:
        links = links_of(studio, notes)
    assert links.find(DIGEST) is None
    assert links.find(token_digest("new")) == new
    notes.kept.pop(f"link:{DIGEST}", None)  # a process that never saw the former link
    notes.alerts.clear()
    with pytest.raises(ModelUnavailable):
        links_of(studio, notes).find(DIGEST)
    assert [(d, type(e)) for d, e in notes.alerts] == [("demo_1", PublicationOutdated)]


def test_a_signature_from_before_documents_named_their_link_is_refused(studio: Studio, notes: Notes) -> None:
    mine = studio.publish(BUNDLE)
    text = json.dumps({k: v for k, v in mine.model_dump(mode="json").items() if k != "link"})
    signed = {"document": text, "signature": studio.key.sign(text.encode())}
    studio.document().write_text(json.dumps(signed))
    with pytest.raises(ModelUnavailable):
        links_of(studio, notes).find(DIGEST)


def failing(error: int, call: str) -> Callable[..., Any]:
    def fail(self: Path, *given: Any, **named: Any) -> Any:
        if self.suffix == ".json":
            raise OSError(error, "for a moment")
        return whole(self, *given, **named)

    whole = getattr(Path, call)
    return fail


@pytest.mark.parametrize("call", ["stat", "read_text"])
@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.EMFILE], ids=errno.errorcode.get)
def test_what_cannot_be_read_for_a_moment_changes_nothing(
    studio: Studio, notes: Notes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    call: str, error: int,
) -> None:  # fmt: skip
    links = links_of(studio, notes)
    good = studio.publish(BUNDLE)
    assert links.find(DIGEST) == good
    paused = studio.publish(BUNDLE, state="off")
    fresh = studio.publish(BUNDLE, token="fresh", demo="demo_2")
    kept = dict(notes.kept)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "engine.serving.links"):
        patch.setattr(Path, call, failing(error, call))
        assert [links.find(DIGEST) for _ in range(3)] == [good] * 3
        with pytest.raises(ModelUnavailable):
            links.find(token_digest("fresh"))
        if call == "stat":  # a process that starts just now
            assert links_of(studio, notes).find(DIGEST) == good
    assert (notes.alerts, notes.kept) == ([], kept)
    assert len(caplog.records) == (1 if call == "read_text" else 2), "once a minute and process"
    assert links.find(DIGEST) == paused
    assert links.find(token_digest("fresh")) == fresh


def test_a_folder_that_is_away_for_a_moment_withdraws_nothing(studio: Studio, notes: Notes) -> None:
    links = links_of(studio, notes)
    good = studio.publish(BUNDLE)
    assert links.find(DIGEST) == good
    folder, away = studio.document().parent, studio.home / "away"
    folder.rename(away)
    assert links.find(DIGEST) == good
    assert links.find(token_digest("wrong")) is None
    started = links_of(studio, notes)
    assert started.find(DIGEST) == good
    away.rename(folder)
    assert [found.find(DIGEST) for found in (links, started)] == [good, good]
    studio.revoke()
    assert [found.find(DIGEST) for found in (links, started)] == [None, None]
    assert notes.alerts == []


def test_where_nothing_good_is_known_the_model_is_unavailable(studio: Studio, notes: Notes) -> None:
    studio.publish(BUNDLE)
    flip(studio.document(), 40)
    links = links_of(studio, notes)
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            links.find(DIGEST)
    assert [d for d, _ in notes.alerts] == [DIGEST]
    assert notes.kept == {}


def test_notes_that_the_owner_did_not_sign_are_not_believed(studio: Studio, notes: Notes) -> None:
    studio.publish(BUNDLE)
    links_of(studio, notes).find(DIGEST)
    key = f"link:{DIGEST}"
    kept = json.loads(notes.kept[key])
    for harm in (
        kept | {"envelope": kept["envelope"].replace("Reviews", "Insults")},
        [],
        None,
        {"demo": "x"},
    ):
        studio.publish(BUNDLE)
        flip(studio.document(), 40)
        notes.kept = {key: json.dumps(harm)}
        with pytest.raises(ModelUnavailable):
            links_of(studio, notes).find(DIGEST)
