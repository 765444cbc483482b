"""Texts by their characters: two letters in a row, signs per 1000 characters, and addresses taken out of the wording.

Stage 1 (data).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

ADDRESS_MARK = "\u203f"
"""A word character that stands where an address was, so that the words around it are not in a row."""
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)
_CHARACTERS = 2_000_000
"""Characters in which pairs and signs are counted; of more texts, every second, third ... one is taken."""


def without_addresses(texts: Sequence[str]) -> list[str]:
    """The texts with a mark in place of each web address: its fragments are no words."""
    mark = f" {ADDRESS_MARK} "
    return [_ADDRESS.sub(mark, text) if "://" in text or "ww." in text.lower() else text for text in texts]


def letter_pairs(texts: Sequence[str], listed: int) -> tuple[int, tuple[tuple[str, int], ...]]:
    """How many texts were looked at, and the pairs of letters in a row that most of them hold, with how many do.

    Letter case is folded; Chinese characters are letters too. Pairs that stand in one text only are left out.
    """
    some = [text.lower() for text in texts[:: _step(texts)]]
    codes = np.frombuffer("\n".join(some).encode("utf-32-le", "replace"), dtype=np.uint32)
    if len(codes) < 2:
        return len(some), ()
    dense, letters = _dense(codes)
    named = np.fromiter((chr(c).isalpha() for c in letters), dtype=bool, count=len(letters))[dense]
    at = np.flatnonzero(named[:-1] & named[1:])
    text = np.cumsum(codes == ord("\n"))[at]
    # Pair and text as one number, sorted: equal ones are counted once, and what follows is one pair after the other.
    both = np.sort((dense[at] * len(letters) + dense[at + 1]) * len(some) + text)
    pairs = both[np.diff(both, prepend=-1) != 0] // len(some)
    starts = np.flatnonzero(np.diff(pairs, prepend=-1) != 0)
    counts = np.diff(starts, append=len(pairs))
    order = np.lexsort((starts, -counts))[:listed]
    first, second = np.divmod(pairs[starts[order]], len(letters))
    names = [chr(letters[a]) + chr(letters[b]) for a, b in zip(first, second, strict=True)]
    return len(some), tuple(
        (name, int(count)) for name, count in zip(names, counts[order], strict=True) if count > 1
    )


def _step(texts: Sequence[str]) -> int:
    return max(1, -(-sum(map(len, texts)) // _CHARACTERS))


def _dense(codes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each code as its place among the different ones, and those, ascending."""
    there = np.zeros(0x110000, dtype=bool)
    there[codes] = True
    places = np.cumsum(there) - 1
    return places[codes], np.flatnonzero(there)


def sign_rates(
    texts: Sequence[str], held: Mapping[str, Sequence[int]], patterns: Mapping[str, str]
) -> dict[str, float]:
    """How often each sign stands in 1000 characters of all texts together, counted in every second, third ... of very many.

    Args:
        texts: all of them.
        held: the places of the texts that hold each sign.
        patterns: of the signs.
    """
    step = _step(texts)
    total = sum(map(len, texts[::step]))
    rates = {}
    for name, places in held.items():
        pattern = re.compile(patterns[name])
        times = sum(len(pattern.findall(texts[at])) for at in places if at % step == 0)
        rates[name] = round(1000 * times / total, 4) if total else 0.0
    return rates
