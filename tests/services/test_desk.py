"""Strangers at the desk: what they see, what they may send, and what never goes wrong for them."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import error_from_json
from engine.feedback.received import read_payload
from engine.i18n import render_error
from engine.packaging.signing import load_or_make_key
from engine.services.desk import DemoKeyMissing, Desk, open_desk
from engine.serving.errors import (
    AnswerInvalid,
    CommentTooLong,
    CorrectionInvalid,
    DemoError,
    DemoNotFound,
    DemoPaused,
    FeedbackConflict,
    InboxFull,
    InputEmpty,
    InputRefused,
    InputTooLong,
    InputUnknown,
    InputUnreadable,
    ModelUnavailable,
    TooManyRequests,
)
from engine.serving.limits import MAX_COMMENT, MAX_TEXT, MISSES, Limits
from engine.serving.publication import token_digest
from engine.storage.errors import DiskFull
from engine.storage.inbox import FILE, Entry, read_entries
from engine.storage.inbox_writer import Inbox
from tests.serving.studio import TEXT, TOKEN, Studio, flip, generous

VISITOR = "0123456789abcdef"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def desk(studio: Studio) -> Iterator[Desk]:
    with Desk(studio.home, studio.key.public, limits=generous()) as opened:
        yield opened


def kept(studio: Studio, kind: str = "feedback") -> list[Entry]:
    """The entries of one kind; the studio would take every entry that is there."""
    found = read_entries(studio.home / FILE, 0, 100_000)
    assert all(read_payload(e.kind, e.demo, e.key, e.payload) is not None for e in found)
    return [e for e in found if e.kind == kind]


def say(desk: Desk, answer: str, **changes: object) -> bool:
    """Send feedback, by default that the answer is right; whether it was a duplicate."""
    said = {
        "inputs": TEXT,
        "right": True,
        "correction": None,
        "comment": None,
        "visitor": VISITOR,
        "locale": "en",
    }
    return desk.feedback(TOKEN, answer, **(said | changes)).duplicate  # type: ignore[arg-type]


def test_a_stranger_finds_asks_and_corrects(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.svm())
    demo = desk.find(TOKEN, VISITOR)
    assert (demo.title, demo.inputs, demo.classes, demo.state, demo.version) == (
        "外卖评价",
        ("text",),
        ("a", "b"),
        "on",
        1,
    )
    assert (demo.examples, demo.synthetic, demo.caveat) == ((TEXT,), True, None)
    answer = desk.predict(TOKEN, TEXT, VISITOR)
    assert (answer.label, answer.version) == ("a", 1)
    assert [p for _, p in answer.probabilities] == sorted((p for _, p in answer.probabilities), reverse=True)
    assert answer.probabilities[0] == ("a", answer.confidence)
    assert round(answer.confidence, 4) == answer.confidence
    assert not say(desk, answer.id, right=False, correction="b", comment="太慢了", locale="zh-CN")
    (entry,) = kept(studio)
    assert entry.demo == "demo_1"
    assert entry.payload == {
        "model": 1, "inputs": TEXT, "answer": "a", "confidence": answer.confidence, "right": False, "correction": "b",
        "comment": "太慢了", "visitor": VISITOR, "locale": "zh_CN",
    }  # fmt: skip


def test_at_most_ten_classes_are_told(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("c07", tuple(f"c{k:02}" for k in range(30))))
    answer = desk.predict(TOKEN, TEXT, VISITOR)
    assert len(answer.probabilities) == 10
    assert answer.label == "c07"


def test_the_same_feedback_twice_is_one_and_other_feedback_is_refused(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    assert not say(desk, answer, right=False, comment="no")
    assert say(desk, answer, right=False, comment="no")
    assert say(desk, answer, right=False, comment="no", visitor="f" * 16, locale="zh_CN")
    for changes in ({"right": True}, {"right": False, "comment": "yes"}, {"right": False, "correction": "b"}):
        with pytest.raises(FeedbackConflict):
            say(desk, answer, **changes)
    (entry,) = kept(studio)
    assert (entry.payload["right"], entry.payload["comment"], entry.payload["visitor"]) == (
        False,
        "no",
        VISITOR,
    )


def test_feedback_belongs_to_an_answer_of_this_demo_to_this_input(studio: Studio, desk: Desk) -> None:
    bundle = studio.majority("a")
    studio.publish(bundle)
    studio.publish(bundle, token="other", demo="demo_2")
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    foreign = desk.predict("other", TEXT, VISITOR).id
    for wrong in (foreign, "", "x.y", answer[:-1], answer.swapcase()):
        with pytest.raises(AnswerInvalid):
            say(desk, wrong)
    with pytest.raises(AnswerInvalid):
        say(desk, answer, inputs={"text": "something else"})
    assert kept(studio) == []


def test_a_correction_fits_the_answer(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    for right, correction in ((True, "b"), (True, "a"), (False, "a"), (False, "z"), (False, "")):
        with pytest.raises(CorrectionInvalid):
            say(desk, answer, right=right, correction=correction)
    assert kept(studio) == []


LONG = [
    "א" * MAX_TEXT, "\u202eabc\u202c مرحبا " * 1000, "👩‍👩‍👧‍👦😀" * 2000, "e" + "\u0301" * (MAX_TEXT - 1), "x\r\n\t" * 5000,
    "<script>alert(1)</script>=HYPERLINK(1)", " a ", "\ufeff\u200bz", "{text} %s {}",
]  # fmt: skip


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_any_text_is_kept_whole(studio: Studio, desk: Desk, text: str) -> None:
    studio.publish(studio.svm())
    answer = desk.predict(TOKEN, {"text": text}, VISITOR)
    comment = text[:MAX_COMMENT]
    say(desk, answer.id, inputs={"text": text}, comment=comment)
    (entry,) = kept(studio)
    assert entry.payload["inputs"] == {"text": text}
    assert entry.payload["comment"] == comment


@pytest.mark.parametrize(
    ("inputs", "error"),
    [({"text": "x" * (MAX_TEXT + 1)}, InputTooLong), ({"text": ""}, InputEmpty), ({"text": " \n\t\u3000"}, InputEmpty),
     ({}, InputUnknown), ({"text": "x", "more": "y"}, InputUnknown), ({"Text": "x"}, InputUnknown),
     ({"text": "a\0b"}, InputUnreadable), ({"text": "好\ud83d"}, InputUnreadable),
     ({f"name{k}": "x" for k in range(5000)}, InputUnknown)],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_kept_whole_is_refused_before_anything_is_computed(
    studio: Studio, desk: Desk, inputs: dict[str, str], error: type[DemoError]
) -> None:
    studio.publish(studio.majority("a"))
    with pytest.raises(error) as caught:
        desk.predict(TOKEN, inputs, VISITOR)
    for locale in ("en", "zh_CN"):
        message, remedy = render_error(caught.value, locale)
        assert "{" not in message + remedy and len(message) < 1000
    with pytest.raises(error):
        say(desk, "any", inputs=inputs)


def test_a_comment_is_kept_whole_or_refused(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    for comment, error in (
        ("x" * (MAX_COMMENT + 1), CommentTooLong),
        ("x" * MAX_TEXT, CommentTooLong),
        ("a\0", InputUnreadable),
    ):
        with pytest.raises(error):
            say(desk, answer, comment=comment)
    say(desk, answer, comment="  \n ")
    assert kept(studio)[0].payload["comment"] is None


def test_the_input_is_made_by_the_tasks_modality(
    studio: Studio, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.publish(studio.svm())
    serving = desk._pool.get(studio.publish(studio.svm()))

    def refuse(*_: object) -> None:
        raise ValueError("could not convert the secret of a stranger")

    monkeypatch.setattr(type(serving.model._modality), "read", refuse)
    with pytest.raises(InputRefused) as caught:
        desk.predict(TOKEN, TEXT, VISITOR)
    assert "secret" not in str(caught.value)


def test_wrong_expired_and_revoked_links_are_one(studio: Studio) -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    bundle = studio.majority("a")
    studio.publish(bundle, token="expired", expires=moment, demo="demo_2")
    studio.publish(bundle, token="revoked", demo="demo_3")
    studio.publish(bundle, expires=moment + timedelta(seconds=1))
    times: dict[str, list[float]] = {"wrong": [], "expired": [], "revoked": []}
    with Desk(studio.home, studio.key.public, limits=generous(), clock=lambda: moment) as desk:
        assert desk.find("revoked", VISITOR).state == "on"
        studio.revoke("revoked")
        assert desk.find(TOKEN, VISITOR).state == "on"
        seen = set()
        for k in range(300):
            for token, spent in times.items():
                for action in (
                    desk.find,
                    lambda t, v: desk.predict(t, TEXT, v),
                    lambda t, v: _feedback(desk, t, v),
                ):
                    start = time.perf_counter()
                    with pytest.raises(DemoNotFound) as caught:
                        action(token, f"{k}")  # type: ignore[operator]
                    spent.append(time.perf_counter() - start)
                    seen.add(
                        (
                            str(caught.value.to_json()),
                            render_error(caught.value, "zh_CN"),
                            caught.value.status,
                        )
                    )
        desk.visited("wrong")
    assert len(seen) == 1
    medians = [statistics.median(spent) for spent in times.values()]
    assert max(medians) - min(medians) < 0.001


def _feedback(desk: Desk, token: str, visitor: str) -> None:
    desk.feedback(token, "x.y", TEXT, True, None, None, visitor, "en")


def test_guessing_links_is_stopped_and_leaves_nothing(studio: Studio) -> None:
    studio.publish(studio.majority("a"))
    with Desk(studio.home, studio.key.public, limits=Limits(factor=1)) as desk:
        for k in range(MISSES):
            with pytest.raises(DemoNotFound):
                desk.find(f"guess{k}", "guesser")
        for token in ("guess", "guess0"):
            with pytest.raises(TooManyRequests) as caught:
                desk.predict(token, TEXT, "guesser")
            assert 590 <= caught.value.params["seconds"] <= 600
        with pytest.raises(DemoNotFound):
            desk.predict("guess", TEXT, "somebody else")
    assert kept(studio, "alert") == []
    assert b"guess" not in b"".join(p.read_bytes() for p in studio.home.glob("inbox*"))


def test_wrong_links_lock_nobody_out_of_a_good_one(studio: Studio) -> None:
    bundle = studio.majority("a")
    studio.publish(bundle)
    studio.publish(bundle, token="revoked", demo="demo_2")
    with Desk(studio.home, studio.key.public, limits=Limits(factor=1)) as desk:
        assert desk.find("revoked", VISITOR).state == "on"
        for k in range(MISSES * 2):  # what a page of another site can make every browser of an office ask
            with pytest.raises((DemoNotFound, TooManyRequests)):
                desk.find(f"guess{k}", VISITOR)
        assert desk.find(TOKEN, VISITOR).state == "on"
        answer = desk.predict(TOKEN, TEXT, VISITOR)
        assert not say(desk, answer.id)
        studio.revoke("revoked")
        for token in ("guess", "revoked"):
            with pytest.raises(TooManyRequests):
                desk.find(token, VISITOR)


HOSTILE = [
    "",
    ".",
    "../../../etc/passwd",
    "..%2f" * 9,
    "a\0b",
    "\ud800",
    "x" * 100_000,
    TOKEN.lower(),
    f"{TOKEN} ",
    token_digest(TOKEN),
]


@pytest.mark.parametrize("token", HOSTILE, ids=range(len(HOSTILE)))
def test_a_token_is_no_path_and_nearly_right_is_wrong(studio: Studio, desk: Desk, token: str) -> None:
    studio.publish(studio.majority("a"))
    (studio.home / "published" / "x").write_text("{}")
    for action in (lambda: desk.find(token, VISITOR), lambda: desk.predict(token, TEXT, VISITOR)):
        with pytest.raises(DemoNotFound):
            action()
    desk.visited(token)


def test_demos_with_the_same_words_do_not_mix(studio: Studio, desk: Desk) -> None:
    labels = {f"token{k}": f"own{k}" for k in range(4)}
    for k, (token, own) in enumerate(labels.items()):
        studio.publish(studio.majority(own, ("other", own)), token=token, demo=f"demo_{k}")

    def ask(k: int) -> tuple[str, str, str]:
        token = f"token{k % 4}"
        answer = desk.predict(token, TEXT, VISITOR)
        desk.feedback(token, answer.id, TEXT, True, None, token, VISITOR, "en")
        return token, answer.label, desk.find(token, VISITOR).classes[1]

    with ThreadPoolExecutor(16) as pool:
        for token, label, own in pool.map(ask, range(200)):
            assert label == own == labels[token]
    assert {(e.demo, e.payload["comment"], e.payload["answer"]) for e in kept(studio)} == {
        (f"demo_{k}", f"token{k}", f"own{k}") for k in range(4)
    }


def test_a_link_is_revoked_between_two_actions(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    studio.revoke()
    with pytest.raises(DemoNotFound):
        say(desk, answer)
    with pytest.raises(DemoNotFound):
        desk.predict(TOKEN, TEXT, VISITOR)
    assert kept(studio) == []


def test_a_paused_demo_shows_itself_and_answers_nothing(studio: Studio, desk: Desk) -> None:
    bundle = studio.majority("a")
    studio.publish(bundle)
    answer = desk.predict(TOKEN, TEXT, VISITOR).id
    studio.publish(bundle, state="off")
    assert desk.find(TOKEN, VISITOR).state == "off"
    with pytest.raises(DemoPaused):
        desk.predict(TOKEN, TEXT, VISITOR)
    with pytest.raises(DemoPaused):
        say(desk, answer)
    studio.publish(bundle)
    assert not say(desk, answer)


def test_without_a_sound_model_there_is_maintenance_and_one_alert(studio: Studio, desk: Desk) -> None:
    studio.publish("0" * 64)
    assert desk.find(TOKEN, VISITOR).title == "外卖评价"
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            desk.predict(TOKEN, TEXT, VISITOR)
    desk.close()
    (entry,) = kept(studio, "alert")
    assert entry.demo == "demo_1"
    error = error_from_json(entry.payload["error"])
    assert error.code == "BUNDLE_DAMAGED" and "{" not in "".join(render_error(error, "zh_CN"))


def test_a_tampered_promotion_leaves_the_last_good_version_serving(studio: Studio) -> None:
    good, bad = studio.majority("a"), studio.majority("b")
    flip(studio.bundle(bad) / "model" / "model.json", 14)
    studio.publish(bad, number=2, former=(1, good))
    for _ in range(2):  # a process that has just started, twice
        with Desk(studio.home, studio.key.public, limits=generous()) as desk:
            answer = desk.predict(TOKEN, TEXT, VISITOR)
            assert (answer.label, answer.version) == ("a", 1)
            assert desk.find(TOKEN, VISITOR).version == 1
    assert len(kept(studio, "alert")) == 1


def test_a_replayed_document_leaves_the_last_good_state_serving(studio: Studio, desk: Desk) -> None:
    first, second = studio.majority("a"), studio.majority("b")
    studio.publish(first)
    desk.predict(TOKEN, TEXT, VISITOR)
    old = studio.document().read_bytes()
    studio.publish(second, number=2, former=(1, first))
    assert desk.predict(TOKEN, TEXT, VISITOR).label == "b"
    studio.document().write_bytes(old)
    assert desk.predict(TOKEN, TEXT, VISITOR).label == "b"
    desk.close()
    (entry,) = kept(studio, "alert")
    assert error_from_json(entry.payload["error"]).code == "PUBLICATION_OUTDATED"


def test_nothing_signed_by_another_key_is_served(studio: Studio, tmp_path: Path) -> None:
    studio.publish(studio.majority("a"))
    stranger = load_or_make_key(tmp_path / "other.key")
    with Desk(studio.home, stranger.public, limits=generous()) as desk, pytest.raises(ModelUnavailable):
        desk.find(TOKEN, VISITOR)


def test_versions_switch_under_eight_threads_without_an_error(studio: Studio, desk: Desk) -> None:
    bundles = {
        number: studio.majority("a" if number % 2 else "b", ("a", "b", f"v{number}"))
        for number in range(1, 9)
    }
    studio.publish(bundles[1])
    desk.predict(TOKEN, TEXT, VISITOR)
    stop, said, failed = threading.Event(), [], []

    def ask(thread: int) -> None:
        while not stop.is_set():
            try:
                answer = desk.predict(TOKEN, TEXT, f"v{thread}")
                said.append((answer.version, answer.label, frozenset(c for c, _ in answer.probabilities)))
            except Exception as problem:
                failed.append(problem)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for number in (*range(2, 9), 7, 8, 1):
        studio.publish(bundles[number], number=number, former=(1, bundles[1]))
        deadline = time.monotonic() + 20
        while desk.predict(TOKEN, TEXT, VISITOR).version != number:
            assert time.monotonic() < deadline
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(said) > 100
    for version, label, classes in said:
        assert (label, classes) == ("a" if version % 2 else "b", {"a", "b", f"v{version}"})


def test_two_hundred_post_in_the_same_second(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    answers = [desk.predict(TOKEN, TEXT, f"v{k}").id for k in range(200)]
    start = threading.Barrier(200)

    def post(k: int) -> bool:
        start.wait()
        return say(desk, answers[k], visitor=f"{k:016x}", comment=f"{k}")

    with ThreadPoolExecutor(200) as pool:
        assert not any(pool.map(post, range(200)))
    assert sorted(int(e.payload["comment"]) for e in kept(studio)) == list(range(200))


def test_a_flooded_demo_leaves_another_answering(studio: Studio) -> None:
    bundle = studio.majority("a")
    studio.publish(bundle)
    studio.publish(bundle, token="quiet", demo="demo_2")
    with Desk(studio.home, studio.key.public, limits=Limits(lambda: 0.0, factor=1)) as desk:

        def flood(k: int) -> bool:
            try:
                desk.predict(TOKEN, TEXT, f"v{k % 100}")
            except TooManyRequests:
                return False
            return True

        with ThreadPoolExecutor(32) as pool:
            assert sum(pool.map(flood, range(1000))) == 20
        assert desk.predict("quiet", TEXT, VISITOR).label == "a"


def test_visits_and_answers_are_counted(studio: Studio, desk: Desk) -> None:
    studio.publish(studio.majority("a"))
    for _ in range(5):
        desk.visited(TOKEN)
    for _ in range(3):
        desk.predict(TOKEN, TEXT, VISITOR)
    desk.close()
    tallies = [e.payload for e in kept(studio, "tally")]
    assert sum(t["visits"] for t in tallies) == 5
    assert sum(t["answers"] for t in tallies) == 3
    assert len(tallies) <= 2


def test_a_full_inbox_is_a_clear_error_and_answers_go_on(
    studio: Studio, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.publish(studio.majority("a"))
    answer = desk.predict(TOKEN, TEXT, VISITOR).id

    def full(*_: object) -> None:
        raise DiskFull(path="/secret/place")

    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "append", full)
        with pytest.raises(InboxFull) as caught:
            say(desk, answer)
        assert "secret" not in str(caught.value) and caught.value.params == {}
        assert desk.predict(TOKEN, TEXT, VISITOR).label == "a"
    assert not say(desk, answer)


def test_the_environment_names_home_and_key(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTU_HOME", str(studio.home))
    monkeypatch.delenv("BENTU_DEMO_KEY", raising=False)
    with pytest.raises(DemoKeyMissing):
        open_desk()
    monkeypatch.setenv("BENTU_DEMO_KEY", studio.key.public)
    studio.publish(studio.majority("a"))
    with open_desk() as desk:
        assert desk.predict(TOKEN, TEXT, desk.visitor("203.0.113.7")).label == "a"
        assert desk.visitor("203.0.113.7") == desk.visitor("203.0.113.7")
