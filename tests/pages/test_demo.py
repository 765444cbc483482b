"""The page for strangers, from its own frame, in both languages and in every state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.packaging.signing import SigningKey
from engine.serving.limits import MAX_COMMENT, MAX_TEXT
from engine.serving.publication import token_digest, withdraw_publication
from engine.storage.inbox import FILE, read_entries
from engine.workspace import close_desks
from tests.pages.conftest import ROOT, texts
from tests.published import BAD, GOOD, TOKEN, publish, studio_key

OpenDemo = Callable[..., AppTest]

EVIL = "<img src=x onerror=alert(1)> ![p](http://evil.example/p.png) [a](javascript:1) $\\frac12$ :red[x]"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningKey:
    made = studio_key(tmp_path)
    monkeypatch.setenv("BENTU_DEMO_KEY", made.public)
    return made


@pytest.fixture
def open_demo(bentu_home: Path, key: SigningKey) -> Iterator[OpenDemo]:
    """`open_demo(locale="zh-CN", token=...)` as a stranger's first visit."""

    def opener(locale: str = "en-US", token: str | None = TOKEN, **query: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "ui/demo_shell.py"), default_timeout=60)
        at.context = {"locale": locale, "timezone": "UTC"}
        for name, value in ({"d": token} if token is not None else {}).items() | query.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at

    yield opener
    close_desks()


def ask(at: AppTest, text: str) -> AppTest:
    at.text_area("demo_input_0").set_value(text)
    at.button("demo_ask").click().run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    """All words on the page, the labels of buttons and bars included."""
    labels = [b.label for b in at.button] + [a.label for a in at.text_area]
    bars = [p.proto.text for p in at.get("progress")]
    return "\n".join([texts(at), *labels, *bars, *(b.proto.body for b in at.get("badge"))])


def stored(home: Path) -> list[Any]:
    return [e for e in read_entries(home / FILE, 0, 100) if e.kind == "feedback"]


@pytest.mark.parametrize(("locale", "button"), [("en-GB", "See the answer"), ("zh-TW", "看看结果")])
def test_a_stranger_finds_one_box_and_one_button(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey, locale: str, button: str
) -> None:
    publish(bentu_home, key)
    at = open_demo(locale)
    assert at.title[0].value == "Tastes good?"
    assert len(at.text_area) == 1
    assert at.button("demo_ask").label == button
    assert [at.button(f"demo_example_{i}").label for i in (0, 1)] == [GOOD, BAD]
    assert not at.sidebar.children
    assert "20,000" in said(at)


def test_an_answer_shows_every_class_and_the_version(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key, number=7)
    at = ask(open_demo(), GOOD)
    assert at.subheader[0].value == "good"
    assert [p.proto.text.split(" · ")[0] for p in at.get("progress")] == ["good", "bad"]
    assert "Version 7" in said(at)
    assert stored(bentu_home) == []


