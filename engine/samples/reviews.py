"""Writes the embedded samples: synthetic customer reviews, Chinese and English, from a hand-written phrase bank.

No row was written by a customer: a seeded generator composes them from the banks in `zh/` and `en/`. What makes them
hard is what makes real reviews hard: verdicts with two sides, praise and blame without a word of either, irony,
negation, dialect, slips of spelling, reposts, and labels that are wrong. Same seed, same bytes.
"""

from __future__ import annotations

import datetime
import functools
import random
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from engine.samples.composer import Review, Style
from engine.samples.phrases import Bank, Polarity, Region, expand, load_bank

SAMPLES: tuple[str, ...] = ("reviews_zh", "reviews_en")
SAMPLE_ROLES: dict[str, str] = {
    "text": "input",
    "label": "label",
    "region": "slice",
    "domain": "slice",
    "date": "time",
}

_FIRST_DAY = datetime.date(2024, 1, 1)
_DAYS = 730
_LAST_DAY = _FIRST_DAY + datetime.timedelta(days=_DAYS)


@dataclass(frozen=True)
class _Domain:
    """How the rows of one domain differ: share of rows, points of label 1 more or less, factor on mixed verdicts."""

    value: str
    share: int
    pos: int
    mixed: float


@dataclass(frozen=True)
class _Settings:
    """What one sample is: style, seed, exact label counts, rates. Rates were tuned by measuring (see the tests)."""

    style: Style
    seed: int
    negative: int
    positive: int
    domains: Mapping[str, _Domain]
    mixed: float
    wrong_label: float
    repost: float


_SETTINGS = {
    "reviews_zh": _Settings(
        style=Style(language="zh", lengths=(14, 24, 22, 15, 10, 7, 4, 2, 2), asides=1.0, closing=0.25),
        seed=20240609,
        negative=6000,
        positive=4000,
        domains={
            "takeaway": _Domain("外卖", 42, 2, 1.0),
            "shop": _Domain("网店", 33, 3, 0.85),
            "customer_service": _Domain("客服", 25, -7, 1.2),
        },
        mixed=1.0,
        wrong_label=0.035,
        repost=0.0195,
    ),
    "reviews_en": _Settings(
        style=Style(language="en", lengths=(6, 15, 24, 20, 14, 10, 6, 3, 2), asides=0.45, closing=0.5),
        seed=20240609,
        negative=1200,
        positive=800,
        domains={
            "takeaway": _Domain("takeaway", 40, 2, 1.0),
            "shop": _Domain("shop", 35, 3, 0.85),
            "customer_service": _Domain("customer_service", 25, -7, 1.2),
        },
        mixed=0.25,
        wrong_label=0.03,
        repost=0.022,
    ),
}


@dataclass(frozen=True)
class _Row:
    text: str
    label: str
    region: str
    domain: str
    date: str
    kind: str
    wrong_label: bool


def make_sample(name: str) -> pd.DataFrame:
    """Build an embedded sample of synthetic reviews; the same rows on every machine and every call.

    `reviews_zh`: 10 000 Chinese texts, exactly 6 000 of label "0" and 4 000 of label "1". `reviews_en`: 2 000 English
    texts, 1 200 and 800. Label "1" is a satisfied customer, "0" a complaint; about 3.5 % of the labels are wrong on
    purpose, as in data labelled by hand.

    Args:
        name: one of `SAMPLES`.

    Returns:
        A frame with the columns of `SAMPLE_ROLES`, all text (`str`), rows in a shuffled order that never changes.

    Raises:
        KeyError: the name is not a sample.

    Example:
        >>> make_sample("reviews_en")["label"].value_counts().to_dict()
        {'0': 1200, '1': 800}
    """
    rows = _rows(name)
    return pd.DataFrame(
        {column: [getattr(row, column) for row in rows] for column in SAMPLE_ROLES}, dtype="str"
    )


def sample_csv(name: str) -> bytes:
    r"""Give `make_sample` as a UTF-8 CSV file with `\n` line ends, byte for byte the same each time."""
    return make_sample(name).to_csv(index=False, lineterminator="\n").encode("utf-8")


def sample_truth(name: str) -> pd.DataFrame:
    """Say what the generator knows about each row of `make_sample`, in the same order; for tests and benchmarks.

    Returns:
        A frame with `kind` (how the text was composed: plain, concede, past, both_sides, irony, implicit, lukewarm,
        short or repost) and `wrong_label` (bool: the label contradicts the intended verdict).
    """
    rows = _rows(name)
    return pd.DataFrame(
        {"kind": [row.kind for row in rows], "wrong_label": [row.wrong_label for row in rows]},
    )


