"""Texts to rows of token numbers by the tokenizer that a foundation model was trained with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.models.features.tokens import TOKENIZER, TokenRows, Tokens

_PADDING = ("[PAD]", "<pad>")


class CheckpointTokens(Tokens):
    """The checkpoint's own `tokenizer.json`, its marks at both ends included; the same call in training and serving.

    Args:
        tokenizer: of the `tokenizers` library.
        length: most tokens a row, the marks included; what is longer loses its end.
    """

    def __init__(self, tokenizer: Any, length: int) -> None:
        super().__init__(tokenizer, length)
        tokenizer.no_padding()
        known = (tokenizer.token_to_id(mark) for mark in _PADDING)
        self.pad: int = next((number for number in known if number is not None), 0)
        """The number of the token that fills rows up."""

    @classmethod
    def of_preset(cls, folder: Path, length: int) -> CheckpointTokens:
        """The tokenizer of an imported foundation model."""
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_file(str(folder / TOKENIZER)), length)

    def transform(self, texts: Sequence[str]) -> TokenRows:
        return TokenRows.of((found.ids for found in self._tokenizer.encode_batch(list(texts))), self.pad)