def test_right_is_sent_once_and_the_next_text_starts_empty(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    at = ask(open_demo("zh-CN"), GOOD)
    at.segmented_control("demo_verdict_1").set_value("right").run()
    assert "在此之前什么也不保存" in said(at)
    assert "I use your corrections to teach it" in said(at)
    assert stored(bentu_home) == []
    at.button("demo_send").click().run()
    assert not at.exception
    assert at.success[0].value.startswith("谢谢")
    [entry] = stored(bentu_home)
    assert entry.payload["right"] is True
    assert entry.payload["inputs"] == {"text": GOOD}
    assert entry.payload["locale"] == "zh_CN"
    at.button("demo_next").click().run()
    assert at.text_area("demo_input_0").value == ""
    assert not at.subheader


def test_wrong_needs_the_right_class_and_takes_a_comment(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key, classes=("good", "bad", "neither"))
    at = ask(open_demo(), GOOD)
    at.segmented_control("demo_verdict_1").set_value("wrong").run()
    assert at.button("demo_send").disabled
    choices = at.button_group("demo_correction_1")
    assert [o.content for o in choices.proto.options] == ["bad", "neither", "None of these"]
    choices.set_value(2).run()
    at.text_area("demo_comment_1").set_value("  too salty\nreally ")
    at.button("demo_send").click().run()
    [entry] = stored(bentu_home)
    assert entry.payload["correction"] == "neither"
    assert entry.payload["comment"] == "  too salty\nreally "
    assert entry.payload["right"] is False


def test_none_of_these_is_a_correction_without_a_class(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    at = ask(open_demo(), GOOD)
    at.segmented_control("demo_verdict_1").set_value("wrong").run()
    at.button_group("demo_correction_1").set_value(-1).run()
    at.button("demo_send").click().run()
    [entry] = stored(bentu_home)
    assert entry.payload["correction"] is None
    assert entry.payload["right"] is False


def test_sending_again_after_a_lost_connection_stores_one_row(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    at = ask(open_demo(), GOOD)
    at.segmented_control("demo_verdict_1").set_value("right").run()
    at.button("demo_send").click().run()
    # the browser never saw the answer, and its next message brings the same once more
    at.session_state["visit"].sent = False
    at.session_state["demo_verdict_1"] = "right"
    at.run()
    at.button("demo_send").click().run()
    assert at.success
    assert len(stored(bentu_home)) == 1


def test_an_example_is_put_in_and_answered_at_once(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    at = open_demo()
    at.button("demo_example_1").click().run()
    assert at.text_area("demo_input_0").value == BAD
    assert at.subheader[0].value == "bad"
    at.button("demo_example_0").click().run()
    assert at.subheader[0].value == "good"


def test_an_answer_says_which_text_it_is_about(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    at = ask(open_demo(), GOOD)
    at.text_area("demo_input_0").set_value("another").run()
    assert f"“{GOOD}”" in said(at)


def test_several_inputs_are_named(open_demo: OpenDemo, bentu_home: Path, key: SigningKey) -> None:
    publish(bentu_home, key, inputs=("dish", EVIL), examples=({"dish": GOOD, EVIL: "quick"},))
    at = open_demo()
    assert at.text_area("demo_input_0").label == "dish"
    assert "\\<img" in at.text_area("demo_input_1").label
    assert at.button("demo_example_0").label == f"{GOOD} · quick"
    at.button("demo_example_0").click().run()
    assert not at.exception
    assert at.subheader[0].value == "good"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "the input is empty"), (" \n ", "the input is empty"), ("x" * (MAX_TEXT + 1), "20,001 of 20,000")],
)
def test_nothing_and_too_much_are_told(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey, text: str, words: str
) -> None:
    publish(bentu_home, key)
    at = ask(open_demo(), text)
    assert words in said(at)
    assert not at.subheader


def test_a_text_at_the_limit_and_a_comment_beyond_it(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    text = ("👩‍👩‍👧 مرحبا \u202e好吃 " * 4000)[:MAX_TEXT]
    at = ask(open_demo(), text)
    at.segmented_control("demo_verdict_1").set_value("right").run()
    at.text_area("demo_comment_1").set_value("c" * (MAX_COMMENT + 1))
    at.button("demo_send").click().run()
    assert "2,001" in said(at) or "2001" in said(at)
    assert stored(bentu_home) == []
    at.text_area("demo_comment_1").set_value("c" * MAX_COMMENT)
    at.button("demo_send").click().run()
    [entry] = stored(bentu_home)
    assert entry.payload["inputs"]["text"] == text


def test_too_many_requests_name_the_seconds(open_demo: OpenDemo, bentu_home: Path, key: SigningKey) -> None:
    publish(bentu_home, key)
    at = open_demo()
    for _ in range(80):  # tokens come back meanwhile, so a slow machine asks more often
        at = ask(at, GOOD)
        if at.warning:
            break
    assert any("seconds" in w.value for w in at.warning)
    assert at.subheader[0].value == "good"  # the former answer stays


def test_wrong_expired_and_revoked_links_look_alike(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key, token="expired", demo="d2", expires="2020-01-01T00:00:00Z")
    publish(bentu_home, key, token="revoked", demo="d3")
    open_demo(token="revoked")
    withdraw_publication(bentu_home, token_digest("revoked"))
    pages = [
        said(open_demo(token=t))
        for t in (None, "", "never", "expired", "revoked", "../../etc/passwd", "ü" * 5000)
    ]
    assert len(set(pages)) == 1
    assert "There is no demo behind this link." in pages[0]
    assert "这个链接没有对应的演示。" in said(open_demo("zh-CN", token="never"))


def test_who_guesses_links_is_told_to_wait(open_demo: OpenDemo, bentu_home: Path, key: SigningKey) -> None:
    for i in range(21):
        at = open_demo(token=f"guess {i}")
    assert re.search(r"\b(59\d|600) seconds", said(at))


def test_a_revoked_link_with_an_open_page_refuses_the_next_action(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    at = ask(open_demo(), GOOD)
    at.segmented_control("demo_verdict_1").set_value("right").run()
    withdraw_publication(bentu_home, token_digest(TOKEN))
    at.button("demo_send").click().run()
    assert not at.exception
    assert at.title[0].value == "There is no demo behind this link."
    assert not at.text_area
    assert stored(bentu_home) == []


def test_a_paused_demo_says_so_and_asks_nothing(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key, state="off")
    at = open_demo()
    assert "paused by its owner" in at.info[0].value
    assert not at.text_area


def test_a_model_that_is_missing_is_maintenance_and_no_trace(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    model = publish(bentu_home, key)
    (bentu_home / "bundles" / model.bundle / "model" / "model.json").write_bytes(b"{}")
    at = ask(open_demo(), GOOD)
    assert "cannot answer at the moment" in said(at)
    assert not at.error


def test_a_document_that_nobody_signed_is_maintenance(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey, tmp_path: Path
) -> None:
    publish(bentu_home, studio_key(tmp_path / "other"))
    assert open_demo().title[0].value.startswith("The model of this demo cannot answer")


def test_what_limits_the_model_is_in_the_open(open_demo: OpenDemo, bentu_home: Path, key: SigningKey) -> None:
    publish(bentu_home, key, synthetic=True, caveat=f"It must do. {EVIL}")
    words = said(open_demo())
    assert "synthetic" in words
    assert "It must do" in words
    assert "http://evil" not in words


def test_languages_are_those_of_the_demo(open_demo: OpenDemo, bentu_home: Path, key: SigningKey) -> None:
    publish(bentu_home, key, languages=("zh_CN",))
    at = open_demo("en-US", lang="en")
    assert at.button("demo_ask").label == "看看结果"
    assert not at.get("button_group")
    publish(bentu_home, key, serial=2, languages=("en", "zh_CN"))
    at = open_demo("en-US")
    at.segmented_control("demo_language").set_value("zh_CN").run()
    assert at.button("demo_ask").label == "看看结果"
    assert at.query_params["lang"] in ("zh", ["zh"])
    assert at.query_params["d"] in (TOKEN, [TOKEN])


def test_hostile_words_stay_words(open_demo: OpenDemo, bentu_home: Path, key: SigningKey) -> None:
    publish(
        bentu_home, key, title=EVIL, description=f"{EVIL}\n\n{EVIL}", consent=EVIL, caveat=EVIL,
        classes=(EVIL, "<b>x</b> \u202e$y$"), examples=({"text": EVIL},),
    )  # fmt: skip
    at = open_demo()
    at.button("demo_example_0").click().run()
    at.segmented_control("demo_verdict_1").set_value("wrong").run()
    assert not at.exception
    for place in ("title", "subheader", "markdown", "caption", "warning"):
        for element in at.get(place):
            assert not re.search(r"(?<!\\)(<img|!\[p|\[a\]|\$\\frac|:red\[)|http://evil", str(element.value))
    assert at.button("demo_example_0").label.startswith("\\<img")


def test_many_classes_are_chosen_from_a_list(open_demo: OpenDemo, bentu_home: Path, key: SigningKey) -> None:
    from ui.panels import demo_answer

    publish(bentu_home, key, classes=("good", "bad", "neither"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_answer, "PILLS", 2)
        at = ask(open_demo(), GOOD)
        at.segmented_control("demo_verdict_1").set_value("wrong").run()
        at.selectbox("demo_correction_1").set_value(1).run()
        at.button("demo_send").click().run()
    [entry] = stored(bentu_home)
    assert entry.payload["correction"] == "bad"


def test_a_visit_is_counted_once_and_answers_each(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey
) -> None:
    publish(bentu_home, key)
    at = ask(ask(open_demo(), GOOD), BAD)
    at.run()
    close_desks()
    tallies = [e.payload for e in read_entries(bentu_home / FILE, 0, 100) if e.kind == "tally"]
    assert sum(t.get("visits", 0) for t in tallies) == 1
    assert sum(t.get("answers", 0) for t in tallies) == 2


def test_what_nobody_foresaw_is_an_id_and_the_log_quotes_no_visitor(
    open_demo: OpenDemo, bentu_home: Path, key: SigningKey, caplog: pytest.LogCaptureFixture
) -> None:
    from ui.errors import show_unexpected_to_strangers

    shown: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.errors.show_error", shown.append)
        assert show_unexpected_to_strangers(ValueError("cannot read my secret"))
    assert shown[0].params["error_id"] in caplog.text
    assert "secret" not in caplog.text + str(shown[0])
