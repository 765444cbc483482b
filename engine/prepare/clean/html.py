"""HTML taken off: tags go, entities become the characters they stand for, text is never eaten.

Stage 2 (prepare). A small scanner of our own: the standard library's parser changed what it does with broken
markup between patch releases, and a step must give the same text in training and in serving for years.
"""

from __future__ import annotations

import html
import re

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_BLOCK_TAGS = """
    address article aside blockquote br center dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr li main nav ol option p pre section select summary table tbody td tfoot th
    thead title tr ul
"""
_INLINE_TAGS = """
    a abbr acronym area audio b base bdi bdo big body button canvas caption cite code col colgroup data
    datalist del dfn dialog em embed font frame frameset head html i iframe img input ins kbd label legend
    link map mark menu meta meter noscript object optgroup output param picture progress q rp rt ruby s samp
    script slot small source span strike strong style sub sup svg template textarea time track tt u var video wbr
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_INLINE = frozenset(_INLINE_TAGS.split())
_HIDDEN = frozenset(("script", "style"))

# `[^<>]*` stops at the next bracket, so that a text full of `<` is still read once.
_TOKEN = re.compile(
    r"(?P<open><!--)|(?P<close>-->)|<(?P<end>/?)(?P<tag>[A-Za-z][\w:.-]{0,40})(?=[\s/>])[^<>]*>"
    r"|<(?i:!doctype|\?xml)\b[^<>]*>"
)
# A code point has at most seven digits; what is far longer stands for nothing.
_ENDLESS_NUMBER = re.compile(r"&#(?:[0-9]{20,}|[xX][0-9a-fA-F]{20,});?")


class HtmlParams(Params):
    unknown_tags: bool = param(
        False,
        N_("Unknown tags too"),
        N_(
            "On: everything shaped like <word> goes. Off: only HTML's own tags go, and marks such as <user> stay."
        ),
        level="advanced",
    )


class Html:
    name = "html"
    version = 1
    task = "text-classification"
    title = N_("HTML marks")
    help = N_(
        "Takes tags, comments, scripts and styles out and turns &amp; into &. Broken markup loses no text."
    )
    order = 20
    Params: type[Params] = HtmlParams

    def apply(self, value: str, params: HtmlParams) -> str:
        if "<" in value:
            value = _without_tags(value, params.unknown_tags)
        if "&" in value:
            value = html.unescape(_ENDLESS_NUMBER.sub("\ufffd", value))
        return value


def _without_tags(value: str, unknown_tags: bool) -> str:
    tokens = list(_TOKEN.finditer(value))
    last_ending = {_ending(token): token.start() for token in tokens}
    kept: list[str] = []
    position = 0
    hidden_until = ""
    for token in tokens:
        if hidden_until:
            if _ending(token) == hidden_until:
                hidden_until, position = "", token.end()
            continue
        tag = _tag(token)
        if token["close"] or (tag and not unknown_tags and tag not in _BLOCKS and tag not in _INLINE):
            continue
        kept.append(value[position : token.start()])
        position = token.end()
        hidden = "-->" if token["open"] else tag if tag in _HIDDEN and not token["end"] else ""
        # Unclosed, it would hide all the rest: then only the mark itself goes.
        if last_ending.get(hidden, -1) > token.start():
            hidden_until = hidden
        elif tag in _BLOCKS:
            kept.append("\n")
    kept.append(value[position:])
    return "".join(kept)


def _tag(token: re.Match[str]) -> str:
    return (token["tag"] or "").lower()


def _ending(token: re.Match[str]) -> str | None:
    return token["close"] or (_tag(token) if token["end"] else None)


steps.register(Html())
