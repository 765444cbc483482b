"""Augmentations: every rule of the registry is repeatable, never empties, never fails, and stays linear."""

from __future__ import annotations

import random
import time
import unicodedata

import numpy as np
import pytest

from engine.params import fields_of, read_params
from engine.prepare.augmentations import Around, AugmentationStep, ModelStep, augmentations, unavailable
from engine.prepare.draw import Draw
from engine.prepare.lexicon import lexicon
from engine.prepare.words import Words
from tests.prepare.test_clean import ALPHABET, LONG, NASTY

STEPS = [
    step for step in augmentations if step.task == "text-classification" and not isinstance(step, ModelStep)
]
NAMES = [step.name for step in STEPS]
LEXICON = "0" * 64
SYNONYMS = lexicon(
    {
        "好吃": ("美味", "可口"),
        "food": ("meal", "dish"),
        "ab": ("cd",),
        "你": ("您",),
        "a": ("b",),
        "أهلا": ("مرحبا",),
        "ጥሩ": ("መልካም",),
        "अच्छा": ("बढ़िया",),
    }
)
PEER = "Another text. It has two sentences! 另一条文本。"
TEXTS = {
    "English": "The food was good, but the driver came late 😀. Never again! We waited long.",
    "Chinese": "味道很好吃，就是送得太慢了😀。下次不会再点！",
    "Arabic": "أهلا وسهلا بكم في مطعمنا 😀. الطعام لذيذ جدا!",
    "Amharic": "ጥሩ ምግብ ነው 😀. በጣም ጣፋጭ ነው!",
    "Hindi": "खाना बहुत अच्छा था 😀. फिर आऊंगा!",
}


def params_of(step: AugmentationStep, **values: object) -> object:
    needed = {"lexicon": LEXICON} if "lexicon" in step.Params.model_fields else {}
    return read_params(step.Params, {**needed, **values}, step.name)


def apply(step: AugmentationStep, text: str, number: int = 0, **values: object) -> str | None:
    around = Around(lambda draw: PEER, {LEXICON: SYNONYMS})
    return step.apply(text, params_of(step, **values), Draw(7, number), around)


def variants(step: AugmentationStep) -> list[dict]:
    """The defaults, and the ends or every value of each field by itself."""
    found: list[dict] = [{}]
    for field in fields_of(step.Params):
        if field.name != "lexicon":
            values = {
                "choice": field.choices,
                "bool": (True, False),
                "int": (field.low, field.high),
                "float": (field.low, field.high),
            }
            found += [{field.name: value} for value in values[field.kind]]
    return found


def test_the_registry_holds_what_the_product_promises():
    assert {
        "delete",
        "swap",
        "insert",
        "keyboard",
        "homophones",
        "width_variant",
        "marks",
        "emoji_noise",
        "synonyms",
        "snippets",
    } <= set(NAMES)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_every_entry_introduces_itself(step):
    assert step.title and step.help and step.version >= 1
    assert all(field.title and field.help for field in fields_of(step.Params))
    assert len({s.order for s in STEPS}) == len(STEPS)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_the_same_draw_gives_the_same_copy_and_another_draw_another(step):
    copies = {}
    for name, text in TEXTS.items():
        copies[name] = [apply(step, text, number) for number in range(20)]
        assert copies[name] == [apply(step, text, number) for number in range(20)]
    assert any(len(set(found)) > 1 for found in copies.values())


