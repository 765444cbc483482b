"""Checks that compare groups of rows by their words: leaks of the label, drift over time."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.data.drift import compare, jensen_shannon
from engine.data.token_presence import token_presence
from tests.data.checks.looking import rows, said, view

WORDS = ["the", "food", "was", "rice", "soup", "cold", "late", "kind", "street", "rain", "again", "there"]
HAN = "味道很好送餐太慢下次还会再来米饭面条凉热新鲜服务态度"


def sentences(count: int, seed: int = 0) -> list[str]:
    dice = random.Random(seed)
    return [" ".join(dice.choices(WORDS, k=8)) for _ in range(count)]


def labelled(count: int, seed: int = 0) -> list[str]:
    return random.Random(seed).choices(["good", "bad"], k=count)


def test_a_class_name_in_its_texts() -> None:
    labels = labelled(400)
    texts = [
        f"{s} {label}" if i % 3 else s
        for i, (s, label) in enumerate(zip(sentences(400), labels, strict=True))
    ]
    found = said("label_leakage", view(text=texts, label=labels))
    assert set(found) == {"class_name_in_text"}
    assert set(found["class_name_in_text"].rows) == {i for i in range(400) if i % 3}
    assert "“good”" in found["class_name_in_text"].finding.params["words"]


def test_a_mark_that_decides_the_class() -> None:
    labels = labelled(400)
    texts = [f"{s} #neg{i % 2}" if label == "bad" else s for i, (s, label) in enumerate(zip(sentences(400), labels, strict=True))]  # fmt: skip
    texts = [s.replace("#neg0", "xq7").replace("#neg1", "xq7") for s in texts]
    found = said("label_leakage", view(text=texts, label=labels))["telling_words"]
    assert found.finding.params["words"] == ["“xq7”"]
    assert set(found.rows) == {i for i, label in enumerate(labels) if label == "bad"}


def test_a_chinese_class_name() -> None:
    dice = random.Random(1)
    labels = [dice.choice(["差评", "好评"]) for _ in range(300)]
    texts = [f"{''.join(dice.choices(HAN, k=12))}，{label}" for label in labels]
    assert set(said("label_leakage", view(text=texts, label=labels))) == {"class_name_in_text"}


def test_words_of_a_topic_are_no_leak() -> None:
    dice, labels = random.Random(2), labelled(600)
    texts = [
        f"{s} {'tasty' if label == 'good' else 'awful'}" if dice.random() < 0.5 else s
        for s, label in zip(sentences(600), labels, strict=True)
    ]
    assert rows("label_leakage", view(text=texts, label=labels)) == {}
    both = [f"{s} good bad" for s in sentences(400)]
    assert rows("label_leakage", view(text=both, label=labelled(400))) == {}


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_rows_do_not_drift(seed: int) -> None:
    count = 600
    days = [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(count)]
    random.Random(seed).shuffle(days)
    table = view(text=sentences(count, seed), label=labelled(count, seed), day=days)
    assert rows("class_drift", table) == rows("word_drift", table) == rows("label_leakage", table) == {}


def test_class_shares_that_change() -> None:
    days = [f"{2020 + i // 200}-01-01" for i in range(600)]
    labels = ["good" if i % 10 < (8 if i < 200 else 4) else "bad" for i in range(600)]
    found = said("class_drift", view(text=sentences(600), label=labels, day=days))["class_drift"]
    assert found.finding.params["changes"] == ["“good” 80 → 40 %", "“bad” 20 → 60 %"]
    assert found.rows.tolist() == list(range(400, 600))


def test_words_that_change() -> None:
    days = [f"20{20 + i // 200}-01-{1 + i % 28:02d}" for i in range(600)]
    texts = [f"{s} lockdown" if i > 400 and i % 2 else s for i, s in enumerate(sentences(600))]
    found = said("word_drift", view(text=texts, label=labelled(600), day=days))["word_drift"]
    assert found.finding.params["words"][0] == "“lockdown”"


def test_one_day_is_no_time() -> None:
    table = view(text=sentences(300), label=["good"] * 150 + ["bad"] * 150, day=["2024-01-01"] * 300)
    assert rows("class_drift", table) == rows("word_drift", table) == {}


def test_divergence_by_hand() -> None:
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1.0)
    assert jensen_shannon(np.array([3.0, 1.0]), np.array([6.0, 2.0])) == pytest.approx(0.0)
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(0.3113, abs=1e-4)
    assert jensen_shannon(np.array([0.0]), np.array([2.0])) == 0.0


def test_chance_is_the_largest_of_shuffled_groups() -> None:
    late = np.repeat([False, True], 200)
    kinds = np.arange(400) % 2
    assert not compare(np.arange(400), kinds, late).real(0.0)
    assert compare(np.arange(400), late.astype(np.int64), late).real(0.9)


def test_tokens_of_both_writings() -> None:
    found = token_presence(["Good food good", "味道很好", "味道 3 km", "x" * 5000 + " good"], least=1)
    held = {found.names[t] for t, place in zip(found.tokens, found.texts, strict=True) if place == 1}
    assert held == {"味道", "道很", "很好"}
    assert found.counts()[found.names.index("good")] == 2
    assert found.counts()[found.names.index("味道")] == 2
    assert token_presence([""]).names == ()
