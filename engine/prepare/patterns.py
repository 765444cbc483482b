"""Patterns that a person writes: checked when they are written, and never allowed to run for long.

Stage 2 (prepare). The `regex` module can end a match after a time; a pattern such as `(a+)+$` else takes years on one line.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from engine.errors import N_, DataError, RecipeError

MOST_CHARS = 500
SECONDS = 0.2
"""Longest time for one text."""


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


class PatternMatchesNothing(RecipeError):
    code = "PATTERN_EMPTY"
    message = N_("The pattern is empty or matches where there is nothing, so it would match every text.")
    remedy = N_("Write what has to be found.")


class RegexTimeout(DataError):
    code = "REGEX_TIMEOUT"
    message = N_("The pattern “{pattern}” took too long on a text of {length} characters.")
    remedy = N_("Make it simpler: avoid a repetition inside a repetition, such as (a+)+.")


@lru_cache(maxsize=64)
def read_pattern(pattern: str, ignore_case: bool = False) -> Any:
    """The compiled pattern.

    Raises:
        PatternTooLong, PatternInvalid, PatternMatchesNothing
    """
    import regex

    if len(pattern) > MOST_CHARS:
        raise PatternTooLong(length=len(pattern), limit=MOST_CHARS)
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
        raise RegexTimeout(pattern=pattern.pattern[:80], length=len(text)) from None


def replaced(pattern: Any, replacement: str, text: str) -> str:
    """A text with every match replaced, the replacement taken literally; raises `RegexTimeout`."""
    try:
        return str(pattern.sub(lambda _: replacement, text, timeout=SECONDS))
    except TimeoutError:
        raise RegexTimeout(pattern=pattern.pattern[:80], length=len(text)) from None
