"""White space folded: one space between words, none at the ends.

Stage 2 (prepare).
"""

from __future__ import annotations

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps


class WhitespaceParams(Params):
    keep_lines: bool = param(
        False,
        N_("Keep line breaks"),
        N_("On: each line is folded by itself and empty lines go. Off: the text becomes one line."),
    )


class Whitespace:
    name = "whitespace"
    version = 1
    task = "text-classification"
    title = N_("White space")
    help = N_("Several spaces, tabs or line breaks become one space; the ends are trimmed.")
    order = 120
    Params: type[Params] = WhitespaceParams

    def apply(self, value: str, params: WhitespaceParams) -> str:
        if not params.keep_lines:
            return " ".join(value.split())
        lines = (" ".join(line.split()) for line in value.splitlines())
        return "\n".join(line for line in lines if line)


steps.register(Whitespace())
