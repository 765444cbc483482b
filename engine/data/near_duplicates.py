"""Texts that are nearly the same: reposts, typing errors, one word changed, an address or a name added.

Stage 1 (data). MinHash (Broder 1997, "On the resemblance and containment of documents") with locality-sensitive
hashing (Indyk and Motwani 1998) proposes pairs; the exact resemblance of their shingles decides. Import it in a job only:
rensa and the arrays of a hundred thousand texts are not for the process of the pages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import regex
from numpy.typing import NDArray

Ints = NDArray[np.int64]

THRESHOLD = 0.6
"""Jaccard resemblance of the shingles from which two texts count as nearly the same."""
LOOSE = 0.6
"""Share of the threshold that every member of a group must reach with the group's first text, so that no chain runs
from one text over many small steps to a quite different one."""

READ_CHARS = 20_000
"""Characters of a text that are compared."""
_SHORT_MOST, _LONG_LEAST = 500, 300
"""Short texts are cut into short shingles and long ones into long ones; those between take part in both."""
_SHINGLES = ((2, 4), (4, 8))
"""Characters of a shingle that begins in a script without spaces, and in another: for short texts, for long ones."""
_LEAST = 4
"""Shingles that a text needs to be compared; shorter ones count as the same only if they are."""

_SLOTS, _BAND, _SEED = 128, 4, 20
_CHUNK = 2_000_000
"""Characters whose shingles are held at once."""
_ALL_PAIRS, _NEXT = 12, 3
"""Texts of one bucket up to which all are compared; in a larger one each with the first and with the next few."""

_LINK = re.compile(r"(?:https?://|www\.)[!-~]+|(?<![a-z0-9.])(?:t\.cn|t\.co|bit\.ly)/[a-z0-9]+")
_MENTION = re.compile(r"@[\w-]{1,30}|(?<!\w)rt(?= *@)")
_SIGNS = regex.compile(r"(?:[^\p{L}\p{M}\p{N}]|[\ufe00-\ufe0f\u20e3])+")
"""All but letters, digits and the marks that letters of many scripts carry; `re` takes those marks for signs."""
_ACCENTS = re.compile("[\u0300-\u036f]+")
_ENOUGH = 4
"""Letters that must remain when names and addresses are dropped; else they are the text."""


def repost_form(text: str) -> str:
    """What stays of a text when it is posted again: no names (@), addresses, accents, letter case, width, signs or spaces.

    Example:
        >>> repost_form("RT @ann: Très  bon！ https://t.co/x")
        'tresbon'
    """
    text = text[:READ_CHARS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", _calm(text))))
    text = text.lower()
    bare = _SIGNS.sub(
        "", _MENTION.sub(" ", _LINK.sub(" ", text)) if "@" in text or "/" in text or "www" in text else text
    )
    return str(bare if len(bare) >= _ENOUGH else _SIGNS.sub("", text))


def _calm(text: str) -> str:
    """`text` without endless runs of marks, whose normal form takes quadratic time."""
    return _ENDLESS.sub("", text)


_ENDLESS = re.compile(r"[^\w\s\x00-\x7f]{256,}")


def near_duplicate_groups(
    texts: Sequence[str], threshold: float = THRESHOLD, progress: Callable[[float], None] | None = None
) -> Ints:
    """The group of each text, shape (n,): nearly equal texts share a number, a text unlike all others has its own.

    A group holds texts that are linked by a resemblance of at least `threshold`, each of which also resembles the
    group's first text somewhat (`LOOSE`). Groups are numbered by first appearance. Texts without any letter or digit are
    compared as they are; empty ones are alone. Deterministic, about 0.04 ms a short text.

    Args:
        texts: in the order of the table.
        threshold: Jaccard resemblance of the shingles, above 0 to 1.
        progress: called with the share done, 0 to 1.
    """
    tell = progress or (lambda share: None)
    forms = [repost_form(text) or "".join(text[:READ_CHARS].split()) for text in texts]
    tell(0.15)
    same, kinds = pd.factorize(np.array(forms, dtype=object))
    distinct: list[str] = kinds.tolist()
    lengths = np.fromiter(map(len, distinct), dtype=np.int64, count=len(distinct))
    edges, span = [np.empty((0, 2), dtype=np.int64)], 0.7
    for number, (sizes, chosen) in enumerate(
        zip(_SHINGLES, ((lengths >= _LEAST) & (lengths <= _SHORT_MOST), lengths >= _LONG_LEAST), strict=True)
    ):
        rows = np.flatnonzero(chosen)
        if len(rows) > 1:
            found = _linked([distinct[row] for row in rows], sizes, threshold, lambda share, n=number: tell(0.15 + span * (n + share) / 2))  # type: ignore[misc]  # fmt: skip
            edges.append(rows[found])
    tell(0.85)
    groups = _grouped(distinct, np.unique(np.concatenate(edges), axis=0), lengths, threshold)[same]
    alone = np.fromiter((not form for form in forms), dtype=bool, count=len(forms))
    groups[alone] = len(distinct) + np.arange(int(alone.sum()))
    tell(1.0)
    return pd.factorize(groups)[0].astype(np.int64)


def resemblance(first: str, second: str) -> float:
    """Jaccard resemblance of two texts' repost forms, as `near_duplicate_groups` measures it; 1.0 for equal forms."""
    forms = [repost_form(first), repost_form(second)]
    if forms[0] == forms[1]:
        return 1.0
    if min(map(len, forms)) < _LEAST:
        return 0.0
    sizes = _SHINGLES[0] if max(map(len, forms)) <= _SHORT_MOST else _SHINGLES[1]
    return float(_resemblances(forms, np.array([[0, 1]]), sizes)[0])


