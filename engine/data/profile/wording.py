"""How the texts of a table are worded: variety, frequent and telling words, signs such as links, and each slice by itself.

Stage 1 (data). From a seeded sample that says its size. Chinese words are those of jieba's dictionary, as in the
cleaning step "Chinese words apart"; single characters are left out of the lists, as they say little alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.measures import Plain
from engine.data.scanning import matching
from engine.data.token_presence import Presence
from engine.errors import N_

SAMPLE, SEED = 3_000, 0
LISTED, TELLING, MOST_CLASSES, MOST_VALUES = 30, 12, 30, 20
SEGMENT = 500
"""Tokens of a stretch whose variety is measured: a share of different words depends on how many are looked at."""
LEAST = 5
"""Texts that must hold a word before it counts as telling."""
_PRIOR = 1_000.0

_TOKENS = r"[\p{Han}\p{Hiragana}\p{Katakana}]|[^\W\p{Han}\p{Hiragana}\p{Katakana}]+"
SIGNS = {
    "links": r"https?://|www\.",
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
    places = np.arange(len(inputs))
    if len(inputs) > SAMPLE:
        places = np.sort(np.random.default_rng(SEED).choice(len(inputs), SAMPLE, replace=False))
    texts = [str(text) for text in inputs.iloc[places]]
    codes = (
        pd.Index(list(classes))
        .get_indexer(pd.Index(np.asarray(labels, dtype=object)[places]))
        .astype(np.int64)
    )
    tokens = _tokens(texts)
    presence = _presence(texts)
    counts = presence.counts()
    order = np.lexsort((np.arange(len(counts)), -counts))[:LISTED]
    # One pattern at a time over the sample as a whole: matching wants a Series.
    series = pd.Series(texts, dtype="str")
    return Wording(
        rows=len(texts), of=len(inputs), tokens=sum(map(len, tokens)), types=len({word for row in tokens for word in row}),
        variety=_variety(tokens),
        words=tuple((presence.names[at], int(counts[at])) for at in order), phrases=_phrases(tokens),
        signs={name: len(matching(series, pattern)) for name, pattern in SIGNS.items()},
        classes=_telling(presence.texts, presence.tokens, presence.names, codes, classes),
        slices=tuple(_slices(tokens, texts, codes, {name: cells.iloc[places] for name, cells in slices.items()})),
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


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    import regex

    pattern = regex.compile(_TOKENS)
    return [pattern.findall(text[:2_000].lower()) for text in texts]


def _presence(texts: Sequence[str]) -> Presence:
    """Which words stand in which texts; those in one text only are left out."""
    import regex

    from engine.prepare.clean.segment import Segment

    step, usual, pattern = Segment(), Segment.Params(), regex.compile(r"\w+")
    found = [sorted(set(pattern.findall(step.apply(text[:2_000].lower(), usual)))) for text in texts]  # type: ignore[arg-type]
    words = pd.Series([word for row in found for word in row if not _wide(word)], dtype="str")
    places = np.repeat(np.arange(len(texts)), [sum(not _wide(word) for word in row) for row in found])
    codes, names = pd.factorize(words, sort=True)
    kept = np.bincount(codes, minlength=len(names)) > 1
    chosen = kept[codes] if len(codes) else np.zeros(0, dtype=bool)
    renamed = np.cumsum(kept) - 1
    return Presence(
        places[chosen].astype(np.int64), renamed[codes[chosen]].astype(np.int64),
        tuple(str(name) for name in np.asarray(names, dtype=object)[kept]), len(texts),
    )  # fmt: skip


def _variety(rows: Sequence[Sequence[str]]) -> float | None:
    words = [word for row in rows for word in row]
    ends = range(SEGMENT, len(words) + 1, SEGMENT)
    shares = [len(set(words[end - SEGMENT : end])) / SEGMENT for end in ends]
    return round(float(np.mean(shares)), 4) if shares else None


def _phrases(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, int], ...]:
    counted: Counter[str] = Counter()
    for row in rows:
        wide = [_wide(token) for token in row]
        found = {
            f"{a} {b}" for (a, b), (v, w) in zip(pairwise(row), pairwise(wide), strict=True) if not (v or w)
        }
        found.update(
            row[i] + row[i + 1] + row[i + 2]
            for i in range(len(row) - 2)
            if wide[i] and wide[i + 1] and wide[i + 2]
        )
        counted.update(found)
    return tuple(
        sorted(((k, n) for k, n in counted.items() if n > 1), key=lambda pair: (-pair[1], pair[0]))[:LISTED]
    )


def _wide(token: str) -> bool:
    """Whether it is one Chinese or Japanese character."""
    return len(token) == 1 and token >= "\u2e80"


def _slices(
    tokens: Sequence[Sequence[str]], texts: Sequence[str], codes: NDArray[np.int64], slices: Mapping[str, pd.Series]
) -> list[SliceWording]:  # fmt: skip
    repeated = (
        pd.Series([" ".join(text.split()) for text in texts], dtype="str").duplicated(keep=False).to_numpy()
    )
    found = []
    for column, cells in slices.items():
        values = cells.to_numpy(dtype=object)
        counts = pd.Series(values)[values != ""].value_counts()
        for value, count in list(counts.items())[:MOST_VALUES]:
            rows = np.flatnonzero(values == value)
            found.append(
                SliceWording(
                    column=column, value=str(value), rows=int(count), variety=_variety([tokens[int(row)] for row in rows]),
                    repeated=float(repeated[rows].mean()), classes=len(set(codes[rows].tolist()) - {-1}),
                )
            )  # fmt: skip
    return found
