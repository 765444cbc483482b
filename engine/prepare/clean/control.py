"""Characters that nobody sees taken out: zero-width, direction and control characters.

Stage 2 (prepare). They make equal words differ and can hide text from a reader (bidirectional tricks).
"""

from __future__ import annotations

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_BREAKS = "\v\f\x85\u2028\u2029"
_SEPARATORS = "\x1c\x1d\x1e\x1f"
_JOINERS = "\u200c\u200d"
_INVISIBLE = (
    (0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F),  # C0 and C1 controls
    (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200B), (0x200E, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xFFFE, 0xFFFF),
    (0xE0000, 0xE007F),  # tags: invisible letters
)  # fmt: skip

_TABLE: dict[int, str | None] = {
    **{code: None for first, last in _INVISIBLE for code in range(first, last + 1)},
    **dict.fromkeys(map(ord, _BREAKS), "\n"),
    **dict.fromkeys(map(ord, _SEPARATORS), " "),
}
_TABLE_WITH_JOINERS = _TABLE | dict.fromkeys(map(ord, _JOINERS), None)


class ControlParams(Params):
    keep_joiners: bool = param(
        True,
        N_("Keep joiners"),
        N_(
            "Persian, the scripts of India and emoji families are written with the invisible signs that join or part letters."
        ),
        level="advanced",
    )


class Control:
    name = "control"
    version = 1
    task = "text-classification"
    title = N_("Invisible characters")
    help = N_("Takes out zero-width, direction and control characters; tabs and line breaks stay.")
    order = 10
    Params: type[Params] = ControlParams

    def apply(self, value: str, params: ControlParams) -> str:
        return value.translate(_TABLE if params.keep_joiners else _TABLE_WITH_JOINERS)


steps.register(Control())
