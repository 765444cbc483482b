"""A text as words and what stands between them, so that words can be moved and the text put together again.

Stage 2 (prepare). Chinese and Japanese characters are words of their own, as in the profile's token counts; combining
marks stay with the letter that they stand on.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_EAST = r"\p{Han}\p{Hiragana}\p{Katakana}"
_WORD = rf"\[\w{{1,20}}\]|[{_EAST}]\p{{M}}*|[@#]?[^\W{_EAST}]+(?:['\u2019-][^\W{_EAST}]+)*"


@cache
def _words() -> Any:
    import regex

    return regex.compile(_WORD)


@cache
def _eastern() -> Any:
    import regex

    return regex.compile(rf"[{_EAST}]")


class Words:
    """The words of a text, and the gaps before, between and after them: always one gap more than words.

    Example:
        >>> str(Words("so, well"))
        'so, well'
    """

    def __init__(self, text: str) -> None:
        self.words: list[str] = []
        self.gaps: list[str] = []
        end = 0
        for found in _words().finditer(text):
            self.gaps.append(text[end : found.start()])
            self.words.append(found[0])
            end = found.end()
        self.gaps.append(text[end:])

    def __len__(self) -> int:
        return len(self.words)

    def __str__(self) -> str:
        pieces = [piece for pair in zip(self.gaps, self.words, strict=False) for piece in pair]
        return "".join([*pieces, self.gaps[-1]])

    def without(self, places: set[int]) -> str:
        """The text without the words at `places`; of the two gaps around one, a doubled space is one."""
        out = [self.gaps[0]]
        for place, word in enumerate(self.words):
            after = self.gaps[place + 1]
            if place not in places:
                out += (word, after)
            elif after[:1].isspace() and (not out[-1] or out[-1][-1:].isspace()):
                out.append(out.pop() + after[1:])
            else:
                out.append(out.pop() + after)
        return "".join(out).strip()


def is_eastern(word: str) -> bool:
    """Whether the word is a Chinese or Japanese character, which is written without spaces."""
    return _eastern().match(word) is not None


def joined(first: str, second: str) -> str:
    """Two words or pieces after one another, with a space where the writing has one."""
    if not first or not second or first[-1:].isspace() or second[:1].isspace():
        return first + second
    return first + second if is_eastern(first[-1]) or is_eastern(second[0]) else f"{first} {second}"
