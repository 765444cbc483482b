"""Near-duplicates: planted ones are found across parts, nothing else is, and odd texts break nothing."""

from __future__ import annotations

import gzip
import random
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.data.near_duplicates import near_duplicate_groups, repost_form, resemblance
from tests.data.near_misses import KINDS, invented_texts, near_miss, planted


def found_and_right(texts: list[str]) -> tuple[float, float]:
    """Plant 5 % near-duplicates; the share of them that is found, and of all grouped rows the share that belongs there.

    A row belongs to its group if it was planted there, or if a comparison of another kind (longest common blocks)
    calls it alike to the group's first row.
    """
    extra = planted(texts)
    every = texts + [text for _, text in extra]
    groups = near_duplicate_groups(every)
    found = [groups[len(texts) + n] == groups[place] for n, (place, _) in enumerate(extra)]
    first: dict[int, int] = {}
    right = []
    for row, group in enumerate(groups.tolist()):
        if group not in first:
            first[group] = row
            continue
        origin = row >= len(texts) and groups[extra[row - len(texts)][0]] == group
        one, other = repost_form(every[first[group]])[:2000], repost_form(every[row])[:2000]
        right.append(
            origin or one == other or SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.75
        )
    return float(np.mean(found)), float(np.mean(right))


def test_planted_ones_are_found_and_nothing_else() -> None:
    texts = invented_texts(4000)
    recall, precision = found_and_right(texts)
    assert recall >= 0.95
    assert precision >= 0.9
    groups = near_duplicate_groups(texts)
    assert len(np.unique(groups)) >= 0.999 * len(texts)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change(kind: str) -> None:
    texts = invented_texts(200, seed=3)
    rng = random.Random(1)
    changed = [near_miss(text, kind, texts, rng) for text in texts]
    groups = near_duplicate_groups(texts + changed)
    assert np.mean(groups[:200] == groups[200:]) >= 0.9


REAL = ["zh-no-licence-stated/waimai_10k.csv", "afrisenti/hau.tsv", "afrisenti/amh.tsv", "afrisenti/swa.tsv", "masakhanews/pcm.tsv"]  # fmt: skip


@pytest.mark.parametrize("file", REAL)
def test_planted_ones_in_real_data(shared_data: Path, file: str) -> None:
    packed = shared_data / "text" / f"{file}.gz"
    if not packed.exists():
        pytest.skip(f"{file} is not among the development data")
    with gzip.open(packed, "rt", encoding="utf-8") as opened:
        frame = pd.read_csv(
            opened, sep="\t" if file.endswith("tsv") else ",", dtype=str, keep_default_na=False
        )
    texts = frame[frame["split"] != "test"][
        next(c for c in ("review", "tweet", "text") if c in frame)
    ].tolist()
    recall, precision = found_and_right(texts)
    assert recall >= 0.95
    assert precision >= 0.9


def test_what_a_repost_leaves_of_a_text() -> None:
    assert repost_form("RT @ann: Très  bon！ https://t.co/x") == "tresbon"
    assert repost_form("@小明 味道，很好！http://t.cn/Rabc吃") == "味道很好吃"
    assert repost_form("ＡＢＣ１２３") == repost_form("abc 123") == "abc123"
    assert repost_form("ọ̀rọ̀ náà") == repost_form("oro naa")
    assert repost_form("हिन्दी") != repost_form("हन्द")
    assert repost_form("@只有名字没有别的话的一条消息啊") == "只有名字没有别的话的一条消息啊"
    assert repost_form("👍👍") == ""


def test_groups_are_numbered_by_first_appearance_and_singles_have_their_own() -> None:
    texts = [
        "味道很好，下次还会再来吃",
        "something else entirely here",
        "味道很好，下次还会再来吃！👍",
        "",
        "",
        "👍👍",
        "👍 👍",
        "!!",
    ]
    assert near_duplicate_groups(texts).tolist() == [0, 1, 0, 2, 3, 4, 4, 5]
    assert near_duplicate_groups([]).tolist() == []
    assert near_duplicate_groups(["one"]).tolist() == [0]


def test_a_different_short_text_is_not_the_same() -> None:
    texts = ["很好", "很差", "还行", "好", "ok", "no", "good", "goods"]
    assert len(set(near_duplicate_groups(texts).tolist())) == len(texts)


def test_a_chain_of_small_steps_does_not_join_its_ends() -> None:
    texts = invented_texts(40, seed=5)
    start, end = texts[1].replace("，", ""), texts[3].replace("，", "")
    length = min(len(start), len(end))
    chain = [end[:place] + start[place:length] for place in range(length + 1)]
    groups = near_duplicate_groups(chain)
    assert groups[0] == groups[1]
    assert groups[0] != groups[-1]
    assert len(set(groups.tolist())) >= 2
    for group in set(groups.tolist()):
        members = [chain[row] for row in np.flatnonzero(groups == group)]
        assert min(resemblance(members[0], member) for member in members) >= 0.35


def test_the_same_texts_give_the_same_groups() -> None:
    texts = invented_texts(500)
    texts += [text for _, text in planted(texts)]
    assert (near_duplicate_groups(texts) == near_duplicate_groups(texts)).all()
    shares: list[float] = []
    near_duplicate_groups(texts, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_long_texts_and_texts_about_as_long_as_the_border_between_short_and_long() -> None:
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 8))) for _ in range(3000)]
    for count in (55, 70, 90, 110, 1500):
        text = " ".join(rng.choices(words, k=count))
        parts = text.split(" ")
        parts[count // 2 : count // 2 + 3] = ["quite", "other", "words", "here", "instead"]
        groups = near_duplicate_groups([text, " ".join(rng.choices(words, k=count)), " ".join(parts)])
        assert groups.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "odd",
    ["\u0301" * 200_000, "a" * 200_000, "\ud800 broken", "\0" * 50, "@" * 10_000, "www." * 5_000, "好" * 30],
)
def test_odd_texts(odd: str) -> None:
    groups = near_duplicate_groups([odd, "a plain text that is like no other", odd])
    assert groups[0] == groups[2] != groups[1]


def test_many_equal_and_templated_texts_stay_within_bounds() -> None:
    texts = ["您的订单已发货，请注意查收"] * 3000 + [
        f"您的订单{n:09d}已发货，请注意查收" for n in range(3000)
    ]
    groups = near_duplicate_groups(texts)
    assert len(set(groups[:3000].tolist())) == 1
    assert np.bincount(groups).max() >= 3000
