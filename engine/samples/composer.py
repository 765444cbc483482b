"""Composes one synthetic review: what is said, in which order, and which side wins.

The kinds of review are the reasons why real ones are hard to read: concession, then and now, irony, facts without a
judgement, shrugs. `reviews` decides who writes about what; `noise` is what their hands do to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.samples import noise
from engine.samples.phrases import OPPOSITE, Bank, Domain, Polarity, Region, expand, fill

_CLAUSES = (
    1,
    2,
    3,
    4,
    5,
    7,
    9,
    13,
    18,
)  # how many clauses a plain review can have; `Style.lengths` weighs them


@dataclass(frozen=True)
class Style:
    """How people write in one sample: language, weights of `_CLAUSES`, factor on the rarer kinds, share of closers."""

    language: str
    lengths: tuple[int, ...]
    asides: float
    closing: float


class Review:
    """One review in the making: who writes (region), about what (domain), how it ended for them (verdict)."""

    def __init__(
        self,
        rng: random.Random,
        bank: Bank,
        style: Style,
        *,
        region: Region,
        domain: Domain,
        verdict: Polarity,
        month: str,
        mixed: float,
    ) -> None:
        """Decide who writes.

        Args:
            rng: the source of every choice.
            bank: the phrases of the language.
            style: how people write in this sample.
            region: where the writer is from.
            domain: the phrases of the domain.
            verdict: satisfied (`"pos"`) or not.
            month: two digits, for remarks on the season.
            mixed: how often the review has two sides, in points of a hundred.
        """
        self.rng = rng
        self.bank = bank
        self.style = style
        self.region = region
        self.domain = domain
        self.verdict: Polarity = verdict
        self.month = month
        self.mixed = mixed
        self.nouns = dict(self.domain.nouns)
        if "dish" in self.nouns and self.chance(0.7):
            self.nouns["dish"] = region.dish
        self.dialect = self.chance(region.dialect / 100)
        self.unused = list(self.domain.aspects)
        self.rng.shuffle(self.unused)

    def compose(self) -> tuple[str, str]:
        """Write the review; gives how it was composed and its text."""
        asides = self.style.asides
        writers: Mapping[str, tuple[float, Callable[[], list[str]]]] = {
            "plain": (max(72 - self.mixed, 8.0), self._plain),
            "concede": (self.mixed * 0.4, lambda: self._framed("concede")),
            "past": (self.mixed * 0.25, lambda: self._framed("past")),
            "both_sides": (self.mixed * 0.35, self._both_sides),
            "irony": (asides * (4.5 if self.verdict == "neg" else 3.0), lambda: self._framed("irony")),
            "implicit": (asides * 11, self._implicit),
            "lukewarm": (asides * 5, self._lukewarm),
            "short": (asides * 7, self._short),
        }
        kinds = list(writers)
        kind = self.rng.choices(kinds, [writers[key][0] for key in kinds])[0]
        clauses = writers[kind][1]()
        if self.dialect:
            clauses = [noise.speak(self.rng, clause, self.region, self.style.language) for clause in clauses]
            if kind != "short" and self.chance(0.38):
                phrase = self.say(self.region.phrases[self.verdict])
                clauses.insert(self.rng.randrange(len(clauses) + 1), phrase)
        text = noise.punctuate(self.rng, clauses, self.style.language)
        if self.chance(0.24):
            text = noise.misspell(self.rng, text, self.bank, self.style.language)
        if self.chance(0.15):
            text = noise.decorate(self.rng, text, self.verdict, self.bank)
        elif self.chance(0.06):
            text += self.rng.choice(self.bank.suffixes)
        return kind, text

    # One method a kind of review. Each returns clauses without end marks.

    def _plain(self) -> list[str]:
        count = self.rng.choices(_CLAUSES, self.style.lengths)[0]
        clauses = self._opening()
        says_nothing = self.rng.randrange(count) if count > 1 else -1
        for index in range(count):
            draw = self.rng.random()
            if index == says_nothing:
                clauses.append(self.say(self.domain.detail))
            elif draw < 0.76:
                clauses.append(self.claim(self.verdict))
            elif draw < 0.9:
                clauses.append(self.say(self.domain.implicit[self.verdict]))
            else:
                clauses.append(self.say(self.bank.negation[self.verdict]))
        return clauses + self._closing(self.style.closing)

    def _framed(self, kind: str) -> list[str]:
        """A frame that says which side wins: concession, then and now, here and elsewhere, irony."""
        frames = self.bank.frames[kind]
        frame = self.rng.choice(frames.get("both", ()) + frames[self.verdict])
        other = OPPOSITE[self.verdict]
        same = self.claim(self.verdict) if self.chance(0.75) else self.say(self.domain.implicit[self.verdict])
        parts = {"s": same, "o": self.claim(other, grave=False), "o2": self.claim(other, grave=False)}
        clauses = [*self._opening(), fill(expand(self.rng, frame, {}), parts)]
        if self.chance(0.3):
            clauses.append(self.say(self.domain.detail))
        if self.chance(0.25):
            clauses.append(self.claim(self.verdict))
        return clauses + self._closing(self.style.closing)

    def _both_sides(self) -> list[str]:
        """Points for and against in any order; a verdict at the end, or the graver side, decides."""
        against = self.rng.choice((1, 2, 2, 3))
        other = OPPOSITE[self.verdict]
        clauses = [self.claim(other, grave=False) for _ in range(against)]
        clauses += [self.claim(self.verdict) for _ in range(self.rng.choice((1, 2, 2, 3)))]
        self.rng.shuffle(clauses)
        if self.chance(0.6):
            return self._opening() + clauses + self._closing(1.0)
        if self.verdict == "neg":
            return self._opening() + clauses + [self.grave()]
        return self._opening() + clauses + [self.say(self.domain.implicit["pos"])]

    def _implicit(self) -> list[str]:
        """What happened, and no judgement."""
        clauses = [self.say(self.domain.implicit[self.verdict]) for _ in range(self.rng.choice((1, 1, 1, 2)))]
        if self.chance(0.45):
            clauses.insert(0, self.say(self.domain.detail))
        return (self._opening() if self.chance(0.5) else []) + clauses

    def _lukewarm(self) -> list[str]:
        """Shrugs that could go either way, and one remark that tips them."""
        clauses = [self.say(self.bank.lukewarm)]
        if self.chance(0.75):
            clauses.append(self.claim(self.verdict))
        else:
            clauses.append(self.say(self.domain.detail))
        if self.chance(0.3):
            clauses.append(self.say(self.bank.lukewarm))
        self.rng.shuffle(clauses)
        return clauses

    def _short(self) -> list[str]:
        return [self.say(self.domain.short[self.verdict])]

    # Building blocks.

    def claim(self, side: Polarity, *, grave: bool = True) -> str:
        """Say something about an aspect not yet spoken of; `grave` allows complaints that decide a review."""
        if not self.unused:
            self.unused = list(self.domain.aspects)
            self.rng.shuffle(self.unused)
        lines = self.domain.aspects[self.unused.pop()]
        if grave and side == "neg" and self.chance(0.1):
            return self.say(lines["worst"])
        return self.say(lines[side])

    def grave(self) -> str:
        """Say the kind of complaint after which nothing else counts."""
        return self.say(self.domain.aspects[self.rng.choice(list(self.domain.aspects))]["worst"])

    def say(self, lines: Sequence[str]) -> str:
        return expand(self.rng, self.rng.choice(lines), self.nouns)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _opening(self) -> list[str]:
        clauses = []
        if self.dialect and self.chance(0.25):
            clauses.append(self.rng.choice(self.region.openers))
        elif self.chance(0.25):
            clauses.append(self.say(self.bank.openers))
        if self.chance(0.08):
            clauses.append(self.say(self.bank.season[self.month]))
        return clauses

    def _closing(self, probability: float) -> list[str]:
        return [self.say(self.bank.closers[self.verdict])] if self.chance(probability) else []
