"""Local words that a foundation model's vocabulary cuts into many pieces, or cannot spell, added to it as tokens of their own.

Sachidananda et al., "Efficient domain adaptation of language models via adaptive tokenization" (2021), with whole words in the
place of their sequences; each new token starts as the mean of its pieces, see `engine.models.backbone.with_tokens`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from engine.models.features.tokens import unknown_id
from engine.models.features.units import units, unspaced

CUT, OFTEN = 3, 5
"""From how many pieces on a word gets a token, and how often it must stand in the texts: what is rare is never learnt."""


def add_words(tokenizer: Any, texts: Sequence[str], most: int) -> dict[int, list[int]]:
    """Add to a vocabulary those words of local texts that will save the most tokens.

    Args:
        tokenizer: of the `tokenizers` library; it is changed.
        texts: the texts to learn from.
        most: new tokens at most.

    Returns:
        The number of each new token, and the tokens that its word was cut into before.
    """
    from tokenizers import AddedToken

    plain = texts if tokenizer.normalizer is None else map(tokenizer.normalizer.normalize_str, texts)
    counts = Counter(word for text in plain for word in units(text))
    often = sorted(
        word for word, count in counts.items()
        if count >= OFTEN and not word.isdigit() and tokenizer.token_to_id(word) is None
    )  # fmt: skip
    found = tokenizer.encode_batch([f" {word}" for word in often], add_special_tokens=False)
    pieces = {word: encoding.ids for word, encoding in zip(often, found, strict=True)}
    unknown = unknown_id(tokenizer)

    def saved(word: str) -> int:
        """Tokens, in all texts; a word that cannot be spelt is as bad as one that is cut."""
        number = max(len(pieces[word]), CUT if unknown in pieces[word] else 0)
        return counts[word] * (number - 1) if number >= CUT else 0

    chosen = [word for word in sorted(often, key=saved, reverse=True)[:most] if saved(word)]
    tokenizer.add_tokens([AddedToken(word, single_word=not unspaced(word), lstrip=True) for word in chosen])
    return {tokenizer.token_to_id(word): pieces[word] for word in chosen}