def _linked(
    forms: Sequence[str], sizes: tuple[int, int], threshold: float, tell: Callable[[float], None]
) -> Ints:
    """Pairs of positions whose shingles resemble each other enough, shape (pairs, 2)."""
    pairs = _candidates(_bands(forms, sizes, lambda share: tell(0.6 * share)))
    tell(0.7)
    return pairs[_resemblances(forms, pairs, sizes) >= threshold]


def _bands(forms: Sequence[str], sizes: tuple[int, int], tell: Callable[[float], None]) -> NDArray[np.uint64]:
    """Of each form's MinHash signature the bands, shape (bands, forms): forms that agree in one may resemble each other."""
    from rensa import RMinHash

    made = np.zeros((_SLOTS // _BAND, len(forms)), dtype=np.uint64)
    for start, end in _chunks(forms):
        hashes, starts = shingles(forms[start:end], sizes)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            hashes, starts.astype(np.uint64), _SLOTS, _SEED
        )
        signatures = np.array(matrix.to_rows(), dtype=np.uint64)
        for slot in range(_SLOTS):
            band = made[slot // _BAND, start:end]
            band += signatures[:, slot] * _FACTORS[slot % _BAND]
            _mixed(band)
        tell(end / len(forms))
    return made


def _chunks(forms: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Ranges of forms with about `_CHUNK` characters each."""
    ends = np.cumsum([len(form) for form in forms])
    cuts = np.searchsorted(ends, np.arange(_CHUNK, ends[-1] + _CHUNK, _CHUNK)) + 1
    bounds = np.unique(np.concatenate([[0], np.minimum(cuts, len(forms))]))
    yield from pairwise(bounds.tolist())


def shingles(forms: Sequence[str], sizes: tuple[int, int]) -> tuple[NDArray[np.uint64], Ints]:
    """Hashes of the shingles that begin at each character, and where each form's begin; shingles at the end run into padding."""
    longest = max(sizes)
    joined = ("\0" * (longest - 1)).join([*forms, ""])
    signs = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    starts = np.cumsum([0, *(len(form) for form in forms)])
    position = np.arange(starts[-1]) + np.repeat(np.arange(len(forms)) * (longest - 1), np.diff(starts))
    first = signs[position]
    dense = (
        ((first >= 0x2E80) & (first < 0xA000)) | ((first >= 0x0E00) & (first < 0x0F00)) | (first >= 0x20000)
    )
    hashes = np.zeros(len(position), dtype=np.uint64)
    for place in range(longest):
        value = (signs[position + place] + np.uint64(1)) * _FACTORS[place]
        if place >= min(sizes):
            value[dense if sizes[0] < sizes[1] else ~dense] = 0
        hashes += value
    return _mixed(hashes), starts.astype(np.int64)


_FACTORS = np.random.default_rng(_SEED).integers(1, 2**63, size=8, dtype=np.uint64) * np.uint64(
    2
) + np.uint64(1)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the input in every bit of the output (the finaliser of SplitMix64)."""
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def _candidates(bands: NDArray[np.uint64]) -> Ints:
    """Pairs that agree in at least one band, smaller position first, each once."""
    pairs = _distinct(np.concatenate([_in_buckets(band) for band in bands]))
    return np.stack([pairs >> 32, pairs & 0xFFFFFFFF], axis=1)


def _distinct(values: NDArray[Any]) -> NDArray[Any]:
    """The distinct values in ascending order; sorting takes a tenth of the time of NumPy's own, which hashes them."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return np.asarray(ordered[new])


def _in_buckets(band: NDArray[np.uint64]) -> Ints:
    """Pairs of positions with an equal value, packed into one number each."""
    order = np.argsort(band, kind="stable").astype(np.int64)
    values = band[order]
    begins = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    sizes = np.diff([*begins, len(values)])
    begin, size = np.repeat(begins, sizes), np.repeat(sizes, sizes)
    found = []
    for step in range(1, min(_ALL_PAIRS, int(sizes.max(initial=1)))):
        later = np.flatnonzero(
            (np.arange(len(order)) - begin >= step) & ((size <= _ALL_PAIRS) | (step <= _NEXT))
        )
        found.append((order[later - step] << 32) | order[later])
    crowded = np.flatnonzero(size > _ALL_PAIRS)
    crowded = crowded[crowded > begin[crowded]]
    found.append((order[begin[crowded]] << 32) | order[crowded])
    return _distinct(np.concatenate(found))


def _resemblances(forms: Sequence[str], pairs: Ints, sizes: tuple[int, int]) -> NDArray[np.float64]:
    """Exact Jaccard resemblance of the shingle sets of each pair, a chunk of pairs at a time."""
    found = np.zeros(len(pairs))
    lengths = np.fromiter(map(len, forms), dtype=np.int64, count=len(forms))
    work = np.cumsum(lengths[pairs].sum(axis=1))
    bounds = np.unique(np.searchsorted(work, np.arange(0, (work[-1] if len(work) else 0) + _CHUNK, _CHUNK)))
    for start, end in pairwise([*bounds.tolist(), len(pairs)]):
        if start < end:
            found[start:end] = _compared(forms, pairs[start:end], sizes)
    return found


def _compared(forms: Sequence[str], pairs: Ints, sizes: tuple[int, int]) -> NDArray[np.float64]:
    rows, local = np.unique(pairs, return_inverse=True)
    local = local.reshape(pairs.shape)
    hashes, starts = shingles([forms[row] for row in rows], sizes)
    owner = np.repeat(np.arange(len(rows), dtype=np.uint64), np.diff(starts))
    # The sets, one behind the other: the text's number and 40 bits of each shingle's hash.
    tagged = _distinct((owner << np.uint64(40)) | (hashes >> np.uint64(24)))
    counts = np.bincount((tagged >> np.uint64(40)).astype(np.int64), minlength=len(rows))
    begins = np.concatenate([[0], np.cumsum(counts)])
    swap = counts[local[:, 0]] > counts[local[:, 1]]
    small, large = np.where(swap, local[:, 1], local[:, 0]), np.where(swap, local[:, 0], local[:, 1])
    taken = counts[small]
    place = (
        np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken, taken) + np.repeat(begins[small], taken)
    )
    asked = (tagged[place] & np.uint64(2**40 - 1)) | (
        np.repeat(large, taken).astype(np.uint64) << np.uint64(40)
    )
    at = np.minimum(np.searchsorted(tagged, asked), len(tagged) - 1)
    shared = np.bincount(np.repeat(np.arange(len(pairs)), taken)[tagged[at] == asked], minlength=len(pairs))
    return np.asarray(shared / (counts[small] + counts[large] - shared))


def _grouped(forms: Sequence[str], edges: Ints, lengths: Ints, threshold: float) -> Ints:
    """A group number (position of its first text) for each form."""
    groups = np.arange(len(forms))
    links = _links(edges, len(forms))
    left = np.unique(edges)
    while len(left):  # each round settles the group of every component's first text
        parts = _components(links[left][:, left])
        first = left[np.unique(parts, return_index=True)[1]][parts]
        near = first == left
        others = np.flatnonzero(~near)
        pairs = np.stack([first[others], left[others]], axis=1)
        near[others] = _alike(forms, pairs, lengths) >= LOOSE * threshold
        groups[left[near]] = first[near]
        left = left[~near]
    return groups


def _links(edges: Ints, size: int) -> Any:
    from scipy.sparse import coo_matrix

    return coo_matrix(
        (np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), shape=(size, size)
    ).tocsr()


def _components(links: Any) -> Ints:
    from scipy.sparse.csgraph import connected_components

    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _alike(forms: Sequence[str], pairs: Ints, lengths: Ints) -> NDArray[np.float64]:
    short = lengths[pairs].max(axis=1, initial=0) <= _SHORT_MOST
    found = np.zeros(len(pairs))
    for sizes, chosen in zip(_SHINGLES, (short, ~short), strict=True):
        found[chosen] = _resemblances(forms, pairs[chosen], sizes)
    return found
