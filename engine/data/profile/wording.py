"""How the texts of a table are worded: variety, frequent and telling words, signs such as links, and each slice by itself.

Stage 1 (data). From a seeded sample that says its size. Chinese words are those of jieba's dictionary, as in the
cleaning step "Chinese words apart"; single characters are left out of the lists, as they say little alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.measures import Plain
from engine.data.profile.characters import ADDRESS_MARK, letter_pairs, sign_rates, without_addresses
from engine.data.scanning import matching
from engine.data.text_sample import at_places, text_sample
from engine.data.token_codes import TokenCodes, token_codes
from engine.data.token_presence import Presence
from engine.errors import N_

_BEGINNING = 2_000
"""Characters of a text that are looked at."""
LISTED, TELLING, MOST_CLASSES, MOST_VALUES = 30, 12, 30, 20
SEGMENT = 500
"""Tokens of a stretch whose variety is measured: a share of different words depends on how many are looked at."""
LEAST = 5
"""Texts that must hold a word before it counts as telling."""
_PRIOR = 1_000.0

_TOKENS = r"[\p{Han}\p{Hiragana}\p{Katakana}]|[^\W\p{Han}\p{Hiragana}\p{Katakana}]+"
SIGNS = {
    "links": r"(?i:https?://|www\.)",
    "mentions": r"(?:^|[^A-Za-z0-9._%+-])[@＠]\w",
    "hashtags": r"(?:^|\s)#\w|#[^#\s]{1,30}#",
    "emoji": "[\U0001f300-\U0001faff\u2600-\u26ff\u2764\u263a]",
    "html": r"</?[A-Za-z][^<>]{0,200}>|&(?:[a-z]{2,8}|#[0-9]{1,6});",
    "digits": r"[0-9０-９]",
}
SIGN_TITLES = {
    "links": N_("Web addresses"), "mentions": N_("User names (@)"), "hashtags": N_("Hashtags"), "emoji": N_("Emoji"),
    "html": N_("HTML marks"), "digits": N_("Digits"),
}  # fmt: skip


class Telling(Plain):
    """Words that tell a class from all others: each with its z-score and the rows of the class that hold it."""

    label: str
    rows: int
    words: tuple[tuple[str, float, int], ...]


class SliceWording(Plain):
    """One value of a slice column: its rows in the sample, variety, share of rows that repeat another, classes that occur."""

    column: str
    value: str
    rows: int
    variety: float | None
    repeated: float
    classes: int


class Wording(Plain):
    """How texts are worded.

    Args:
        rows: texts looked at.
        of: all texts; more than `rows` when a sample was drawn.
        tokens: words (Chinese and Japanese characters singly) in them.
        types: different ones, letter case folded.
        variety: mean share of different words in stretches of `SEGMENT` (mean segmental type-token ratio, Johnson 1944);
            None with fewer words than one stretch.
        words: the words that most texts hold, with how many do.
        phrases: the same of two words in a row, in Chinese of three characters.
        signs: texts with web addresses and the like, by the names of `SIGNS`.
        rates: how often each of them stands in 1000 characters.
        pairs: two letters in a row (Chinese characters too) that most of `pairs_of` texts hold, with how many do.
        classes: telling words of each class, the largest first; at most `MOST_CLASSES`.
        slices: each larger value of every slice column by itself.
    """

    rows: int
    of: int
    tokens: int
    types: int
    variety: float | None
    words: tuple[tuple[str, int], ...]
    phrases: tuple[tuple[str, int], ...]
    signs: Mapping[str, int]
    rates: Mapping[str, float] = {}
    pairs: tuple[tuple[str, int], ...] = ()
    pairs_of: int = 0
    classes: tuple[Telling, ...]
    slices: tuple[SliceWording, ...]


def wording(
    inputs: pd.Series, labels: Sequence[str], classes: Sequence[str], slices: Mapping[str, pd.Series]
) -> Wording:
    """Measure texts.

    Args:
        inputs: texts, in the order of the table.
        labels: the label of each, "" without one.
        classes: the classes, largest first.
        slices: cells of the slice columns in the same order.
    """
    places = text_sample(inputs.str.len().to_numpy(), _BEGINNING)
    looked = at_places(inputs, places).reset_index(drop=True)
    texts = [str(text)[:_BEGINNING] for text in looked]
    known = pd.Index(list(classes)).get_indexer(pd.Index(np.asarray(labels, dtype=object)[places]))
    codes = known.astype(np.int64)
    plain = without_addresses(texts)
    tokens = _tokens(plain)
    presence = _presence(plain)
    counts = presence.counts()
    order = np.lexsort((np.arange(len(counts)), -counts))[:LISTED]
    phrases, words = _phrases(tokens), tokens.without(ADDRESS_MARK)
    held = {name: matching(looked, pattern).tolist() for name, pattern in SIGNS.items()}
    pairs_of, pairs = letter_pairs(plain, LISTED)
    return Wording(
        rows=len(texts), of=len(inputs), tokens=len(words.codes), types=len(words.names), variety=_variety(words.codes),
        words=tuple((presence.names[at], int(counts[at])) for at in order), phrases=phrases,
        signs={name: len(places) for name, places in held.items()}, rates=sign_rates(texts, held, SIGNS), pairs=pairs, pairs_of=pairs_of,
        classes=_telling(presence.texts, presence.tokens, presence.names, codes, classes),
        slices=tuple(_slices(words, looked, codes, {name: cells.iloc[places] for name, cells in slices.items()})),
    )  # fmt: skip


def telling_scores(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """z-scores of the log-odds of each word in each class against all others, shape (classes, words).

    Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words", section 3.4): the prior is
    the wording of all classes together, worth `_PRIOR` words (at most half of what was counted), so that rare words need
    more proof than frequent ones.

    Args:
        counts: texts of each class that hold each word, shape (classes, words).
    """
    total = counts.sum(axis=0)
    prior = total * min(0.5, _PRIOR / max(1.0, float(total.sum())))
    own, rest = counts + prior, total - counts + prior
    own_all, rest_all = own.sum(axis=1, keepdims=True), rest.sum(axis=1, keepdims=True)
    odds = np.log(own / (own_all - own)) - np.log(rest / (rest_all - rest))
    return np.asarray(odds / np.sqrt(1 / own + 1 / rest), dtype=np.float64)


def _telling(
    texts: NDArray[np.int64], tokens: NDArray[np.int64], names: Sequence[str], codes: NDArray[np.int64], classes: Sequence[str]
) -> tuple[Telling, ...]:  # fmt: skip
    if len(classes) < 2 or len(names) < 2:
        return ()
    of_class = codes[texts]
    known = of_class >= 0
    shape = (len(classes), len(names))
    counts = np.bincount(of_class[known] * shape[1] + tokens[known], minlength=shape[0] * shape[1])
    table = counts.reshape(shape).astype(np.float64)
    held = table.sum(axis=0) >= LEAST
    if held.sum() < 2 or (table.sum(axis=1) > 0).sum() < 2:
        return ()
    table, kept = table[:, held], np.asarray(names, dtype=object)[held]
    scores = telling_scores(table)
    found = []
    for place, label in enumerate(classes[:MOST_CLASSES]):
        order = np.argsort(-scores[place], kind="stable")[:TELLING]
        words = tuple(
            (str(kept[at]), round(float(scores[place, at]), 2), int(table[place, at]))
            for at in order
            if scores[place, at] > 1.96
        )
        found.append(Telling(label=str(label), rows=int((codes == place).sum()), words=words))
    return tuple(found)


def _tokens(texts: Sequence[str]) -> TokenCodes:
    import regex

    pattern = regex.compile(_TOKENS)
    return token_codes(pattern.findall(text.lower()) for text in texts)


def _presence(texts: Sequence[str]) -> Presence:
    """Which words stand in which texts; those in one text only are left out."""
    import regex

    from engine.prepare.clean.segment import Segment

    step, usual, pattern = Segment(), Segment.Params(), regex.compile(r"\w+")
    found = token_codes(pattern.findall(step.apply(text.lower(), usual)) for text in texts).once()  # type: ignore[arg-type]
    often = np.bincount(found.codes, minlength=len(found.names)) > 1
    listed = often & ~np.fromiter(map(_wide, found.names), dtype=bool, count=len(found.names))
    if ADDRESS_MARK in found.names:
        listed[found.names.index(ADDRESS_MARK)] = False
    kept = found.only(listed)
    return Presence(kept.texts, kept.codes, kept.names, len(texts))


def _variety(codes: NDArray[np.int64]) -> float | None:
    stretches = codes[: len(codes) // SEGMENT * SEGMENT].reshape(-1, SEGMENT)
    if not len(stretches):
        return None
    different = 1 + (np.diff(np.sort(stretches, axis=1), axis=1) != 0).sum(axis=1)
    return round(float(np.mean(different / SEGMENT)), 4)


def _phrases(tokens: TokenCodes) -> tuple[tuple[str, int], ...]:
    """Two words in a row, and three Chinese characters, with the texts that hold them."""
    dense = np.fromiter(map(_wide, tokens.names), dtype=bool, count=len(tokens.names))
    wide, texts = dense[tokens.codes], tokens.texts
    word = (
        ~wide & (np.asarray(tokens.names, dtype=object) != ADDRESS_MARK)[tokens.codes] if len(wide) else ~wide
    )
    pairs = np.flatnonzero((texts[1:] == texts[:-1]) & word[1:] & word[:-1])
    triples = np.flatnonzero((texts[2:] == texts[:-2]) & wide[2:] & wide[1:-1] & wide[:-2])
    # Numbers of their own for characters, so that three of them are one number of 64 bits.
    characters = (np.cumsum(dense) - 1)[tokens.codes]
    found = [
        (separator.join(tokens.names[code] for code in tokens.codes[place : place + length]), count)
        for separator, length, codes, places in ((" ", 2, tokens.codes, pairs), ("", 3, characters, triples))
        for place, count in _frequent(codes, length, texts, places)
    ]
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0]))[:LISTED])


def _frequent(
    codes: NDArray[np.int64], length: int, texts: NDArray[np.int64], places: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """The sequences of `length` codes at `places` that stand in most texts, two at least: where each stands, and in how many."""
    if not len(places):
        return []
    base = int(codes.max()) + 1
    spelled = codes[places]
    for step in range(1, length):
        spelled = spelled * base + codes[places + step]
    order = np.argsort(spelled, kind="stable")  # equal ones stay in the order of the texts
    spelled, places = spelled[order], places[order]
    other, text = np.diff(spelled, prepend=-1) != 0, texts[places]
    fresh = other | (np.diff(text, prepend=-1) != 0)
    starts = np.flatnonzero(other)
    counts = np.add.reduceat(fresh.astype(np.int64), starts)
    last = min(LISTED, len(counts))
    least = max(2, int(np.partition(counts, -last)[-last]))
    return [(int(places[starts[at]]), int(counts[at])) for at in np.flatnonzero(counts >= least)]


def _wide(token: str) -> bool:
    """Whether it is one Chinese or Japanese character."""
    return len(token) == 1 and token >= "\u2e80"


def _slices(
    tokens: TokenCodes, texts: pd.Series[str], codes: NDArray[np.int64], slices: Mapping[str, pd.Series]
) -> list[SliceWording]:  # fmt: skip
    repeated = (
        pd.Series([" ".join(text.split()) for text in texts], dtype="str").duplicated(keep=False).to_numpy()
    )
    found = []
    for column, cells in slices.items():
        values = cells.to_numpy(dtype=object)
        counts = pd.Series(values)[values != ""].value_counts()
        for value, count in list(counts.items())[:MOST_VALUES]:
            rows = values == value
            found.append(
                SliceWording(
                    column=column, value=str(value), rows=int(count), variety=_variety(tokens.codes[rows[tokens.texts]]),
                    repeated=float(repeated[rows].mean()), classes=len(set(codes[rows].tolist()) - {-1}),
                )
            )  # fmt: skip
    return found
