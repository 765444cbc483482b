from __future__ import annotations

import random
import re
import unicodedata

import pandas as pd
import pytest
import regex

from engine.data import characters, errors, language_batch, limits
from engine.data.characters import count_characters
from engine.data.languages import UNKNOWN, language_counts
from engine.data.measures import Measure, measure
from engine.data.modalities import text as text_module
from engine.data.schema import make_schema
from engine.data.scripts import script_of
from engine.modality import keys_of, modalities

TEXT = modalities.get("text-classification")


def series(*texts: str) -> pd.Series:
    return pd.Series(list(texts), dtype="str", name="text")


def test_several_columns_are_joined_in_schema_order() -> None:
    frame = pd.DataFrame(
        {"body": ["b1", "", "b3"], "title": ["t1", "t2", ""], "n": ["", "", ""]}, dtype="str", index=[4, 5, 6]
    )
    both = TEXT.read(frame, make_schema({"title": "input", "body": "input"}, ["body", "title", "n"]))
    assert (
        both.tolist() == ["b1\nt1", "\nt2", "b3\n"]
        and both.name == "body + title"
        and list(both.index) == [4, 5, 6]
    )
    assert TEXT.read(frame, make_schema({"body": "input"}, ["body"])).tolist() == ["b1", "", "b3"]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("caf\u00e9", "cafe\u0301", True), (" a  b\n", "a b", True), ("a\u3000b", "a b", True), ("Good", "good", False),
        ("ọ̀rọ̀", "ọ\u0300rọ\u0300", True), ("ａ", "a", False), ("a\u2028b", "a b", True), (" a b ", "a b", True), ("a\u00a0\u200bb", "a \u200bb", True), ("a b", "ab", False), ("", " \t", True),
    ],
)  # fmt: skip
def test_keys_of_exact_duplicates(one: str, other: str, equal: bool) -> None:
    assert (TEXT.key(one) == TEXT.key(other)) is equal


def test_all_keys_at_once_are_the_keys_one_by_one() -> None:
    draw = random.Random(0)
    signs = [*"aZ9 é\u0301\u00a0\u3000\n\t你，。한한👍\ufe0f\u200d\u212b\uf900\u0387\u0958ạ\u0323", "  "]
    texts = ["".join(draw.choices(signs, k=draw.randint(0, 6))) for _ in range(3_000)]
    made = keys_of(TEXT, series(*texts).set_axis(range(7, 3_007)))
    assert made.tolist() == [TEXT.key(text) for text in texts] and made.index[0] == 7
    plain = series("good", "好吃", "")
    assert keys_of(TEXT, plain) is plain, "nothing is copied where every text is its own key"
    assert keys_of(TEXT, series()).empty


def test_plain_signs_are_their_own_normal_form_wherever_they_stand() -> None:
    """Against the Unicode database: no white space, no mark, changed by nothing and joined to nothing before it."""
    joining = {
        chr(int(parts[1], 16))
        for code in range(0x110000)
        if len(parts := unicodedata.decomposition(chr(code)).split()) == 2 and not parts[0].startswith("<")
    } | {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    pattern = re.compile(f"[{text_module._PLAIN}]")
    signs = [chr(code) for code in range(0x110000) if pattern.match(chr(code))]
    assert len(signs) > 30_000
    assert not [
        sign
        for sign in signs
        if sign.isspace()
        or unicodedata.combining(sign)
        or not unicodedata.is_normalized("NFC", sign)
        or sign in joining
    ]


def test_show_is_one_short_plain_line() -> None:
    assert TEXT.show("a\n\tb  c") == "a b c"
    assert TEXT.show("x" * 300, limit=10) == "x" * 9 + "…"
    assert TEXT.show("ab\u202egnp.exe\x07") == "ab\ufffdgnp.exe\ufffd"
    assert TEXT.show("") == ""


def test_sizes_are_code_points() -> None:
    assert TEXT.sizes(series("好吃", "", "👍", "e\u0301")).tolist() == [2, 0, 1, 2]


def test_a_joined_text_that_is_too_long() -> None:
    half = "x" * (limits.MAX_TEXT // 2)
    frame = pd.DataFrame({"a": ["", half], "b": ["", half]}, dtype="str")
    inputs = TEXT.read(frame, make_schema({"a": "input", "b": "input"}, ["a", "b"]))
    with pytest.raises(errors.TextTooLong, match="Row 2, column “a \\+ b”: the text has 200001"):
        TEXT.validate(inputs)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("the food was good", 4), ("味道不错", 4), ("味道 ok!", 3), ("ọ̀rọ̀ àwọn", 2), ("हिन्दी भाषा", 2), ("とても美味しい", 7), ("", 0), ("... 👍", 0), ("3 km", 2)],
)  # fmt: skip
def test_tokens(text: str, tokens: int) -> None:
    described = TEXT.describe(series(text))
    assert described["tokens"]["max"] == tokens


