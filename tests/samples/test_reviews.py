"""The embedded samples: exact, repeatable, and as hard as they claim to be."""

from __future__ import annotations

import datetime
import hashlib
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from datasketch import MinHash, MinHashLSH
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC

from engine.samples import SAMPLE_ROLES, SAMPLES, make_sample, sample_csv, sample_truth
from engine.samples.phrases import expand, load_bank

ROOT = Path(__file__).parents[2]
COUNTS = {"reviews_zh": {"0": 6000, "1": 4000}, "reviews_en": {"0": 1200, "1": 800}}
REGIONS = {
    "reviews_zh": {"四川", "广东", "上海", "东北", "北京", "湖南", "陕西", "福建"},
    "reviews_en": {"Lagos", "Kampala", "Nairobi", "Accra", "London", "Johannesburg", "Mumbai", "Dublin"},
}
DOMAINS = {
    "reviews_zh": {"外卖", "网店", "客服"},
    "reviews_en": {"takeaway", "shop", "customer_service"},
}
# A change of the banks or the generator changes these; measure again (this file does) before pinning anew.
DIGESTS = {
    "reviews_zh": "7eb955101a74519e01205fc5fb2253bf9ae5c8cad1b7f150ad24de3bb2be609f",
    "reviews_en": "8e692eee379a140a994275bae2254b83acc3a5d263f018f20f91b7081bbb118c",
}

every_sample = pytest.mark.parametrize("name", SAMPLES)


@every_sample
def test_columns_counts_and_types(name: str) -> None:
    frame = make_sample(name)
    assert list(frame.columns) == list(SAMPLE_ROLES) == ["text", "label", "region", "domain", "date"]
    assert frame["label"].value_counts().to_dict() == COUNTS[name]
    assert set(frame["region"]) == REGIONS[name]
    assert set(frame["domain"]) == DOMAINS[name]
    assert all(isinstance(value, str) for column in frame for value in frame[column])


@every_sample
def test_same_bytes_every_time(name: str) -> None:
    assert sample_csv(name) == sample_csv(name)
    assert hashlib.sha256(sample_csv(name)).hexdigest() == DIGESTS[name]


def test_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib, engine.samples as s; print(hashlib.sha256(s.sample_csv('reviews_en')).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == DIGESTS["reviews_en"]


@every_sample
def test_csv_is_utf8_with_plain_line_ends(name: str) -> None:
    content = sample_csv(name)
    assert b"\r" not in content
    assert content.decode("utf-8").splitlines()[0] == "text,label,region,domain,date"


@every_sample
def test_rows_are_not_sorted_by_label(name: str) -> None:
    labels = make_sample(name)["label"]
    changes = (labels != labels.shift()).mean()
    assert 0.4 < changes < 0.56


@every_sample
def test_a_call_cannot_change_the_next_one(name: str) -> None:
    first = make_sample(name)
    first.loc[0, "text"] = "changed"
    assert make_sample(name).loc[0, "text"] != "changed"


@every_sample
def test_texts_are_finished_and_vary_in_length(name: str) -> None:
    texts = make_sample(name)["text"]
    lengths = texts.str.len()
    assert lengths.min() >= 3
    assert lengths.max() < 20_000
    assert (lengths > 200).sum() > 20
    assert lengths.quantile(0.05) * 6 < lengths.quantile(0.95)
    assert not texts.str.contains(r"[{}]|\[[^\]]*\|", regex=True).any(), (
        "a slot or a choice was not written out"
    )
    assert (texts == texts.str.strip()).all()


@every_sample
def test_dates_are_iso_and_in_the_two_years(name: str) -> None:
    dates = [datetime.date.fromisoformat(value) for value in make_sample(name)["date"]]
    assert datetime.date(2024, 1, 1) <= min(dates)
    assert max(dates) <= datetime.date(2025, 12, 31)


@every_sample
def test_few_texts_repeat_and_no_phrase_is_everywhere(name: str) -> None:
    texts = make_sample(name)["text"]
    assert texts.nunique() / len(texts) > 0.98
    assert texts.duplicated(keep=False).mean() < 0.01
    clauses = Counter(
        clause for text in texts for clause in set(re.split(r"[，。！、,.!? …]+", text)) if len(clause) > 3
    )
    if name == "reviews_en":  # words are split by the space: count clauses between marks instead
        clauses = Counter(c for t in texts for c in set(re.split(r"[.,!?]+ ?", t.lower())) if len(c) > 3)
    assert clauses.most_common(1)[0][1] / len(texts) <= 0.02


@every_sample
def test_near_duplicates_are_three_to_six_per_cent(name: str) -> None:
    size = 3 if name == "reviews_zh" else 5
    assert 0.03 <= near_duplicates(make_sample(name)["text"], size).mean() <= 0.06


@every_sample
def test_a_linear_model_reaches_88_to_94_per_cent(name: str) -> None:
    frame = make_sample(name)
    train, rest = train_test_split(frame, test_size=0.2, random_state=0, stratify=frame["label"])
    _, test = train_test_split(rest, test_size=0.5, random_state=0, stratify=rest["label"])
    encoder = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    model = LinearSVC(C=0.3).fit(encoder.fit_transform(train["text"]), train["label"])
    right = model.predict(encoder.transform(test["text"])) == test["label"]
    assert 0.88 <= right.mean() <= 0.94
    if name == "reviews_zh":  # the slice that is weak for a reason: dialect, fewer rows, two-sided verdicts
        assert right[test["region"] == "广东"].mean() < right[test["region"] != "广东"].mean()


@every_sample
def test_truth_tells_the_wrong_labels(name: str) -> None:
    truth = sample_truth(name)
    assert len(truth) == len(make_sample(name))
    assert 0.028 <= truth["wrong_label"].mean() <= 0.04
    assert {
        "plain",
        "concede",
        "past",
        "both_sides",
        "irony",
        "implicit",
        "lukewarm",
        "short",
        "repost",
    } == set(truth["kind"])


def test_an_unknown_sample_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="reviews_zh, reviews_en"):
        make_sample("reviews_fr")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_slot_of_the_bank_has_nouns(language: str) -> None:
    bank = load_bank(language, ("takeaway", "shop", "customer_service"))
    for name, domain in bank.domains.items():
        groups = [*domain.aspects.values(), domain.implicit, domain.short, {"detail": domain.detail}]
        for lines in (group[key] for group in groups for key in group):
            assert len(set(lines)) == len(lines), f"{language}/{name}: a phrase stands twice in {lines[:2]}"
            for line in lines:
                written = expand(random.Random(0), line, domain.nouns)
                assert not set("{}[]|") & set(written), f"{language}/{name}: {line!r} is not written out"


def near_duplicates(texts: pd.Series, size: int) -> pd.Series:
    """Which rows have another row with MinHash Jaccard >= 0.8 over character shingles of `size`."""
    index = MinHashLSH(threshold=0.7, num_perm=128)
    hashes = []
    for row, text in enumerate(texts):
        shingles = MinHash(num_perm=128)
        shingles.update_batch([text[at : at + size].encode() for at in range(max(1, len(text) - size + 1))])
        hashes.append(shingles)
        index.insert(row, shingles)
    return pd.Series(
        [
            any(other != row and shingles.jaccard(hashes[other]) >= 0.8 for other in index.query(shingles))
            for row, shingles in enumerate(hashes)
        ]
    )
