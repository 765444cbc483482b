"""Texts to rows of token numbers, by a vocabulary learnt on the training texts.

The vocabulary is one `tokenizer.json` of the `tokenizers` library: the same file and the same call in training and in
serving (`docs/decisions/0015-byte-pairs-for-learnt-vocabularies.md`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from engine.models.family import IntArray
from engine.models.features.unigram_pieces import unigram_pieces

Pieces = Literal["pieces", "unigram", "characters"]
TOKENIZER = "tokenizer.json"
LENGTH = "length.npy"
PAD, UNKNOWN = "[PAD]", "[UNK]"
SPECIAL = (PAD, UNKNOWN, "[CLS]", "[SEP]", "[MASK]")
"""The first has number 0: padding."""

ROUNDED_TO = 8
"""Rows are padded to a multiple of this, so that few different shapes occur."""


def unknown_id(tokenizer: Any) -> int | None:
    """The number of the token for what the vocabulary lacks; None where every byte has a piece."""
    for word in ("[UNK]", "<unk>"):
        found: int | None = tokenizer.token_to_id(word)
        if found is not None:
            return found
    return None


class TokenRows:
    """Rows of different lengths, kept end to end; any choice of them becomes one padded array.

    Args:
        ids: the numbers of all rows, one after another.
        lengths: how many belong to each row.
        pad: the number that fills a row up.
    """

    def __init__(self, ids: NDArray[np.int32], lengths: IntArray, pad: int = 0) -> None:
        self._ids, self._pad = ids, pad
        self.lengths = lengths
        self._starts = np.concatenate([[0], np.cumsum(lengths)])

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]], pad: int = 0) -> TokenRows:
        """From a list of lists; `pad` fills rows up."""
        kept = [np.asarray(row, dtype=np.int32) for row in rows]
        lengths = np.array([len(row) for row in kept], dtype=np.int64)
        return cls(np.concatenate(kept) if kept else np.zeros(0, dtype=np.int32), lengths, pad)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def digest(self) -> str:
        """SHA-256 of the numbers and lengths of all rows."""
        found = hashlib.sha256(self.lengths.tobytes())
        found.update(np.ascontiguousarray(self._ids).data)
        return found.hexdigest()

    def __getitem__(self, chosen: slice | IntArray) -> NDArray[np.int32]:
        """The chosen rows, shape (n, longest of them rounded up); padded at the end."""
        rows = np.arange(len(self))[chosen]
        lengths = self.lengths[rows]
        width = max(-(-int(lengths.max(initial=1)) // ROUNDED_TO) * ROUNDED_TO, ROUNDED_TO)
        filled = np.arange(width) < lengths[:, None]
        out = np.full((len(rows), width), self._pad, dtype=np.int32)
        out[filled] = self._ids[(self._starts[rows][:, None] + np.arange(width))[filled]]
        return out


class Tokens:
    """A learnt vocabulary and the most tokens that are read of a text; what is longer loses its end.

    Args:
        tokenizer: of the `tokenizers` library; its token 0 is padding.
        length: most tokens a row.
    """

    def __init__(self, tokenizer: Any, length: int) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.enable_truncation(length)
        self.length = length

    @property
    def tokenizer(self) -> Any:
        """The tokenizer itself, of the `tokenizers` library."""
        return self._tokenizer

    @property
    def size(self) -> int:
        """Tokens in the vocabulary, the special ones included."""
        return int(self._tokenizer.get_vocab_size())

    @classmethod
    def fit(cls, texts: Sequence[str], kind: Pieces, size: int, length: int) -> Tokens:
        """Learn a vocabulary on `texts`.

        Args:
            texts: the training texts.
            kind: "pieces" joins frequent neighbours to pieces of words (Sennrich et al., "Neural machine translation of
                rare words with subword units", 2016), also across words in scripts without spaces; "unigram" are those that
                make the texts most likely, see `unigram_pieces`; "characters" are single.
            size: most tokens.
            length: most tokens a row.
        """
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

        if kind == "unigram":
            return cls(unigram_pieces(texts, size, SPECIAL, length), length)
        tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
        cut: list[Any] = [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
        if kind == "characters":
            cut.append(pre_tokenizers.Split("", "isolated"))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cut)
        trainer = trainers.BpeTrainer(
            vocab_size=size, min_frequency=2, special_tokens=list(SPECIAL), limit_alphabet=size, show_progress=False
        )  # fmt: skip
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer, length)

    def transform(self, texts: Sequence[str]) -> TokenRows:
        """The token numbers of every text, at most `length` of them."""
        return TokenRows.of(found.ids for found in self._tokenizer.encode_batch(list(texts)))

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` and the length."""
        self._tokenizer.save(str(folder / TOKENIZER))
        np.save(folder / LENGTH, np.array(self.length))

    @classmethod
    def load(cls, folder: Path) -> Self:
        from tokenizers import Tokenizer

        return cls(
            Tokenizer.from_file(str(folder / TOKENIZER)), int(np.load(folder / LENGTH, allow_pickle=False))
        )
