"""Strangers at the desk: what they ask and correct, what is refused, and that the rest is kept whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.i18n import render_error
from engine.services.desk import DemoKeyMissing, Desk, open_desk
from engine.serving.errors import (
    AnswerInvalid,
    CommentTooLong,
    CorrectionInvalid,
    DemoError,
    FeedbackConflict,
    InboxFull,
    InputEmpty,
    InputRefused,
    InputTooLong,
    InputUnknown,
    InputUnreadable,
)
from engine.serving.limits import MAX_COMMENT, MAX_TEXT
from engine.storage.errors import DiskFull
from engine.storage.inbox_writer import Inbox
from tests.services.stranger import VISITOR, kept, say
from tests.serving.studio import TEXT, TOKEN, Studio, generous


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@pytest.fixture
def desk(studio: Studio) -> Iterator[Desk]:
    with Desk(studio.home, studio.key.public, limits=generous()) as opened:
        yield opened


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
