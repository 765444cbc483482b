"""Texts translated into another language and back.

Stage 2 (prepare). Sennrich et al., "Improving neural machine translation models with monolingual data" (2016), section 3, as a way
to vary texts to classify: Xie et al., "Unsupervised data augmentation for consistency training" (2020), who draw the pieces with
a temperature, for variety.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from engine.errors import N_
from engine.models.family import Facts, Unsuitable
from engine.models.foundation_cost import expected_pieces, guessing_seconds, reading_seconds
from engine.models.presets import TRANSLATORS, find, translators, unavailable
from engine.models.translation import Translator
from engine.params import param
from engine.prepare.augmentations import AugmentationParams, Many, augmentations
from engine.prepare.draw import Draw
from engine.prepare.words import Words

Translate = Callable[[Sequence[str], Sequence[Draw], float], Sequence[str | None]]
_AND = "+"
_LOADING = 8.0
"""Seconds until TensorFlow and a model are ready."""
_WRITING = 2.5
"""Reading and writing against reading alone: a decoder's layer has a second attention."""


def _pairs() -> Sequence[str]:
    """A preset there and one back, by `Preset.reference`."""
    here = translators()
    return [
        there.reference + _AND + back.reference
        for there in here for back in here if there.translates and there.translates[::-1] == back.translates
    ]  # fmt: skip


class BackTranslationParams(AugmentationParams):
    OFFERS: ClassVar[Mapping[str, Callable[[], Sequence[str]]]] = {"pair": _pairs}

    pair: str = param(
        "", N_("There and back"), N_("Two translation models on this machine, and which copies of them. The first reads the language of the texts."),
        max_length=170,
    )  # fmt: skip
    temperature: float = param(
        0.8, N_("Temperature"), N_("At 0 the likeliest piece is always taken, which gives one copy a row; higher gives more variety and more mistakes."),
        low=0.0, high=1.5,
    )  # fmt: skip
    max_length: int = param(
        96, N_("Longest text translated"), N_("Longer texts get no copy; longer costs more time."), low=16, high=512, scale="log",
        unit=N_("pieces"), level="advanced",
    )  # fmt: skip


class BackTranslation:
    name = "back_translation"
    version = 1
    task = "text-classification"
    title = N_("Translate there and back")
    help = N_(
        "Translates texts into another language and back: other words, mostly the same meaning. A copy that comes back as it was, does not end, or lost a placeholder is left out. It is slow: about a second of processor time each way for a short text."
    )
    order = 140
    neutral = False
    Params: type[AugmentationParams] = BackTranslationParams

    def lacking(self) -> Unsuitable | None:
        """No two presets lead there and back."""
        if _pairs():
            return None
        return Unsuitable(
            N_(
                "It needs two translation models, one there and one back, and this machine has no such pair. Bring each with `python -m engine presets import DIR --translates FROM TO`: a BART trained to translate, as KerasHub saves it. None comes with Bentu."
            )
        )

    def unavailable(self, params: BackTranslationParams) -> Unsuitable | None:
        """None are chosen, one is not here, or they do not lead back."""
        if not params.pair:
            return self.lacking() or Unsuitable(N_("it needs two translation models, and none are chosen."))
        missing = next(
            (why for one in params.pair.split(_AND) if (why := unavailable(one, TRANSLATORS))), None
        )
        if missing or params.pair in _pairs():
            return missing
        return Unsuitable(
            N_("“{pair}” are not two translation models that lead there and back."), {"pair": params.pair}
        )

    def seconds(self, params: BackTranslationParams, copies: float, facts: Facts) -> float:
        """Each way every text is read, and written piece by piece, which is read by a decoder and weighs the whole vocabulary."""
        spent = 0.0
        for one in params.pair.split(_AND):
            shape = find(one).facts
            pieces = expected_pieces(facts, min(params.max_length, shape.max_length))
            spent += (
                _LOADING
                + _WRITING * reading_seconds(shape, copies, pieces)
                + guessing_seconds(shape, copies * pieces)
            )
        return spent

    def opened(self, params: BackTranslationParams) -> Many:
        """Load both models."""
        there, back = (Translator.of_preset(find(one), params.max_length) for one in params.pair.split(_AND))
        return lambda values, draws: there_and_back(there, back, values, draws, params.temperature)


def there_and_back(
    there: Translate, back: Translate, values: Sequence[str], draws: Sequence[Draw], temperature: float
) -> list[str | None]:
    """The texts as they come back; None for one that is lost on the way, or equal but for case and white space."""
    abroad = there(values, draws, temperature)
    places = [at for at, text in enumerate(abroad) if text]
    home = back([abroad[at] or "" for at in places], [draws[at] for at in places], temperature)
    varied: list[str | None] = [None] * len(values)
    for at, text in zip(places, home, strict=True):
        if (
            text
            and _plain(text) != _plain(values[at])
            and all(mark in text for mark in _placeholders(values[at]))
        ):
            varied[at] = text
    return varied


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _placeholders(text: str) -> list[str]:
    return [word for word in Words(text).words if word.startswith("[")]


augmentations.register(BackTranslation())
