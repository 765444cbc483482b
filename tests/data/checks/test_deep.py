"""Deep checks: near-duplicates, wrong labels, texts unlike all others and in other languages are found where planted."""

from __future__ import annotations

import gzip
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pandas as pd
import pytest

from engine.data.checks import checks, run_checks
from engine.data.confident_learning import doubtful_labels
from engine.data.languages import sure_languages
from engine.data.rarity import rarity
from tests.data.checks.planted_texts import look, rows, topics, view
from tests.data.near_misses import invented_texts, planted

DEEP = ("label_errors", "near_duplicates", "odd_languages", "outliers")


@pytest.mark.parametrize("name", DEEP)
def test_clean_data_raise_no_alarm(name: str) -> None:
    texts, labels = topics(900)
    assert look(name, view(texts, labels)) == {}


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize(
    "texts", [[], ["one"], ["", ""], ["same"] * 300, ["\u0301" * 5000, "\u202e", "a" * 200_000, ""] * 60]
)
def test_odd_tables(name: str, texts: list[str]) -> None:
    look(name, view(texts, ["a", "b"] * (len(texts) // 2) if len(texts) > 1 else None))


def test_the_deep_stage_runs_them_all() -> None:
    texts, labels = topics(600)
    texts[0] = texts[3] + "!!"
    labels[10] = "food"
    found = run_checks(view(texts, labels), "deep")
    assert {"near_duplicates", "label_errors"} <= {one.finding.code for one in found}
    assert "check_broke" not in {one.finding.code for one in found}
    again = run_checks(view(texts, labels), "deep")
    assert [one.finding for one in found] == [one.finding for one in again]


def test_near_duplicates_in_groups_that_stand_together() -> None:
    texts, labels = topics(300)
    texts += [texts[7] + " 👍", "@you " + texts[7].upper(), texts[9], texts[11] + "!", texts[11]]
    labels += [labels[7], "other", labels[9], labels[11], labels[11]]
    found = look("near_duplicates", view(texts, labels))
    one = found["near_duplicates"]
    assert rows(found, "near_duplicates") == [7, 300, 301, 11, 303, 304]
    assert one.groups is not None and [len(set(one.groups[:3])), len(set(one.groups[3:]))] == [1, 1]
    assert (one.finding.params["inputs"], one.finding.params["extra"], one.finding.params["straddling"]) == (
        2,
        4,
        0,
    )
    assert [fix.kind for fix in one.finding.fixes] == ["dedupe"]
    assert one.finding.fixes[0].params["count"] == 4
    assert rows(found, "near_conflicting_labels") == [7, 300, 301]
    labels[301] = ""
    assert "near_conflicting_labels" not in look("near_duplicates", view(texts, labels)), (
        "no label is no other label"
    )


def test_near_duplicates_across_a_given_split_are_counted() -> None:
    texts, labels = topics(300)
    parts = ["train"] * 200 + ["dev"] * 50 + ["test"] * 50
    texts[210], texts[260], texts[270], texts[5] = (
        texts[1] + "!",
        texts[2] + "?",
        texts[261] + ".",
        texts[6] + "…",
    )
    found = look("near_duplicates", view(texts, labels, split=parts))["near_duplicates"]
    assert found.finding.count == 8
    assert found.finding.params["straddling"] == 2
    assert [fix.kind for fix in found.finding.fixes] == ["dedupe", "regroup"]


def test_planted_wrong_labels_are_found_with_the_right_ones() -> None:
    texts, labels = topics(1200)
    rng = np.random.default_rng(0)
    wrong = set(rng.choice(1200, 60, replace=False).tolist())
    given = [
        ("food", "money", "sport")[(n + 1) % 3] if n in wrong else label for n, label in enumerate(labels)
    ]
    given[0] = ""
    found = look("label_errors", view(texts, given))
    one = found["label_errors"]
    places = rows(found, "label_errors")
    assert len(wrong & set(places)) >= 0.6 * len(wrong)
    assert len(set(places) - wrong) <= 3
    assert one.suggested is not None and all(
        one.suggested[n] == labels[place] for n, place in enumerate(places) if place in wrong
    )
    assert one.scores is not None and (np.diff(one.scores) <= 0).all()
    assert [fix.kind for fix in one.finding.fixes] == ["relabel", "drop"]
    assert 88 <= one.finding.params["agreement"] <= 96


def test_nothing_is_said_of_labels_that_cannot_be_learned() -> None:
    """Not of noise, and not of the few rows with a meaning in a table that is noise for the most part."""
    texts, labels = topics(300)
    labels[:30] = labels[1:31]
    noise = invented_texts(600)
    drawn = np.random.default_rng(0).choice(["food", "money", "sport"], 600).tolist()
    assert look("label_errors", view(noise, drawn)) == {}
    assert look("label_errors", view(texts + noise, labels + drawn)) == {}


def test_a_label_is_wrong_only_where_another_is_far_more_probable() -> None:
    texts, labels = topics(600)
    dull, _ = topics(600, seed=9)
    mixed = [
        " ".join([*text.split()[:3], *other.split()[3:]]) for text, other in zip(texts, dull, strict=True)
    ]
    codes = pd.factorize(pd.Series(labels))[0].astype(np.int64)
    flipped = np.random.default_rng(0).choice(600, 60, replace=False)
    codes[flipped] = (codes[flipped] + 1) % 3
    doubts = doubtful_labels(mixed, codes, np.arange(600))
    assert len(doubts.places) and doubts.margins.min() >= 0.5


def test_a_copy_does_not_vouch_for_its_own_wrong_label() -> None:
    texts, labels = topics(600)
    texts += [texts[0]] * 4
    labels += ["sport"] * 4
    labels[0] = "sport"
    codes = pd.factorize(pd.Series(labels))[0].astype(np.int64)
    groups = np.arange(len(texts))
    groups[600:] = 0
    places = set(doubtful_labels(texts, codes, groups).places.tolist())
    assert {0, 600, 601, 602, 603} <= places


def test_classes_with_few_rows_are_left_out_of_the_judgement() -> None:
    texts, labels = topics(300)
    labels[:4] = ["rare"] * 4
    labels[10] = labels[11]
    codes = pd.factorize(pd.Series(labels))[0].astype(np.int64)
    doubts = doubtful_labels(texts, codes, np.arange(300))
    assert doubts.judged == 296
    assert doubts.places.tolist() == [10]
    assert doubts.suggested.tolist() == [codes[13]], "the codes are those of all classes"


STRANGE = [
    "kqzxjvwpyqjkxzvqwkxjzqpwvkxyzjq", "for (int i = 0; i < n; i++) { sum += a[i] * b[i]; }", "Съешь ещё этих мягких французских булок, да выпей же чаю",
    "مرحبا بكم في هذا المكان الجميل جدا اليوم", "根据相关法律第一百四十二条之规定，股份有限公司不得收购本公司股份",
]  # fmt: skip


def test_texts_unlike_all_others() -> None:
    texts, labels = topics(1500)
    found = look("outliers", view(texts + STRANGE, labels + ["food"] * len(STRANGE)))
    assert set(rows(found, "outliers")) == set(range(1500, 1500 + len(STRANGE)))
    assert found["outliers"].scores is not None and (np.diff(found["outliers"].scores) <= 0).all()


def test_texts_that_are_all_unlike_each_other_have_no_outliers() -> None:
    assert look("outliers", view(invented_texts(600) + STRANGE)) == {}
    texts, _ = topics(600)
    rng = np.random.default_rng(0)
    rough = [
        f"{text[:14]} {''.join(rng.choice(list(ascii_lowercase + 'àáâãäåæçèéêëìíîïñòóôõö'), 36))}"
        for text in texts[:20]
    ]
    assert 0.7 < np.quantile(rarity(texts + rough), 0.99) < 0.8
    assert look("outliers", view(texts + rough + STRANGE)) == {}


def test_few_texts_do_not_say_what_is_usual() -> None:
    texts, _ = topics(300)
    assert look("outliers", view(texts[:150] + STRANGE[:1])) == {}
    assert rows(look("outliers", view(texts + STRANGE[:1])), "outliers") == [300]


def test_what_one_text_in_thirty_has_is_a_way_of_writing() -> None:
    texts, _ = topics(600)
    rng = np.random.default_rng(0)
    odd = ["".join(rng.choice(list(ascii_lowercase), 36)) for _ in range(20)]
    half = [f"{text[:20]} {strange}" for text, strange in zip(texts, odd, strict=False)]
    shares = rarity(texts + half)[600:]
    assert (shares > 0.5).sum() > 6 and shares.max() < 0.7
    assert look("outliers", view(texts + half)) == {}
    nearly_half = f"{texts[0][:30]} {odd[0][:26]}"
    assert 0.45 < rarity([*texts, nearly_half])[-1] < 0.5
    assert look("outliers", view([*texts, nearly_half])) == {}, "most of it is as usual"


def test_rarity_counts_no_addresses_names_and_digits() -> None:
    texts = ["the same words in every text here"] * 50
    odd = rarity(
        [
            *texts,
            "The same words in every text here @qzxvkj https://qzx.example/vkj",
            "zqxvk jwpyx qkzvj wqxkz",
            "zq",
        ]
    )
    assert odd[:50].max() == 0
    assert odd[50] == 0
    assert odd[51] == 1
    assert odd[52] == 0


def test_of_many_rows_a_sample_is_looked_at_and_its_rows_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.data.confident_learning.JUDGED", 400)
    monkeypatch.setattr("engine.data.checks.outliers.SAMPLE", 1400)
    monkeypatch.setattr("engine.data.checks.odd_languages.SAMPLE", 400)
    texts, labels = topics(1500)
    wrong = range(1000, 1500, 5)
    given = [
        ("food", "money", "sport")[(n + 1) % 3] if n in wrong else label for n, label in enumerate(labels)
    ]
    found = look("label_errors", view(texts, given))
    assert found["label_errors"].finding.params["looked"] == 400
    assert set(rows(found, "label_errors")) < set(wrong)
    found = look("outliers", view(texts + STRANGE))
    assert found["outliers"].finding.params["looked"] == 1400
    assert set(rows(found, "outliers")) <= set(range(1500, 1505))
    found = look(
        "odd_languages", view([HAUSA.format(n) for n in range(600)] + [CHINESE.format(n) for n in range(10)])
    )
    assert set(rows(found, "odd_languages")) <= set(range(600, 610))


HAUSA = "Abincin yana da daɗi sosai kuma an kawo shi da wuri, na gode muku saboda {} da kuka yi mana a wannan rana."
ENGLISH = (
    "The food was delicious and the delivery came much earlier than promised, so thank you for the {} today."
)
CHINESE = "这家餐厅的菜味道很好，服务员也非常热情，{}下次还会再来，推荐给大家一起来尝一尝。"


def test_a_language_that_is_odd_for_its_slice() -> None:
    words = [text.split()[0] for text in invented_texts(400) if text.isascii()][:120]
    texts = [HAUSA.format(word) for word in words[:60]] + [ENGLISH.format(word) for word in words[60:]]
    slices = ["ha"] * 60 + ["en"] * 60
    assert look("odd_languages", view(texts, region=slices)) == {}
    texts[3], texts[100] = ENGLISH.format("care"), CHINESE.format("")
    found = look("odd_languages", view(texts, region=slices))
    assert rows(found, "odd_languages") == [3, 100]
    assert found["odd_languages"].finding.params["languages"] in (["“en” 1", "“zh” 1"], ["“zh” 1", "“en” 1"])
    assert look("odd_languages", view(texts)) == {}, "half and half is a mixed table, in which nothing is odd"
    assert rows(look("odd_languages", view(texts[:60])), "odd_languages") == [3]
    assert look("odd_languages", view(texts[:40])) == {}, "forty texts do not say what is usual"


def test_only_certain_languages_count() -> None:
    assert sure_languages(["ok", "", "12345", "很好", HAUSA.format("aiki"), CHINESE.format("")]) == [
        "",
        "",
        "",
        "",
        "ha",
        "zh",
    ]


LABELLED = [
    "zh-no-licence-stated/waimai_10k.csv",
    "masakhanews/pcm.tsv",
    "afrisenti/hau.tsv",
]


@pytest.mark.slow
@pytest.mark.parametrize("file", LABELLED)
def test_flipped_labels_in_real_data(shared_data: Path, file: str) -> None:
    """5 % of 2000 labels of the train part flipped: among the flagged rows they are at least five times as frequent."""
    packed = shared_data / "text" / f"{file}.gz"
    if not packed.exists():
        pytest.skip(f"{file} is not among the development data")
    with gzip.open(packed, "rt", encoding="utf-8") as opened:
        frame = pd.read_csv(
            opened, sep="\t" if file.endswith("tsv") else ",", dtype=str, keep_default_na=False
        )
    frame = frame[frame["split"] == "train"]
    frame = frame.sample(min(len(frame), 2000), random_state=0)
    texts = frame[next(c for c in ("review", "tweet", "text") if c in frame)].tolist()
    codes = pd.factorize(frame["category" if "category" in frame else "label"])[0].astype(np.int64)
    rng, classes = np.random.default_rng(1), int(codes.max()) + 1
    flipped = rng.random(len(codes)) < 0.05
    codes[flipped] = (codes[flipped] + rng.integers(1, classes, int(flipped.sum()))) % classes
    labels = [f"c{code}" for code in codes]
    found = look("label_errors", view(texts, labels))
    assert flipped[rows(found, "label_errors")].mean() >= 5 * flipped.mean()


@pytest.mark.parametrize("name", DEEP)
def test_order_and_stage(name: str) -> None:
    check = checks.get(name)
    assert check.stage == "deep" and check.task == "text-classification"


def test_near_misses_are_what_the_check_finds() -> None:
    texts = invented_texts(1000)
    extra = planted(texts)
    found = look("near_duplicates", view(texts + [text for _, text in extra]))
    wanted = {place for place, _ in extra} | set(range(1000, 1000 + len(extra)))
    assert len(wanted & set(rows(found, "near_duplicates"))) >= 0.95 * len(wanted)
    assert len(set(rows(found, "near_duplicates")) - wanted) <= 2
