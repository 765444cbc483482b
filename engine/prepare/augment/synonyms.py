"""Words replaced by synonyms from a lexicon that a person brings.

Stage 2 (prepare). Synonym replacement of "Easy data augmentation" (Wei and Zou 2019), with a table of synonyms or with
the nearest words of word vectors.
"""

from __future__ import annotations

from engine.errors import N_
from engine.models.family import Unsuitable
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw
from engine.prepare.lexicon import Lexicon
from engine.prepare.words import Words, is_eastern


class SynonymParams(AugmentationParams):
    share: float = param(
        0.15, N_("Words replaced"), N_("The share of the words that the lexicon knows; at least one is replaced."), low=0.02, high=1.0,
    )  # fmt: skip
    nearest: int = param(
        5, N_("Synonyms considered"), N_("Only the first so many of a word, which are the nearest ones."), low=1, high=20, level="advanced",
    )  # fmt: skip
    lexicon: str = param(
        "", N_("Lexicon"), N_("The fingerprint of a lexicon of this project. Upload and choose it below."), max_length=64, level="advanced",
    )  # fmt: skip


class Synonyms:
    name = "synonyms"
    version = 1
    task = "text-classification"
    title = N_("Synonyms from a lexicon")
    help = N_(
        "Replaces words by others of a lexicon that you upload: a table of synonyms or word vectors. Vectors hold words near that are used alike, opposites among them."
    )
    order = 100
    neutral = True
    Params: type[AugmentationParams] = SynonymParams

    def unavailable(self, params: SynonymParams) -> Unsuitable | None:
        """No lexicon is chosen."""
        return None if params.lexicon else Unsuitable(N_("it needs a lexicon, and none is chosen."))

    def lexicons(self, params: SynonymParams) -> tuple[str, ...]:
        return (params.lexicon,)

    def apply(self, value: str, params: SynonymParams, draw: Draw, around: Around) -> str | None:
        lexicon = around.lexicons[params.lexicon]
        words = Words(value)
        found = _known(words, lexicon)
        if not found:
            return None
        for chosen in draw.some(len(found), params.share):
            place, count, known = found[chosen]
            other = draw.pick(lexicon.synonyms[known][: params.nearest])
            first = words.words[place]
            words.words[place] = other.capitalize() if first[:1].isupper() and other.islower() else other
            for gone in range(place + 1, place + count):
                words.words[gone] = ""
        return str(words)


def _known(words: Words, lexicon: Lexicon) -> list[tuple[int, int, str]]:
    """Words of the lexicon in the text: place, how many words they span, and the word; the longest from the left."""
    found, place = [], 0
    while place < len(words):
        word = words.words[place].casefold()
        count = 1
        if is_eastern(word):
            end = place + 1
            while (
                end < len(words)
                and end - place < lexicon.longest
                and not words.gaps[end]
                and is_eastern(words.words[end])
            ):
                end += 1
            run = "".join(words.words[place:end])
            for count in range(end - place, 0, -1):  # noqa: B007 - the count that was found is used after the loop
                word = run[:count]
                if word in lexicon.synonyms:
                    break
        if word in lexicon.synonyms:
            found.append((place, count, word))
            place += count
        else:
            place += 1
    return found


augmentations.register(Synonyms())
