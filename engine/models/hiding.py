"""Tokens of texts hidden, for a model to guess.

Devlin et al., "BERT: pre-training of deep bidirectional Transformers" (2019), section 3.1: 15 of 100 pieces are guessed; of
these 80 in 100 are replaced by a mark, 10 by a random piece and 10 stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models.family import IntArray
from engine.models.language import GUESSED, NothingHides


@dataclass(frozen=True)
class Marks:
    """What of a vocabulary can be hidden: `hider` is shown in the place of a hidden token, `words` are all that may be hidden."""

    hider: int
    words: NDArray[np.int32]

    @classmethod
    def of(cls, tokenizer: Any) -> Marks:
        """Of a tokenizer of the `tokenizers` library; raises `NothingHides` if it has no token for that."""
        found = (tokenizer.token_to_id(mark) for mark in ("[MASK]", "<mask>"))
        hider = next((number for number in found if number is not None), None)
        if hider is None:
            raise NothingHides()
        special = [number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special]
        words = np.setdiff1d(np.array(list(tokenizer.get_vocab().values()), dtype=np.int32), special)
        return cls(hider, words)


def hide(
    tokens: NDArray[np.int32], marks: Marks, rng: np.random.Generator
) -> tuple[NDArray[np.int32], IntArray, NDArray[np.int32]]:
    """Some tokens of a padded batch hidden.

    Args:
        tokens: shape (n, length).
        marks: what may be hidden, and how.
        rng: decides which.

    Returns:
        The batch with hidden tokens, the hidden places in it laid out flat (at least one where there is a word), and
        what stood there.
    """
    words = np.isin(tokens, marks.words)
    chosen = (rng.random(tokens.shape) < GUESSED) & words
    if not chosen.any():
        chosen = (np.cumsum(words).reshape(tokens.shape) == 1) & words
    fate = rng.random(tokens.shape)
    strange = rng.choice(marks.words, tokens.shape)
    shown = np.where(chosen & (fate < 0.8), np.int32(marks.hider), tokens)
    shown = np.where(chosen & (fate >= 0.9), strange, shown)
    places = np.flatnonzero(chosen)
    return shown, places, tokens.reshape(-1)[places]
