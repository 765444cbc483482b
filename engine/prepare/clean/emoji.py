"""Emoji kept as words of their own, named, or taken out.

Stage 2 (prepare). Source of the ranges: Unicode Technical Standard 51 (emoji presentation, modifiers, flags,
keycaps and joined sequences); signs that are text by default count only with the emoji selector, hearts and faces aside.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_SHOWN_AS_EMOJI = (
    "\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f201\U0001f21a\U0001f22f\U0001f232-\U0001f236\U0001f238-\U0001f23a"
    "\U0001f250\U0001f251\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7eb\U0001f7f0\U0001f90c-\U0001f9ff\U0001fa70-\U0001faff"
    "⌚⌛⏩-⏬⏰⏳◽◾☔☕♈-♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓-❕❗➕-➗➰➿⬛⬜⭐⭕"
    "☹☺❤♥✌☝"
)
_BASE = rf"(?:[{_SHOWN_AS_EMOJI}][\ufe0f\U0001f3fb-\U0001f3ff]?\ufe0f?|[\u00a9\u00ae\u203c-\u3299]\ufe0f)"
_EMOJI = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_BASE}(?:\u200d{_BASE}|\u200d[♀♂⚕⚖✈])*[\U000e0020-\U000e007f]*"
)


class EmojiParams(Params):
    mode: Literal["keep", "drop", "space", "name"] = param(
        "keep",
        N_("What happens to them"),
        N_("Emoji often carry the mood. Set apart by spaces, each counts as a word of its own."),
        titles=(
            N_("keep, set apart by spaces"),
            N_("remove"),
            N_("replace by a space"),
            N_("write out its English name"),
        ),
    )


class Emoji:
    name = "emoji"
    version = 1
    task = "text-classification"
    title = N_("Emoji")
    help = N_("Keeps emoji as words of their own, removes them, or puts a space in their place.")
    order = 80
    Params: type[Params] = EmojiParams

    def apply(self, value: str, params: EmojiParams) -> str:
        if params.mode == "name":
            return _EMOJI.sub(lambda found: _name(found[0]), value)
        if params.mode != "keep":
            return _EMOJI.sub("" if params.mode == "drop" else " ", value)
        found = _EMOJI.findall(value)
        if not found:
            return value
        around = (text.strip(" ") for text in _EMOJI.split(value))
        pieces = [piece for pair in zip(around, [*found, ""], strict=True) for piece in pair]
        return " ".join(piece for piece in pieces if piece)


def _name(emoji: str) -> str:
    """The Unicode name of what the emoji begins with: "[grinning face]"; flags are letters and keep them."""
    if "\U0001f1e6" <= emoji[0] <= "\U0001f1ff":
        return f"[flag {''.join(chr(ord(letter) - 0x1F1E6 + ord('a')) for letter in emoji)}]"
    return f"[{unicodedata.name(emoji[0], 'emoji').lower()}]"


steps.register(Emoji())
