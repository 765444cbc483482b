"""Punctuation of many scripts written in ASCII, or dropped.

Stage 2 (prepare).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

# 《》 become quotation marks: as < and > they could be taken for HTML.
_WRITTEN = {
    ",": "，、،፣", ".": "。．｡۔।።", "!": "！", "?": "？؟፧", ";": "；؛፤", ":": "：፥፦", "...": "…⋯",
    "(": "（", ")": "）", "[": "【〔［", "]": "】〕］", "{": "｛", "}": "｝", '"': "「」『』《》〈〉“”„‟«»＂", "'": "‘’‚‛＇",
    "-": "—–―‐‑－", "~": "～〜", "/": "／", "\\": "＼", "&": "＆", "#": "＃", "%": "％", "*": "＊", "+": "＋", "=": "＝",
    "@": "＠", "_": "＿", "|": "｜",
}  # fmt: skip
_ASCII = {ord(sign): ascii_sign for ascii_sign, signs in _WRITTEN.items() for sign in signs}

# An apostrophe or hyphen between letters belongs to the word (don't, k'ọ).
_SIGN = re.compile(r"(?<=[^\W_])(?P<inside>['’-])(?=[^\W_])|[^\w\s]|_")


class PunctuationParams(Params):
    mode: Literal["ascii", "drop"] = param(
        "ascii",
        N_("What happens to it"),
        N_(
            "ASCII: “，。！？” become “,.!?”, as do Arabic, Indian and Ethiopic signs. Remove: each sign becomes a space, apostrophes and hyphens inside words stay."
        ),
        titles=(N_("write it in ASCII"), N_("remove")),
    )


class Punctuation:
    name = "punctuation"
    version = 1
    task = "text-classification"
    title = N_("Punctuation")
    help = N_("Writes Chinese, full-width and other punctuation in ASCII, or takes all punctuation out.")
    order = 90
    Params: type[Params] = PunctuationParams

    def apply(self, value: str, params: PunctuationParams) -> str:
        return value.translate(_ASCII) if params.mode == "ascii" else _SIGN.sub(_dropped, value)


def _dropped(sign: re.Match[str]) -> str:
    if sign["inside"] or not unicodedata.category(sign[0]).startswith("P"):
        return sign[0]
    return " "


steps.register(Punctuation())
