"""How texts are worded: planted words are found with their class, figures stay right on samples and odd tables."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from engine.data import text_sample
from engine.data.modalities.text import TextClassification
from engine.data.profile import Profile, profile_table
from engine.data.profile.wording import Wording, telling_scores, wording
from engine.data.schema import Column, Schema


def made(texts: list[str], labels: list[str], **slices: list[str]) -> Wording:
    classes = [str(name) for name in pd.Series([one for one in labels if one]).value_counts().index]
    return wording(
        pd.Series(texts, dtype="str"),
        labels,
        classes,
        {k: pd.Series(v, dtype="str") for k, v in slices.items()},
    )


def noisy(planted: dict[str, str], rows: int = 600) -> tuple[list[str], list[str]]:
    draw = random.Random(5)
    common = [f"word{i}" for i in range(80)]
    labels = [draw.choice(list(planted)) for _ in range(rows)]
    texts = [
        " ".join([*draw.choices(common, k=12), *([planted[name]] if draw.random() < 0.5 else [])])
        for name in labels
    ]
    return texts, labels


def test_planted_words_are_the_most_telling_of_their_class_and_no_other_is() -> None:
    texts, labels = noisy({"good": "splendid", "bad": "dreadful", "so": "passable"})
    found = {one.label: one for one in made(texts, labels).classes}
    assert {name: one.words[0][0] for name, one in found.items()} == {
        "good": "splendid",
        "bad": "dreadful",
        "so": "passable",
    }
    _, z, rows = found["bad"].words[0]
    assert z > 5
    assert rows == sum("dreadful" in text for text in texts)
    assert found["bad"].rows == labels.count("bad")
    assert sum(len(one.words) for one in found.values()) <= 3 + 0.1 * 3 * 80, (
        "words that all classes share are hardly ever named"
    )


def test_classes_that_are_worded_alike_have_hardly_a_telling_word() -> None:
    texts, labels = noisy({"a": "same", "b": "same"})
    assert max((z for one in made(texts, labels).classes for _, z, _ in one.words), default=0) < 4


def test_scores_are_those_of_monroe_and_others() -> None:
    """Worked out with the formula of section 3.3.3 and 3.4 for two classes and two words."""
    counts = np.array([[30.0, 70.0], [10.0, 90.0]])
    prior = np.array([40.0, 160.0]) * 0.5
    own, rest = counts[0] + prior, counts[1] + prior
    odds = np.log(own[0] / (own.sum() - own[0])) - np.log(rest[0] / (rest.sum() - rest[0]))
    z = odds / np.sqrt(1 / own[0] + 1 / rest[0])
    scores = telling_scores(counts)
    assert scores[0, 0] == pytest.approx(z)
    assert scores[1, 0] == pytest.approx(-z)
    assert scores[0, 0] > 0 > scores[0, 1]


def test_chinese_words_are_words() -> None:
    texts = ["服务态度很好，下次还来", "质量很差，要求退款"] * 20
    found = made(texts, ["1", "0"] * 20)
    assert ("质量", 20) in found.words
    assert "退款" in {word for word, _, _ in found.classes[0].words} | {
        word for word, _, _ in found.classes[1].words
    }
    assert not [word for word, _ in found.words if len(word) == 1]
    assert ("服务态", 20) in found.phrases


def test_signs_are_counted_by_texts() -> None:
    found = made(
        ["see https://a.org/b and www.x.y", "@you hi", "mail me a@b.org", "nice 😀😀", "<b>bold</b> &amp;", "#tag here", "#话题# 12", "plain"],
        ["a"] * 8,
    )  # fmt: skip
    assert dict(found.signs) == {"links": 1, "mentions": 1, "hashtags": 2, "emoji": 1, "html": 1, "digits": 1}


def test_a_slice_of_few_words_and_many_copies_shows() -> None:
    draw = random.Random(1)
    rich = [" ".join(f"w{draw.randrange(5000)}" for _ in range(20)) for _ in range(100)]
    poor = ["the same text again and again"] * 100
    found = made([*rich, *poor], [*"ab" * 50, *["a"] * 100], region=["north"] * 100 + ["south"] * 100)
    north, south = sorted(found.slices, key=lambda one: one.value)
    assert north.variety is not None and south.variety is not None
    assert north.variety > 0.9 > 0.05 > south.variety
    assert (north.repeated, south.repeated) == (0.0, 1.0)
    assert (north.classes, south.classes) == (2, 1)


def test_large_tables_are_sampled_by_seed_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_sample, "MOST", 50)
    texts, labels = noisy({"a": "x", "b": "y"}, 400)
    found = made(texts, labels, region=["r"] * 400)
    assert (found.rows, found.of, found.slices[0].rows) == (50, 400, 50)
    assert found == made(texts, labels, region=["r"] * 400)


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        ([], []),
        ([""], [""]),
        (["", " "], ["a", "b"]),
        (["\ufffd" * 50, "\u202e" * 9], ["a", "b"]),
        (["a" + "\u0301" * 10_000], ["a"]),
        (["one"], ["a"]),
    ],
)
def test_odd_tables_have_figures_too(texts: list[str], labels: list[str]) -> None:
    found = made(texts, labels, region=["x"] * len(texts))
    assert found.rows == len(texts)
    assert found.variety is None
    assert Wording.model_validate_json(found.model_dump_json()) == found


def test_it_is_a_part_of_the_profile_of_texts_and_older_profiles_still_load() -> None:
    schema = Schema(
        task="text-classification",
        columns=(Column(name="text", role="input"), Column(name="label", role="label")),
        classes=("a", "b"),
    )
    profile = profile_table(
        pd.DataFrame({"text": ["good day", "bad day"], "label": ["a", "b"]}), schema, TextClassification()
    )
    assert profile.wording is not None
    stored = profile.model_dump(mode="json")
    assert Profile.model_validate(stored) == profile
    del stored["wording"]
    assert Profile.model_validate(stored).wording is None


def test_long_texts_make_the_sample_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"text {i} " + "word " * 60 for i in range(200)]
    monkeypatch.setattr(text_sample, "CHARACTERS", 10_000)
    one, other = made(texts, ["a", "b"] * 100), made(texts, ["a", "b"] * 100)
    assert one == other and 20 < one.rows < 40 and one.of == 200
    monkeypatch.setattr(text_sample, "CHARACTERS", 1)
    assert made(texts, ["a", "b"] * 100).rows == 1


def test_phrases_hold_within_a_text_and_count_texts() -> None:
    found = dict(
        made(
            ["so good so good", "so good", "good so", "味道好极了", "味道好", "味道 x 好"], list("ababab")
        ).phrases
    )
    assert found == {"so good": 2, "good so": 2, "味道好": 2}
