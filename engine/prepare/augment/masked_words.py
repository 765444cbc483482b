"""Words hidden from a foundation model and written anew by its guesses.

Stage 2 (prepare). Wu et al., "Conditional BERT contextual augmentation" (2019), section 3.3, without the condition: a model that
was told the class would have to be trained on the labels first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from engine.errors import N_
from engine.models.family import Facts, Unsuitable
from engine.models.foundation_cost import expected_pieces, guessing_seconds, reading_seconds
from engine.models.masked import MaskedModel, Pieces
from engine.models.preset_head import guesses
from engine.models.presets import find, installed, unavailable
from engine.params import param
from engine.prepare.augmentations import AugmentationParams, Many, augmentations
from engine.prepare.draw import Draw
from engine.prepare.words import Words, is_eastern

_LOADING = 8.0
"""Seconds until TensorFlow and a model are ready."""

_SPELLINGS = 10
"""At most so many pieces are the same word in other letters: Good, GOOD."""

_LONGEST = 6
"""Pieces of the longest word that is replaced: one piece says little of what more said, and in Thai they are a whole phrase."""


def _offered() -> Sequence[str]:
    return [preset.reference for preset in installed() if guesses(preset)]


class MaskedWordParams(AugmentationParams):
    OFFERS: ClassVar[Mapping[str, Callable[[], Sequence[str]]]] = {"preset": _offered}

    preset: str = param(
        "", N_("Foundation model"), N_("One on this machine that has read the language of the texts, and which copy of it: the same one repeats the run."),
        max_length=500,
    )  # fmt: skip
    share: float = param(
        0.15, N_("Words replaced"), N_("The share of the words that the model reads; at least one is replaced."), low=0.02, high=0.5,
    )  # fmt: skip
    temperature: float = param(
        1.0, N_("Temperature"), N_("Below 1 the likeliest guesses are taken more often, above 1 unlikely ones too."), low=0.1, high=2.0,
        level="advanced",
    )  # fmt: skip
    guesses: int = param(
        30, N_("Guesses considered"), N_("Only the likeliest so many for a word."), low=1, high=200, scale="log", level="advanced",
    )  # fmt: skip
    max_length: int = param(
        128, N_("Longest text read"), N_("Words further on stay as they are; longer costs more time."), low=16, high=512, scale="log",
        unit=N_("pieces"), level="advanced",
    )  # fmt: skip


class MaskedWords:
    name = "masked_words"
    version = 1
    task = "text-classification"
    title = N_("Words that a foundation model guesses")
    help = N_(
        "Hides words and lets a foundation model fill the gaps; what stood there is never taken. It knows the sentence but not the class: a “good” may become a “bad”, so keep the share small. For the languages that the model has read."
    )
    order = 130
    neutral = False
    Params: type[AugmentationParams] = MaskedWordParams

    def lacking(self) -> Unsuitable | None:
        """No preset with a head is on this machine."""
        if _offered():
            return None
        return Unsuitable(
            N_(
                "It needs a foundation model that came with the head it guessed hidden words with, and none is on this machine. Bring one with `python -m engine presets import DIR`: a BERT, RoBERTa, XLM-RoBERTa, DistilBERT or ALBERT saved “for masked language modelling”. Models for sentence vectors have no such head."
            )
        )

    def unavailable(self, params: MaskedWordParams) -> Unsuitable | None:
        """None is chosen, or the chosen one is not here or has no head."""
        if not params.preset:
            return self.lacking() or Unsuitable(N_("it needs a foundation model, and none is chosen."))
        if missing := unavailable(params.preset):
            return missing
        if not guesses(find(params.preset)):
            return Unsuitable(
                N_(
                    "the foundation model “{name}” came without the head that guesses words; one with chance numbers would write nonsense."
                ),
                {"name": params.preset},
            )
        return None

    def seconds(self, params: MaskedWordParams, copies: float, facts: Facts) -> float:
        """The texts are read once, and the vocabulary is weighed for each hidden piece."""
        shape = find(params.preset).facts
        pieces = expected_pieces(facts, min(params.max_length, shape.max_length))
        guessing = guessing_seconds(shape, copies * max(params.share * pieces, 1))
        return _LOADING + reading_seconds(shape, copies, pieces) + guessing

    def opened(self, params: MaskedWordParams) -> Many:
        """Load the model."""
        return Filler(MaskedModel.of_preset(find(params.preset), params.max_length), params)


class Filler:
    """Writes texts anew in some places.

    Args:
        model: that guesses.
        params: how many places, and which of its guesses.
    """

    def __init__(self, model: MaskedModel, params: MaskedWordParams) -> None:
        self._model, self._params = model, params
        self._written, self._begins = model.written()
        self._kinds = np.array([_kind(text) for text in self._written], dtype=np.int8)

    def __call__(self, values: Sequence[str], draws: Sequence[Draw]) -> list[str | None]:
        """A variant of each text, None where the model can read none of its words."""
        rows = self._model.read(values)
        gaps = []
        for value, row, draw in zip(values, rows, draws, strict=True):
            found = _gaps(value, row, self._model.unknown)
            gaps.append([found[at] for at in draw.some(len(found), self._params.share)])
        hidden = [[run for run, _, _ in chosen] for chosen in gaps]
        varied: list[str | None] = []
        for number, scores in enumerate(self._model.scores(rows, hidden)):
            value, row, draw = values[number], rows[number], draws[number]
            out: list[str] = []
            end = 0
            for (run, start, stop), of_pieces in zip(gaps[number], scores, strict=True):
                out += (
                    value[end:start],
                    self._guess(value[start:stop], row.ids[run.start : run.stop], of_pieces, draw),
                )
                end = stop
            text = "".join([*out, value[end:]])
            varied.append(text if text != value else None)
        return varied

    def _guess(self, word: str, ids: Sequence[int], scores: np.ndarray, draw: Draw) -> str:
        """What to write for a word; the word itself where nothing else fits."""
        fits = (self._kinds == _kind(word)) & (self._begins == self._begins[ids[0]])
        if len(ids) == 1:
            fits[ids[0]] = False
        places = np.flatnonzero(fits)
        enough = self._params.guesses + _SPELLINGS
        if len(places) > enough:
            places = places[np.argpartition(-scores[places], enough)[:enough]]
        likely = places[np.argsort(-scores[places], kind="stable")]
        best = [at for at in likely.tolist() if self._written[at].casefold() != word.casefold()]
        best = best[: self._params.guesses]
        if not best:
            return word
        high = scores[best].astype(np.float64) / self._params.temperature
        guess: str = self._written[best[draw.weighted(np.exp(high - high.max()).tolist())]]
        return guess.capitalize() if word[:1].isupper() and guess.islower() else guess


def _kind(text: str) -> int:
    """2 for Chinese and Japanese, 1 for a word in letters; 0 for all that nothing is hidden of or written for."""
    if not any(character.isalpha() for character in text) or text[0] in "[@#":
        return 0
    if all(is_eastern(character) for character in text):
        return 2
    return int(Words(text).words == [text])


def _gaps(text: str, row: Pieces, unknown: int | None) -> list[tuple[range, int, int]]:
    """What can be hidden: a run of pieces, and from where to where it stands; whole words, or all words that share a piece.

    Nothing where the model knows less than half of the pieces; no word with a piece that it does not know, or of too many.
    """
    pieces = [at for at, (start, end) in enumerate(row.spans) if end > start]
    if 2 * sum(row.ids[at] == unknown for at in pieces) > len(pieces):
        return []
    words = Words(text)
    found: list[tuple[range, int, int]] = []
    end, first = 0, 0
    for gap, word in zip(words.gaps, words.words, strict=False):
        start = end + len(gap)
        end = start + len(word)
        while first < len(pieces) and row.spans[pieces[first]][1] <= start:
            first += 1
        last = first
        while last < len(pieces) and row.spans[pieces[last]][0] < end:
            last += 1
        if last == first or row.spans[pieces[last - 1]][1] < end:
            continue  # the model's end of the text lies before that of the word
        run = range(pieces[first], pieces[last - 1] + 1)
        if found and found[-1][0].stop > run.start:
            former = found.pop()
            run, start = range(former[0].start, run.stop), former[1]
        found.append((run, start, end))
    return [
        gap
        for gap in found
        if len(gap[0]) <= _LONGEST
        and _kind(text[gap[1] : gap[2]])
        and unknown not in row.ids[gap[0].start : gap[0].stop]
    ]


augmentations.register(MaskedWords())
