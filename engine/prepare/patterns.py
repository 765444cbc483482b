"""Patterns that a person writes: checked when they are written, and never allowed to run for long.

Stage 2 (prepare). The `regex` module can end a match after a time; a pattern such as `(a+)+$` else takes years on one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from engine.errors import N_, DataError, RecipeError, saying

MOST_CHARS = 500
SECONDS = 0.2
"""Longest time for one text."""

MOST_SIGNS = 100_000
"""Signs that a pattern may have once its repetitions are written out: compiling has no time limit, and writes them out."""

_REPEATS = re.compile(r"\{\s*(\d+)")


class PatternInvalid(RecipeError):
    code = "PATTERN_INVALID"
    message = N_("The pattern “{pattern}” cannot be read at character {position}: {problem}.")
    remedy = N_(
        "Correct it. To find signs such as . ( ) [ ] * + ? themselves, write a backslash before each."
    )


class PatternTooLong(RecipeError):
    code = "PATTERN_TOO_LONG"
    message = N_("The pattern has {length} characters; at most {limit} are allowed.")
    remedy = N_("Shorten it, or divide it into several.")


class PatternRepeatsTooOften(RecipeError):
    code = "PATTERN_REPEATS"
    message = N_("The pattern asks for too many repetitions, about {count} signs in all; at most {limit} are allowed.")  # fmt: skip
    remedy = N_("Write smaller numbers in the braces, or + instead of them.")


class PatternMatchesNothing(RecipeError):
    code = "PATTERN_EMPTY"
    message = N_("The pattern is empty or matches where there is nothing, so it would match every text.")
    remedy = N_("Write what has to be found.")


class RegexTimeout(DataError):
    code = "REGEX_TIMEOUT"
    message = N_("The pattern “{pattern}” took too long on {place}.")
    remedy = N_("Make it simpler: avoid a repetition inside a repetition, such as (a+)+.")

    @classmethod
    def of(cls, pattern: str, length: int, row: int | None = None) -> RegexTimeout:
        """The error for a text of so many characters, with the number of its row (from 1) where that is known."""
        place = saying(N_("a text of {length} characters"), length=length)
        if row is not None:
            place = saying(N_("row {row}, a text of {length} characters"), row=row, length=length)
        return cls(pattern=pattern[:80], length=length, row=row, place=place)


@lru_cache(maxsize=64)
def read_pattern(pattern: str, ignore_case: bool = False) -> Any:
    """The compiled pattern.

    Raises:
        PatternTooLong, PatternInvalid, PatternRepeatsTooOften, PatternMatchesNothing
    """
    import regex

    if len(pattern) > MOST_CHARS:
        raise PatternTooLong(length=len(pattern), limit=MOST_CHARS)
    signs = len(pattern)
    for times in _REPEATS.findall(pattern):  # as if each stood in the one before: never too few
        signs = min(signs * max(1, int(times)), 10**12)
    if signs > MOST_SIGNS:
        raise PatternRepeatsTooOften(count=f"{signs:,}", limit=f"{MOST_SIGNS:,}")
    try:
        found = regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except regex.error as problem:
        place = getattr(problem, "pos", None)
        raise PatternInvalid(
            pattern=pattern, position=0 if place is None else place + 1, problem=str(problem.msg)
        ) from None
    if not pattern or found.fullmatch("") is not None:
        raise PatternMatchesNothing()
    return found


def matches(pattern: Any, text: str) -> bool:
    """Whether the pattern is found in a text; raises `RegexTimeout`."""
    try:
        return pattern.search(text, timeout=SECONDS) is not None
    except TimeoutError:
        raise RegexTimeout.of(pattern.pattern, len(text)) from None


def replaced(pattern: Any, replacement: str, text: str, *, each: bool = False) -> str:
    """A text with every match replaced, the replacement taken literally; raises `RegexTimeout`.

    With `each` it stands once for every character of the match. A match of nothing, such as a boundary of words, is left alone.
    """
    try:
        return str(pattern.sub(_instead(replacement, each), text, timeout=SECONDS))
    except TimeoutError:
        raise RegexTimeout.of(pattern.pattern, len(text)) from None


def _instead(replacement: str, each: bool) -> Callable[[Any], str]:
    if each:
        return lambda found: replacement * len(found[0])
    return lambda found: replacement if found[0] else ""
