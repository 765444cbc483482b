"""Which of the letters of local texts a vocabulary can write, by writing system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.data.scripts import script_of
from engine.models.family import IntArray

_CODE_POINTS = 0x110000
_AT_ONCE = 2_000_000
"""Characters that are looked at together, four bytes each and some tables of that length."""
_WORD_MARKS = ("▁", "Ġ")
_A_BYTE = "<0x"


@dataclass(frozen=True)
class Letters:
    """Letters by writing system: how many there are, and how many the vocabulary can write; shape (texts, scripts)."""

    scripts: tuple[str, ...]
    found: IntArray
    written: IntArray


def count_letters(texts: Sequence[str], tokenizer: Any, missing: int | None) -> Letters:
    """The letters of each text and those that `tokenizer` can write.

    A letter can be written where it becomes pieces without the unknown one. A vocabulary that falls back on bytes can spell
    anything and know nothing of it, so there it has to be one piece.

    Args:
        texts: as the model would get them.
        tokenizer: of the `tokenizers` library.
        missing: the number of its unknown token, None where it has none.
    """
    alphabet = sorted(char for char in set().union(*texts) if script_of(char))
    scripts = tuple(sorted({script_of(char) for char in alphabet}))
    place = {script: number for number, script in enumerate(scripts)}
    script_at = np.full(_CODE_POINTS, -1, dtype=np.int16)
    writes = np.zeros(_CODE_POINTS, dtype=bool)
    for char, encoding in zip(
        alphabet, tokenizer.encode_batch(alphabet, add_special_tokens=False), strict=True
    ):
        script_at[ord(char)] = place[script_of(char)]
        writes[ord(char)] = _is_written(encoding, missing)
    found, written = (np.zeros((len(texts), len(scripts)), dtype=np.int64) for _ in range(2))
    for start, end in _stretches(texts):
        part = texts[start:end]
        codes = np.frombuffer("".join(part).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        rows = np.repeat(np.arange(len(part)), [len(text) for text in part])
        letters = script_at[codes] >= 0
        cells = rows[letters] * len(scripts) + script_at[codes[letters]]
        size = len(part) * len(scripts)
        found[start:end] = np.bincount(cells, minlength=size).reshape(len(part), -1)
        known = writes[codes[letters]]
        written[start:end] = np.bincount(cells[known], minlength=size).reshape(len(part), -1)
    return Letters(scripts, found, written)


def _is_written(encoding: Any, missing: int | None) -> bool:
    pieces = [piece for piece in encoding.tokens if piece not in _WORD_MARKS]
    if not pieces or missing in encoding.ids or any(piece.startswith(_A_BYTE) for piece in pieces):
        return False
    return missing is not None or len(pieces) == 1


def _stretches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Neighbouring texts that together have some `_AT_ONCE` characters."""
    start = held = 0
    for end, text in enumerate(texts, start=1):
        held += len(text)
        if held >= _AT_ONCE or end == len(texts):
            yield start, end
            start, held = end, 0
