"""Cleaning steps: golden pairs hold the behaviour, and nothing that a file can contain makes one fail."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from engine.i18n import render_error
from engine.params import InvalidParameter, fields_of, read_params
from engine.prepare.patterns import PatternInvalid, PatternMatchesNothing, RegexTimeout
from engine.prepare.preview import preview_cleaning
from engine.prepare.steps import Cleaner, CleaningStep, StepVersionUnknown, steps
from engine.prepare.stop_word_lists import LISTS
from engine.recipe import Step

GOLDEN = Path(__file__).parent / "golden"
TASK = "text-classification"
TEXT_STEPS = [step for step in steps if step.task == TASK]
NAMES = [step.name for step in TEXT_STEPS]

ALPHABET = [
    *"ab Z09.,:;!?'\"()[]<>/&#@-_+=%\t\n\r",
    *"你好，。！？ａＡ０　ß İΣςǰ",
    *"\u0301\u0323\u200b\u200c\u200d\u202e\ufe0f\u20e3\u00ad\x00\x1f\x85\ufeff\uff9e",
    "😀", "👍🏽", "🇨🇳", "❤", "👩\u200d👧", "أهلا", "ọ́", "https://t.cn/a", "www.a.b", "繁體頭髮", "服务态度很好", "cafÃ©", "浣犲ソ", "the ", "的 ", "đọ̀", "x@y.org", "13800138000", "<b>", "</b>", "<!--",
    "-->", "<script>", "</script>", "&amp;", "&#", "@user", "[link]",
]  # fmt: skip

LONG = 200_000
NASTY = {
    "empty": "",
    "spaces": " " * LONG,
    "letters": "a" * LONG,
    "digits": "1" * LONG,
    "phone digits": "138 " * (LONG // 4),
    "dots": "a." * (LONG // 2),
    "brackets": "<" * LONG,
    "tags": "<a " * (LONG // 3),
    "comments": "<!--" * (LONG // 4),
    "scripts": "<script>" * (LONG // 8),
    "entities": "&#1" + "2" * LONG,
    "ampersands": "&a" * (LONG // 2),
    "at signs": "@" * LONG,
    "almost mail": "a@a." * (LONG // 4),
    "plus": "+1-" * (LONG // 3),
    "links": "http://" * (LONG // 7),
    "marks": "a" + "\u0301\u0323" * (LONG // 2),
    "half-width marks": "ｶ" + "\uff9e\u0301" * (LONG // 2),
    "right to left": "\u202e" + "أهلا " * (LONG // 5),
    "flags": "🇨" * LONG,
    "joiners": "👩\u200d" * (LONG // 2),
    "selectors": "❤" + "\ufe0f" * LONG,
    "apostrophes": "a'" * (LONG // 2),
    "traditional": "繁體中文的頭髮與發展" * (LONG // 10),
    "one character": "的" * LONG,
    "wrongly decoded": "cafÃ©浣犲ソ" * (LONG // 8),
    "lost": "\ufffd" * LONG,
    "stop words": "the 的 na " * (LONG // 9),
    "digits and stops": "1." * (LONG // 2),
    "controls": "".join(map(chr, range(0x20))) * (LONG // 32),
}


def variants(step: CleaningStep) -> list[dict]:
    """The defaults, and every value of every choice and switch by itself."""
    found: list[dict] = [{}]
    for field in fields_of(step.Params):
        values = {
            "choice": field.choices, "bool": (True, False), "int": (field.low, field.high),
            "text": ("", "a", "\\w+$", "sent from my phone\n你好"),
        }[field.kind]  # fmt: skip
        found += [{field.name: value} for value in values]
    return found


def golden(name: str) -> dict:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def test_there_is_a_golden_file_for_every_text_step_and_no_other():
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_golden_pairs(name):
    step, stored = steps.get(name), golden(name)
    assert stored["version"] == step.version, "a changed behaviour is a new version with pairs of its own"
    assert len(stored["pairs"]) >= 5
    assert any(pair["in"] != pair["out"] for pair in stored["pairs"])
    for pair in stored["pairs"]:
        part = Step(name=name, version=step.version, params=pair["params"])
        assert Cleaner([part])([pair["in"]]) == [pair["out"]], pair


@pytest.mark.parametrize("name", NAMES)
def test_golden_pairs_cover_every_choice(name):
    """Each non-default value of a switch or choice has a pair that shows what it does."""
    step, pairs = steps.get(name), golden(name)["pairs"]
    for field in fields_of(step.Params):
        if field.kind in ("choice", "bool"):
            others = set(field.choices or (True, False)) - {field.default}
            assert others <= {pair["params"].get(field.name, field.default) for pair in pairs}, field.name


@pytest.mark.parametrize("name", NAMES)
def test_nasty_texts_take_linear_time(name):
    """A quadratic step takes minutes on 200 000 characters; the limit leaves room for a busy machine."""
    step = steps.get(name)
    for nasty, text in NASTY.items():
        started = time.process_time()
        step.apply(text, read_params(step.Params, {}, name)).encode("utf-8")
        assert time.process_time() - started < 5, nasty
    for params in variants(step):
        for text in NASTY.values():
            step.apply(text[: LONG // 20], read_params(step.Params, params, name)).encode("utf-8")


# Tags and entities can stand for further tags and entities; once is what was asked for.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "html"])
def test_a_second_time_changes_nothing(name):
    step = steps.get(name)
    params = read_params(step.Params, {}, name)
    draw = random.Random(0)
    texts = ["".join(draw.choices(ALPHABET, k=draw.randint(1, 20))) for _ in range(3000)]
    for text in texts:
        once = step.apply(text, params)
        assert step.apply(once, params) == once, ascii(text)


@pytest.mark.parametrize("name", NAMES)
def test_random_texts_never_fail(name):
    step = steps.get(name)
    draw = random.Random(1)
    for params in variants(step):
        read = read_params(step.Params, params, name)
        for _ in range(300):
            step.apply("".join(draw.choices(ALPHABET, k=draw.randint(0, 30))), read).encode("utf-8")


REWRITE = {"case", "numbers", "segment"}
"""Steps whose work shows in ordinary text."""


def test_plain_text_stays_as_it_is_in_every_step_that_repairs():
    text = "A calm sentence, with 3 words more. 一句普通的话"
    for name in set(NAMES) - REWRITE - {"stop_words"}:
        assert Cleaner([Step(name=name)])([text]) == [text], name


def test_every_step_introduces_itself():
    for step in TEXT_STEPS:
        assert step.title
        assert step.help
        assert all(field.title and field.help for field in fields_of(step.Params))
    assert len({step.order for step in TEXT_STEPS}) == len(TEXT_STEPS)


def test_the_steps_work_together_in_their_order():
    text = "<p>ＮＥＷ！！！！！ See https://t.cn/x @bob\u200b 13800138000</p>"
    parts = [Step(name=step.name) for step in TEXT_STEPS]
    assert Cleaner(parts)([text]) == ["new!!! see [link] [user] [phone]"]


def test_switched_off_steps_are_not_run_and_unknown_versions_are_refused():
    assert Cleaner([Step(name="case", enabled=False)])(["ABC"]) == ["ABC"]
    with pytest.raises(StepVersionUnknown):
        Cleaner([Step(name="case", version=99, enabled=False)])


def test_casefold_recomposes_letters_and_never_shortens_the_alphabet():
    step = steps.get("case")
    params = read_params(step.Params, {"form": "casefold"}, "case")
    for code in range(0x20, 0x2FFFF):
        if 0xD800 <= code <= 0xDFFF:
            continue
        once = step.apply(chr(code), params)
        assert once
        assert step.apply(once, params) == once, hex(code)


def apply(name: str, text: str, **params: object) -> str:
    return Cleaner([Step(name=name, params=params)])([text])[0]


def test_a_pattern_that_never_ends_is_stopped_and_the_row_is_named():
    part = Step(name="pattern", params={"pattern": "(a+)+$"})
    inputs = pd.Series(["ok", "a" * 3000 + "!"], index=[6, 7])
    started = time.process_time()
    with pytest.raises(RegexTimeout) as caught:
        preview_cleaning(inputs, [part])
    assert time.process_time() - started < 5
    assert caught.value.code == "REGEX_TIMEOUT"
    assert "row 8, a text of 3001 characters" in render_error(caught.value, "en")[0]
    with pytest.raises(RegexTimeout) as served:
        Cleaner([part])(inputs.tolist())
    assert served.value.params["row"] is None


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("ab(", PatternInvalid),
        ("*", PatternInvalid),
        ("a*", PatternMatchesNothing),
        ("x" * 501, InvalidParameter),
    ],
)
def test_patterns_that_cannot_be_read_are_refused_when_they_are_written(pattern, error):
    with pytest.raises(error):
        read_params(steps.get("pattern").Params, {"pattern": pattern}, "pattern")


def test_a_bad_pattern_is_said_with_its_place():
    with pytest.raises(PatternInvalid) as caught:
        apply("pattern", "x", pattern="ab(")
    assert caught.value.params["position"] == 4


def test_marks_are_folded_off_latin_letters_in_either_form_and_off_no_others():
    for code in range(0x20, 0x2FFF):
        letter = chr(code)
        folded = apply("diacritics", letter)
        assert folded
        if not (
            "\u00c0" <= letter <= "\u024f" or "\u0370" <= letter <= "\u03ff" or "\u1e00" <= letter <= "\u1fff"
        ):
            assert folded == letter, hex(code)
        elif letter.isalpha():
            assert apply("diacritics", unicodedata.normalize("NFD", letter)) == folded or not folded.isascii()


def test_many_phrases_at_the_ends_take_linear_time():
    def cost(times: int) -> float:
        text, started = "bye " * times, time.process_time()
        assert apply("boilerplate", text, phrases="bye\nhello") == ""
        return time.process_time() - started

    cost(1000)
    assert cost(80_000) < 30 * max(cost(8_000), 0.002)


def test_more_phrases_than_one_can_mean_are_refused():
    with pytest.raises(InvalidParameter):
        read_params(
            steps.get("boilerplate").Params, {"phrases": "\n".join(map(str, range(101)))}, "boilerplate"
        )


def test_cutting_tears_no_letter_from_its_marks():
    draw = random.Random(3)
    for _ in range(500):
        text = "".join(draw.choices(ALPHABET, k=60))
        cut = apply("length", text, longest=20, whole_words=False)
        assert len(cut) <= 20
        assert text.startswith(cut)
        rest = text[len(cut) : len(cut) + 1]
        assert len(text) <= 20 or not unicodedata.combining(rest or "a") or not cut


def test_segmenting_only_puts_spaces_in_and_traditional_comes_back_from_simplified():
    text = "这家店的服务态度很好，下次还会带朋友来！abc"
    assert apply("segment", text).replace(" ", "") == text
    assert apply("chinese_script", apply("chinese_script", text, to="traditional")) == text


@pytest.mark.parametrize("language", sorted(LISTS))
def test_no_list_of_stop_words_holds_a_negation(language):
    negations = "not no never nor neither none don't cannot 不 没 没有 无 非 别 ba babu a'a ba'a kada kò kì í si hapana hakuna siyo sio አይደለም የለም አልነበረም"
    assert not LISTS[language] & (set(negations.split()) - {"si"})
    assert all(word == unicodedata.normalize("NFC", word.lower()) for word in LISTS[language])


def test_heavy_dictionaries_are_read_at_the_first_chinese_text_only():
    code = (
        "import sys; from engine.prepare.steps import Cleaner; from engine.recipe import Step;"
        "c = Cleaner([Step(name=n) for n in ('chinese_script', 'segment', 'decoding', 'pattern')]); c(['plain', 'héllo 😀']);"
        "assert not {'opencc', 'rjieba'} & set(sys.modules); c(['繁體字']); assert {'opencc', 'rjieba'} <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
