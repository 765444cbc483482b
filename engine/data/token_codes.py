"""Tokens of many texts as numbers: what numpy can count, in a tenth of the memory that strings take.

Stage 1 (data).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TokenCodes:
    """All tokens of all texts, one after the other: `names[codes[i]]` stands in the text at place `texts[i]`.

    Args:
        codes: shape (n,), counted up as tokens first come.
        texts: shape (n,), ascending.
        names: the different tokens.
        count: how many texts there are.
    """

    codes: NDArray[np.int64]
    texts: NDArray[np.int64]
    names: tuple[str, ...]
    count: int

    def once(self) -> TokenCodes:
        """Each token once a text, in the order of the codes within it."""
        both = self.texts * max(1, len(self.names)) + self.codes
        both.sort()  # np.unique takes many times as long for that many
        both = both[np.diff(both, prepend=-1) != 0]
        texts, codes = np.divmod(both, max(1, len(self.names)))
        return TokenCodes(codes, texts, self.names, self.count)

    def without(self, token: str) -> TokenCodes:
        """All but one token, if it is there; the others keep their order."""
        if token not in self.names:
            return self
        gone = self.names.index(token)
        here = self.codes != gone
        codes = self.codes[here]
        names = self.names[:gone] + self.names[gone + 1 :]
        return TokenCodes(codes - (codes > gone), self.texts[here], names, self.count)

    def only(self, kept: NDArray[np.bool_]) -> TokenCodes:
        """Those tokens whose code is `kept`, renamed in the order of their letters."""
        order = sorted(np.flatnonzero(kept).tolist(), key=self.names.__getitem__)
        renamed = np.full(len(self.names), -1, dtype=np.int64)
        renamed[order] = np.arange(len(order))
        codes = renamed[self.codes]
        here = codes >= 0
        return TokenCodes(codes[here], self.texts[here], tuple(self.names[at] for at in order), self.count)


def token_codes(texts: Iterable[Iterable[str]]) -> TokenCodes:
    """Number the tokens of texts, each given as its tokens."""
    known = _Known()
    codes, lengths = array("i"), array("q")
    for tokens in texts:
        before = len(codes)
        codes.extend(map(known.__getitem__, tokens))
        lengths.append(len(codes) - before)
    sizes = np.frombuffer(lengths, dtype=np.int64) if lengths else np.zeros(0, dtype=np.int64)
    return TokenCodes(
        np.frombuffer(codes, dtype=np.int32).astype(np.int64) if codes else np.zeros(0, dtype=np.int64),
        np.repeat(np.arange(len(sizes)), sizes), tuple(known), len(sizes),
    )  # fmt: skip


class _Known(dict[str, int]):
    """The number of each token; a new one gets the next."""

    def __missing__(self, token: str) -> int:
        self[token] = number = len(self)
        return number