def test_describe_looks_at_a_seeded_sample_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "SAMPLE", 30)
    inputs = series(*(f"这家店的味道很不错，下次还会再来{i}" for i in range(50)))
    described = TEXT.describe(inputs)
    assert described == TEXT.describe(inputs)
    assert (described["tokens_rows"], described["languages_rows"]) == (30, 30)
    assert sum(described["languages"].values()) == 30 and described["detector"].startswith("py3langid ")
    assert TEXT.describe(series())["languages"] == {}


def test_languages_of_plain_sentences() -> None:
    texts = {
        "zh": "这家餐厅的菜味道很好，服务员也非常热情，下次还会再来。",
        "en": "The food was delicious and the delivery came earlier than promised.",
        "yo": "Oúnjẹ náà dára púpọ̀, mo sì fẹ́ràn bí wọ́n ṣe ń ṣe é ní ilé wa.",
        "ha": "Abincin yana da daɗi sosai kuma an kawo shi da wuri, na gode muku.",
        "sw": "Chakula kilikuwa kitamu sana na kilifika mapema kuliko nilivyotarajia.",
    }
    assert language_counts(texts.values()) == dict.fromkeys(texts, 1)
    assert language_counts(["", "1234", "👍👍", "https://example.org/a", "@someone", "ok"]) == {UNKNOWN: 6}


@pytest.mark.parametrize(
    ("char", "script"),
    [("a", "Latin"), ("é", "Latin"), ("Ａ", "Latin"), ("好", "Han"), ("の", "Hiragana"), ("ﾃ", "Katakana"), ("한", "Hangul"),
     ("ж", "Cyrillic"), ("ع", "Arabic"), ("አ", "Ethiopic"), ("ߒ", "N’Ko"), ("ᱚ", "Ol Chiki"), ("1", ""), ("!", ""), ("µ", ""), ("\u0301", "")],
)  # fmt: skip
def test_script_of_a_letter(char: str, script: str) -> None:
    assert script_of(char) == script


def test_script_shares() -> None:
    assert count_characters(pd.Series(["好好 ok", "好 1!"], dtype="str")).scripts == {
        "Han": 0.6,
        "Latin": 0.4,
    }
    assert count_characters(pd.Series(["12 !?"], dtype="str")).scripts == {}


@pytest.mark.parametrize("at_once", [1, 5, 4_000_000])
def test_tokens_of_each_text_are_those_of_the_pattern(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(characters, "_AT_ONCE", at_once)
    draw = random.Random(1)
    texts = ["".join(draw.choices([*"aé1_ 你カひー👍\n\u0301"], k=draw.randint(0, 9))) for _ in range(500)]
    pattern = regex.compile(f"{characters.SINGLE}|{characters.JOINED}+")
    assert count_characters(pd.Series(texts, dtype="str")).tokens.tolist() == [
        len(pattern.findall(text)) for text in texts
    ]
    assert count_characters(pd.Series([], dtype="str")).tokens.tolist() == []


def test_measure_of_sizes() -> None:
    sizes = pd.Series([*range(100), 100_000]).to_numpy()
    found = measure(sizes, "characters")
    assert (found.p50, found.max) == (50, 100_000)
    assert found.mean == pytest.approx(sizes.mean())
    assert (
        sum(found.histogram.counts) == 101 and len(found.histogram.edges) == len(found.histogram.counts) + 1
    )
    assert found.histogram.edges[-1] < 200
    assert measure(sizes[:0], "x").histogram.counts == (0,)
    assert measure(sizes[:1] * 0, "x").histogram.counts[0] == 1
    assert Measure.model_validate_json(found.model_dump_json()) == found


def test_many_texts_at_once_are_in_the_languages_that_they_are_in_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library's own answer is the measure; pieces of any size give it."""
    import py3langid.langid as library

    known = library.LanguageIdentifier.from_model_file(library.MODEL_FILE, norm_probs=True)
    texts = [
        "",
        "a",
        "123",
        "ABC DEF",
        "\x00",
        "👍",
        "好吃",
        "the food was good and came fast",
        "la comida llegó fría y tarde",
    ]
    texts += [f"{one} {other}" for one in texts for other in reversed(texts)]
    said = [known.classify(text) for text in texts]
    for at_once in (1, 7, 4_096):
        monkeypatch.setattr(language_batch, "_AT_ONCE", at_once)
        codes, sure = language_batch.Batch(known).classify(texts)
        assert codes == [code for code, _ in said]
        assert sure.tolist() == pytest.approx([value for _, value in said], abs=1e-4)
    assert language_batch.Batch(known).classify([])[0] == []
