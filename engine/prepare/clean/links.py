"""Web addresses replaced or removed.

Stage 2 (prepare). An address ends at white space and at Chinese, Japanese or Korean characters, which are
written right behind it without a space; closing punctuation at its end belongs to the sentence.
"""

from __future__ import annotations

import re
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_REST = r"[^\s<>\"“”‘’\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]"
_LINK = re.compile(
    rf"(?i)(?<![a-z0-9])(?:https?|ftp)://{_REST}+|(?<![a-z0-9.@])www\.{_REST}+"
    # Short links are often written bare; with a known ending and a path they are not taken for prose.
    rf"|(?<![a-z0-9.@/-])(?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:com|net|org|cn|co|ly|me|gl|be|io)/{_REST}+"
)
_CLOSING = ".,;:!?'*)]}…"


class LinksParams(Params):
    mode: Literal["placeholder", "remove"] = param(
        "placeholder",
        N_("What happens to them"),
        N_("A placeholder keeps the fact that there was a link, which can tell classes apart."),
        titles=(N_("replace by [link]"), N_("remove")),
    )


class Links:
    name = "links"
    version = 1
    task = "text-classification"
    title = N_("Web addresses")
    help = N_("“https://…”, “www.…” and short links such as “t.cn/…” are replaced or removed.")
    order = 50
    Params: type[Params] = LinksParams

    def apply(self, value: str, params: LinksParams) -> str:
        if "." not in value and "://" not in value:
            return value
        instead = "[link]" if params.mode == "placeholder" else ""

        def replace(found: re.Match[str]) -> str:
            return instead + found[0][len(found[0].rstrip(_CLOSING)) :]

        return _LINK.sub(replace, value)


steps.register(Links())