@pytest.mark.parametrize("step", [s for s in STEPS if s.neutral], ids=lambda s: s.name)
@pytest.mark.parametrize("name", TEXTS)
def test_what_is_claimed_for_every_language_varies_texts_of_each(step, name):
    assert any(apply(step, TEXTS[name], number) not in (None, TEXTS[name]) for number in range(10))


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("chinese_variant", "Chinese"),
        ("keyboard", "English"),
        ("homophones", "Chinese"),
        ("width_variant", "Chinese"),
    ],
)
def test_what_is_for_one_writing_varies_that_one(name, language):
    assert any(
        apply(augmentations.get(name), TEXTS[language], n) not in (None, TEXTS[language]) for n in range(10)
    )


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_no_text_is_ever_emptied(step):
    draw = random.Random(3)
    for values in variants(step):
        for number in range(400):
            text = "".join(draw.choices(ALPHABET, k=draw.randint(0, 12)))
            varied = apply(step, text, number, **values)
            assert varied is None or varied.strip(), ascii(text)
            if varied is not None:
                varied.encode("utf-8")


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_texts_without_anything_to_vary_are_left_alone(step):
    for text in ("", " ", "\n", "\u200b", "\u0301"):
        varied = apply(step, text)
        assert varied is None or varied.strip()


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_nasty_texts_take_linear_time_and_do_not_explode(step):
    """A quadratic entry takes minutes on 200 000 characters; the limit leaves room for a busy machine."""
    for nasty, text in NASTY.items():
        started = time.process_time()
        varied = apply(step, text)
        assert time.process_time() - started < 5, nasty
        if varied is not None:
            varied.encode("utf-8")
            assert len(varied) <= 3 * LONG, nasty
    for values in variants(step):
        for text in NASTY.values():
            apply(step, text[: LONG // 50], **values)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_combining_marks_stay_with_their_letters(step):
    text = "ọ́kàn dídùn, ẹ kú àárọ̀ " * 5
    text = unicodedata.normalize("NFD", text)
    for number in range(20):
        varied = apply(step, text, number)
        if varied is not None:
            words = varied.split()
            assert not any(unicodedata.combining(word[0]) for word in words if word)


def test_only_the_lexicon_step_needs_something_first():
    lacking = {s.name for s in STEPS if unavailable(s, read_params(s.Params, {}, s.name))}
    assert lacking == {"synonyms"}
    assert unavailable(augmentations.get("synonyms"), params_of(augmentations.get("synonyms"))) is None


def test_deletion_leaves_out_the_share_that_was_asked_for_and_keeps_order():
    words = [f"w{i}" for i in range(100)]
    left = str(apply(augmentations.get("delete"), " ".join(words), share=0.2)).split(" ")
    assert len(left) == 80
    assert [w for w in words if w in left] == left


def test_swapping_keeps_every_word():
    words = [f"w{i}" for i in range(50)]
    for reach in ("next", "any"):
        varied = str(apply(augmentations.get("swap"), " ".join(words), share=0.3, reach=reach)).split(" ")
        assert sorted(varied) == sorted(words) and varied != words


def test_inserting_brings_no_new_word():
    varied = str(apply(augmentations.get("insert"), TEXTS["English"], share=0.5))
    assert set(Words(varied).words) == set(Words(TEXTS["English"]).words)
    assert len(Words(varied)) > len(Words(TEXTS["English"]))


def test_homophones_sound_alike():
    from pypinyin.pinyin_dict import pinyin_dict

    from engine.prepare.augment.homophones import _plain

    step, text = augmentations.get("homophones"), "味道很好吃就是送得太慢了"
    for number in range(30):
        varied = str(apply(step, text, number, form="character", share=0.3))
        assert len(varied) == len(text) and varied != text
        for old, new in zip(text, varied, strict=True):
            assert _plain(pinyin_dict[ord(old)].split(",")[0]) == _plain(pinyin_dict[ord(new)].split(",")[0])
    assert str(apply(step, "好", form="pinyin")) == "hao"
    assert str(apply(step, "绿", form="pinyin")) == "lv"


def test_marks_leave_words_and_order():
    for number in range(20):
        varied = str(apply(augmentations.get("marks"), TEXTS["English"], number, share=0.3))
        assert Words(varied).words == Words(TEXTS["English"]).words


def test_width_leaves_times_and_decimals():
    text = "来了12:30，价格3.5元"
    for number in range(20):
        varied = str(apply(augmentations.get("width_variant"), text, number, share=1.0))
        assert "12:30" in varied and "3.5" in varied


def test_emoji_noise_adds_no_other_emoji():
    for number in range(20):
        varied = apply(augmentations.get("emoji_noise"), "好👍🏽的😀", number)
        assert varied is None or varied.replace("👍🏽", "").replace("😀", "") == "好的"


def test_synonyms_come_from_the_lexicon_longest_word_first():
    varied = apply(augmentations.get("synonyms"), "Food 很好吃", share=1.0)
    assert varied in {f"{a} 很{b}" for a in ("Meal", "Dish") for b in ("美味", "可口")}


def test_snippets_take_only_from_the_peer_and_the_row():
    step, own = augmentations.get("snippets"), "First one. Second one. Third one."
    for number in range(20):
        varied = str(apply(step, own, number))
        for sentence in varied.replace("! ", "!|").replace(". ", ".|").replace("。 ", "。|").split("|"):
            assert sentence.strip() in own or sentence.strip() in PEER
    around = Around(lambda draw: None)
    assert step.apply(own, params_of(step), Draw(0), around) is None, (
        "without another text of the class nothing is mixed"
    )


def test_words_put_a_text_together_again():
    draw = random.Random(5)
    for text in [*TEXTS.values(), *("".join(draw.choices(ALPHABET, k=20)) for _ in range(500))]:
        assert str(Words(text)) == text


def test_draws_are_the_same_everywhere():
    """Pinned: a run that is resumed by another Python must draw the same copies."""
    draw = Draw(1, 2, 3)
    assert [draw.below(1000) for _ in range(5)] == PINNED
    for count in (1, 2, 5, 100):
        for share in (0.01, 0.4, 1.0):
            some = Draw(count).some(count, share)
            assert some == sorted(set(some)) and 1 <= len(some) <= count and max(some) < count
    assert Draw(0).some(0, 0.5) == []
    assert 0.27 < np.mean([Draw(i).chance(0.3) for i in range(2000)]) < 0.33


PINNED = [921, 968, 567, 562, 265]


def test_chinese_goes_into_the_other_script_by_phrases():
    step = augmentations.get("chinese_variant")
    assert apply(step, "头发，发展", share=1.0) == "頭髮，發展"
    assert apply(step, "頭髮，發展", share=1.0) == "头发，发展"
    assert apply(step, "头发", share=1.0, to="simplified") == "头发"
    assert apply(step, "no Chinese") is None