@functools.lru_cache(maxsize=2)
def _rows(name: str) -> tuple[_Row, ...]:
    if name not in _SETTINGS:
        raise KeyError(f"sample must be one of {', '.join(SAMPLES)}. Got {name!r}")
    return tuple(_Writer(_SETTINGS[name]).write())


class _Writer:
    """Composes all rows of one sample from one random source."""

    def __init__(self, settings: _Settings) -> None:
        self.settings = settings
        self.language = settings.style.language
        self.bank: Bank = load_bank(self.language, tuple(settings.domains))
        self.rng = random.Random(settings.seed)
        self.seen: set[str] = set()  # membership only: a set's order would differ between runs

    def write(self) -> list[_Row]:
        """Fill every cell (region x domain x label) of the plan, then shuffle."""
        rows: list[_Row] = []
        for label, total in (("0", self.settings.negative), ("1", self.settings.positive)):
            plan = [cell for cell, count in self._cells(label, total) for _ in range(count)]
            wrong = self.rng.sample(range(total), round(total * self.settings.wrong_label))
            is_wrong = [False] * total
            for index in wrong:
                is_wrong[index] = True
            for (region, domain), flipped in zip(plan, is_wrong, strict=True):
                rows.append(self._row(region, domain, label, flipped))
        rows = self._with_reposts(rows)
        self.rng.shuffle(rows)
        return rows

    def _cells(self, label: str, total: int) -> list[tuple[tuple[Region, str], int]]:
        """Share `total` rows of a label over region x domain, by largest remainder, so that counts are exact."""
        cells, weights = [], []
        for region in self.bank.regions:
            for name, domain in self.settings.domains.items():
                pos = region.pos + domain.pos
                cells.append((region, name))
                weights.append(region.share * domain.share * (pos if label == "1" else 100 - pos))
        exact = [total * weight / sum(weights) for weight in weights]
        counts = [int(value) for value in exact]
        by_remainder = sorted(range(len(cells)), key=lambda index: (counts[index] - exact[index], index))
        for index in by_remainder[: total - sum(counts)]:
            counts[index] += 1
        return list(zip(cells, counts, strict=True))

    def _row(self, region: Region, domain: str, label: str, flipped: bool) -> _Row:
        verdict: Polarity = "pos" if (label == "1") != flipped else "neg"
        date = _FIRST_DAY + datetime.timedelta(days=int(_DAYS * self.rng.random() ** 0.7))
        facts = self.settings.domains[domain]
        while True:
            review = Review(
                self.rng,
                self.bank,
                self.settings.style,
                region=region,
                domain=self.bank.domains[domain],
                verdict=verdict,
                month=f"{date.month:02d}",
                mixed=region.mixed * facts.mixed * self.settings.mixed,
            )
            kind, text = review.compose()
            if len(text) >= 3 and text not in self.seen:
                break
        self.seen.add(text)
        return _Row(text, label, region.name, facts.value, date.isoformat(), kind, flipped)

    def _with_reposts(self, rows: list[_Row]) -> list[_Row]:
        """Replace some rows by a lightly edited copy of another of the same cell; a few contradict its label."""
        sources: dict[tuple[str, str, bool], list[int]] = {}
        for index, row in enumerate(rows):
            if len(row.text) >= (28 if self.language == "zh" else 70):
                meant_well = (row.label == "1") != row.wrong_label
                sources.setdefault((row.region, row.domain, meant_well), []).append(index)
        copies = self.rng.sample(range(len(rows)), round(len(rows) * self.settings.repost))
        replaced = [False] * len(rows)
        for index in copies:
            replaced[index] = True
        result = list(rows)
        for index in copies:
            row = rows[index]
            cell = sources.get((row.region, row.domain, (row.label == "1") != row.wrong_label), [])
            options = [other for other in cell if not replaced[other]]
            if not options:
                continue
            source = rows[self.rng.choice(options)]
            later = datetime.date.fromisoformat(source.date) + datetime.timedelta(days=self.rng.randrange(6))
            day = min(later, _LAST_DAY)
            text = self._edit(source.text)
            result[index] = _Row(
                text, row.label, row.region, row.domain, day.isoformat(), "repost", row.wrong_label
            )
        return result

    def _edit(self, text: str) -> str:
        draw = self.rng.random()
        if draw < 0.1:
            return text
        if draw < 0.55:
            return text + self._joint() + expand(self.rng, self.rng.choice(self.bank.reposts), {})
        if draw < 0.8:
            return text.rstrip("。！.!… ") + self.rng.choice(self.bank.suffixes)
        at = self.rng.randrange(len(text) - 1)
        return text[:at] + text[at + 1 :]

    def _joint(self) -> str:
        return self.rng.choice(("", "，", " ")) if self.language == "zh" else " "
