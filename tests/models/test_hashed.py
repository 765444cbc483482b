"""Texts to hashed sequences: what they count, and that nothing depends on the process or the batch."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.models.features import hashed
from engine.models.features.hashed import HashedGrams
from engine.models.features.units import normalise, units
from tests.models.toys import texts_of

TEXTS, _ = texts_of(200, seed=1)
BOTH = {"characters": [1, 3], "words": [1, 2], "length": 1000}
MANY = 2**22


def rows_of(encoder: HashedGrams, texts: list[str]) -> list[list[int]]:
    rows = encoder.transform(texts)
    return [rows[i : i + 1][0, : rows.lengths[i]].tolist() for i in range(len(texts))]


def test_every_sequence_has_a_number_of_its_own_where_there_is_room() -> None:
    encoder = HashedGrams.fit(TEXTS, BOTH, MANY, 1)
    different = set()
    for text, row in zip(TEXTS, rows_of(encoder, TEXTS), strict=True):
        read = normalise(text)
        words = units(read)
        grams = [("c", read[i : i + n]) for n in (1, 2, 3) for i in range(len(read) - n + 1)]
        grams += [("w", word) for word in words] + [("p", pair) for pair in pairwise(words)]
        assert len(row) == len(grams)
        assert len(set(row)) == len(set(grams))
        different |= set(grams)
    assert encoder.size == len(different) + 1


def test_rare_sequences_are_left_out() -> None:
    encoder = HashedGrams.fit(["aa", "aa", "b"], {"characters": [1, 2], "words": None, "length": 10}, MANY, 2)
    assert encoder.size == 3  # a and aa
    assert [len(row) for row in rows_of(encoder, ["aa", "b", "", "ab"])] == [3, 0, 0, 1]
    assert all(0 not in row for row in rows_of(encoder, TEXTS))


def test_a_text_beyond_the_length_is_cut() -> None:
    encoder = HashedGrams.fit(TEXTS, BOTH | {"length": 5}, MANY, 1)
    assert rows_of(encoder, ["great taste"]) == rows_of(encoder, ["great"])


def test_few_buckets_share() -> None:
    encoder = HashedGrams.fit(TEXTS, BOTH, 50, 1)
    assert encoder.size == 51


def test_a_text_has_the_same_numbers_in_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = HashedGrams.fit(TEXTS, BOTH, 10_000, 2)
    whole = rows_of(encoder, TEXTS)
    monkeypatch.setattr(hashed, "_AT_ONCE", 7)
    assert rows_of(encoder, TEXTS) == whole
    assert HashedGrams.fit(TEXTS, BOTH, 10_000, 2).size == encoder.size
    assert rows_of(encoder, TEXTS[11:12]) == whole[11:12]


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    encoder = HashedGrams.fit(TEXTS, BOTH, 10_000, 2)
    encoder.save(tmp_path)
    code = f"""
import sys
from pathlib import Path
import numpy as np
from engine.models.features.hashed import HashedGrams
from tests.models.toys import texts_of
rows = HashedGrams.load(Path({str(tmp_path)!r})).transform(texts_of(200, seed=1)[0])
np.save({str(tmp_path / "rows.npy")!r}, rows[:])
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, timeout=60)
    assert (np.load(tmp_path / "rows.npy") == encoder.transform(TEXTS)[:]).all()
    assert encoder.transform([]).lengths.tolist() == []
