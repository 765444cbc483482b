"""Texts to rows of numbers, one for every word and character sequence in them, by hashing.

Joulin, Grave, Bojanowski, Mikolov, "Bag of tricks for efficient text classification" (2017), section 2.2: a sequence has the
number of the bucket that its hash falls into, so no vocabulary is kept. Buckets that hardly any training text fills are left out
here: nothing was learnt about them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models.family import IntArray
from engine.models.features.tokens import TokenRows
from engine.models.features.units import normalise, units

BUCKETS = "buckets.npy"
SETTINGS = "hashing.json"
_AT_ONCE = 2000
_BASE = np.uint64(0x9E3779B97F4A7C15)
_Codes = NDArray[np.uint64]


class HashedGrams:
    """Texts to the numbers of the buckets that their sequences fall into.

    Args:
        settings: `characters` and `words`, the shortest and longest sequence of each or None, and `length`, the most
            characters that are read of a text.
        numbers: for every bucket the number that stands for it, from 1, or 0 if it is left out; shape (buckets,).
    """

    def __init__(self, settings: dict[str, Any], numbers: NDArray[np.int32]) -> None:
        self.settings = settings
        self._numbers = numbers

    @property
    def size(self) -> int:
        """Numbers in use, 0 for padding included."""
        return int(self._numbers.max(initial=0)) + 1

    @classmethod
    def fit(cls, texts: Sequence[str], settings: dict[str, Any], buckets: int, min_df: int) -> HashedGrams:
        """Keep the buckets that at least `min_df` of `texts` fill."""
        filled = np.zeros(buckets, dtype=np.int64)
        for start in range(0, len(texts), _AT_ONCE):
            rows, found = _buckets(texts[start : start + _AT_ONCE], settings, buckets)
            filled += np.bincount(np.unique(rows * buckets + found) % buckets, minlength=buckets)
        numbers = np.zeros(buckets, dtype=np.int32)
        kept = np.flatnonzero(filled >= min_df)
        numbers[kept] = np.arange(1, len(kept) + 1)
        return cls(settings, numbers)

    def transform(self, texts: Sequence[str]) -> TokenRows:
        """The numbers of every text, those of buckets that are left out missing."""
        ids, lengths = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            rows, found = _buckets(part, self.settings, len(self._numbers))
            chosen = self._numbers[found]
            known = chosen > 0
            ids.append(chosen[known])
            lengths.append(np.bincount(rows[known], minlength=len(part)))
        return TokenRows(np.concatenate(ids), np.concatenate(lengths))

    def save(self, folder: Path) -> None:
        """Write `hashing.json` and `buckets.npy`."""
        (folder / SETTINGS).write_text(json.dumps(self.settings), encoding="utf-8")
        np.save(folder / BUCKETS, self._numbers, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> HashedGrams:
        """What `save` wrote."""
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        return cls(settings, np.load(folder / BUCKETS, allow_pickle=False))


def _buckets(texts: Sequence[str], settings: dict[str, Any], buckets: int) -> tuple[IntArray, IntArray]:
    """Row and bucket of every sequence, sorted by row."""
    read = [normalise(text[: settings["length"]]) for text in texts]
    found: list[tuple[IntArray, _Codes]] = []
    if settings["characters"]:
        codes: list[NDArray[Any]] = [
            np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4") for text in read
        ]
        found += _sequences(codes, settings["characters"], salt=1)
    if settings["words"]:
        words = [units(text) for text in read]
        numbers = {word: _word_code(word) for word in {word for there in words for word in there}}
        codes = [np.array([numbers[word] for word in there], dtype=np.uint64) for there in words]
        found += _sequences(codes, settings["words"], salt=2)
    rows = np.concatenate([rows for rows, _ in found])
    order = np.argsort(rows, kind="stable")
    hashes = np.concatenate([hashes for _, hashes in found])[order]
    return rows[order], (hashes % np.uint64(buckets)).astype(np.int64)


def _sequences(
    codes: Sequence[NDArray[Any]], lengths: tuple[int, int], salt: int
) -> list[tuple[IntArray, _Codes]]:
    """Row and hash of all sequences of neighbours, one pair of arrays a length."""
    ends = np.cumsum([len(one) for one in codes])
    every = np.concatenate(codes).astype(np.uint64)
    rows = np.repeat(np.arange(len(codes)), [len(one) for one in codes])
    after = np.repeat(ends, [len(one) for one in codes])
    found = []
    for length in range(lengths[0], lengths[1] + 1):
        starts = np.flatnonzero(np.arange(len(every)) + length <= after)
        hashes = np.full(len(starts), 16 * salt + length, dtype=np.uint64)
        for step in range(length):
            hashes = _mixed(hashes * _BASE + every[starts + step])
        found.append((rows[starts], hashes))
    return found


def _word_code(word: str) -> int:
    """A number of 64 bits for a word, the same in every process."""
    code = 0
    for character in word:
        code = (code * 1_099_511_628_211 + ord(character) + 1) & 0xFFFF_FFFF_FFFF_FFFF
    return code


def _mixed(hashes: _Codes) -> _Codes:
    """Every bit of the result depends on every bit given (the finalizer of MurmurHash3, shortened)."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    return hashes ^ (hashes >> np.uint64(29))
