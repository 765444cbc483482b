"""Full-width and half-width forms mixed, as different keyboards write them.

Stage 2 (prepare). The forms of the Unicode block "Halfwidth and Fullwidth Forms": U+FF01 to U+FF5E stand for ! to ~.
"""

from __future__ import annotations

import re
from typing import Literal

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw

_MARKS = {",": "，", ".": "。", "!": "！", "?": "？", ":": "：", ";": "；", "(": "（", ")": "）"}
_OTHER_MARK = {**_MARKS, **{full: half for half, full in _MARKS.items()}}
_CLASS = "[" + re.escape("".join(_OTHER_MARK)) + "]"
_MARK = re.compile(rf"(?<![0-9]){_CLASS}|{_CLASS}(?![0-9])")
"""A mark, but not the one inside 12:30 or 3.5."""
_ANY = re.compile(r"[!-~！-～。]+")


class WidthVariantParams(AugmentationParams):
    share: float = param(
        0.3, N_("Places changed"), N_("The share of the marks, or of the runs of letters, digits and marks; at least one changes."),
        low=0.05, high=1.0,
    )  # fmt: skip
    what: Literal["marks", "all"] = param(
        "marks", N_("What changes"), N_("Punctuation marks only, or letters and digits too."),
        titles=(N_("punctuation"), N_("everything")),
    )  # fmt: skip


class WidthVariant:
    name = "width_variant"
    version = 1
    task = "text-classification"
    title = N_("Full and half width")
    help = N_(
        "Writes marks, letters or digits in the other width: ， for a comma, Ａ for A. For Chinese and Japanese; of no use after a cleaning step that makes the widths one."
    )
    order = 70
    neutral = False
    Params: type[AugmentationParams] = WidthVariantParams

    def apply(self, value: str, params: WidthVariantParams, draw: Draw, around: Around) -> str | None:
        found = list((_MARK if params.what == "marks" else _ANY).finditer(value))
        out: list[str] = []
        end = 0
        for chosen in draw.some(len(found), params.share):
            match = found[chosen]
            out += (value[end : match.start()], "".join(_other(c) for c in match[0]))
            end = match.end()
        return "".join([*out, value[end:]]) if found else None


def _other(character: str) -> str:
    if character in _OTHER_MARK:
        return _OTHER_MARK[character]
    code = ord(character)
    return chr(code + 0xFEE0) if code < 0x7F else chr(code - 0xFEE0)


augmentations.register(WidthVariant())
