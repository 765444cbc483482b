"""Full-width letters, digits and signs made half-width.

Stage 2 (prepare). Chinese and Japanese keyboards write ASCII in both widths.
"""

from __future__ import annotations

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_ALL: dict[int, str] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ", 0xFFE0: "¢", 0xFFE1: "£", 0xFFE2: "¬", 0xFFE4: "¦", 0xFFE5: "¥", 0xFFE6: "₩",
}  # fmt: skip
_LETTERS = {code: half for code, half in _ALL.items() if half.isalnum() or half == " "}


class WidthParams(Params):
    signs: bool = param(
        True,
        N_("Punctuation too"),
        N_("Off: only letters, digits and the wide space change; ，！？ stay as they are."),
    )


class Width:
    name = "width"
    version = 1
    task = "text-classification"
    title = N_("Full width to half width")
    help = N_("“ＡＢＣ１２３” becomes “ABC123”.")
    order = 40
    Params: type[Params] = WidthParams

    def apply(self, value: str, params: WidthParams) -> str:
        return value.translate(_ALL if params.signs else _LETTERS)


steps.register(Width())
