"""What a pattern of one's own finds replaced, masked or removed.

Stage 2 (prepare). A match that takes too long ends in an error, here, in the preview and in serving alike; nothing is skipped silently.
"""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.patterns import MOST_CHARS, read_pattern, replaced
from engine.prepare.steps import steps


class PatternStepParams(Params):
    pattern: str = param(
        "", N_("Pattern"), N_("A regular expression; a plain word finds itself. Empty: nothing is changed."), max_length=MOST_CHARS
    )  # fmt: skip
    mode: Literal["replace", "mask", "remove"] = param(
        "replace", N_("What happens to it"), N_("Masked, each character becomes a *, so that the length stays to be seen."),
        titles=(N_("replace"), N_("mask by ***"), N_("remove")),
    )  # fmt: skip
    instead: str = param(
        "[match]", N_("Replacement"), N_("Put in as it stands here; \\1 and $1 have no meaning."),
        max_length=50, depends_on=("mode", ("replace",)),
    )  # fmt: skip
    ignore_case: bool = param(False, N_("Ignore letter case"), N_("“Ad” finds “AD” too."))

    @field_validator("pattern")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        if pattern:
            read_pattern(pattern)  # its errors say at which character
        return pattern


class PatternStep:
    name = "pattern"
    version = 1
    task = "text-classification"
    title = N_("By a pattern of your own")
    help = N_(
        "Replaces, masks or removes whatever a regular expression finds, such as order numbers or a signature."
    )
    order = 75
    Params: type[Params] = PatternStepParams

    def apply(self, value: str, params: PatternStepParams) -> str:
        if not params.pattern:
            return value
        found = read_pattern(params.pattern, params.ignore_case)
        if params.mode == "mask":
            return replaced(found, "*", value, each=True)
        return replaced(found, params.instead if params.mode == "replace" else "", value)


steps.register(PatternStep())
