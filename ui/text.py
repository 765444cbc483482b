"""The reader's language: every text of the pages passes through `t` or `n`, and no user text becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from engine.errors import N_, BentuError, is_message
from engine.i18n import LOCALES, joined, match_locale, plural, render_error, translate
from ui.state import LANGUAGE

__all__ = [
    "N_",
    "choose_language",
    "error_line",
    "error_text",
    "labelled",
    "language",
    "n",
    "safe_text",
    "say",
    "sentences",
    "t",
    "told_apart",
]

_SHAPELESS = dict.fromkeys(map(ord, "\ufeff\u200b\u00ad"))
_MARKUP = str.maketrans({c: "\\" + c for c in "\\`*_{}[]()<>#+-.!|$~:^&@="})


NAME_CHARS = 60
"""What is shown of one name in a list."""

_LINKED = re.compile(r"https?(?=:)|www(?=\.)|@", re.IGNORECASE)
"""Where Markdown finds addresses even in escaped text; an invisible word joiner there keeps them from being links."""


def language() -> str:
    """The locale of this session: its choice, else the link's, else the browser's."""
    chosen = st.session_state.get(LANGUAGE)
    if chosen in LOCALES:
        return str(chosen)
    linked = st.query_params.get("lang")
    locale = match_locale(linked or st.context.locale)
    st.session_state[LANGUAGE] = locale
    return locale


def choose_language(locale: str) -> None:
    """Use `locale` from now on, and put it into the link."""
    st.session_state[LANGUAGE] = locale
    st.query_params["lang"] = "zh" if locale == "zh_CN" else "en"


def t(message: str, /, **params: Any) -> str:
    """`message` in the session's language with its placeholders filled."""
    return translate(message, language(), **params)


def n(one: str, other: str, count: int, /, **params: Any) -> str:
    """The singular or plural message for `count`; `{n}` is the count."""
    return plural(one, other, count, language(), **params)


def error_text(error: BentuError) -> tuple[str, str]:
    """What happened and what to do, in the session's language, safe to show as Markdown."""
    return render_error(type(error)(**_safe_params(error.params)), language())


def error_line(error: BentuError) -> str:
    """What happened and what to do as one line, as `error_text` words it."""
    return sentences(error_text(error))


def sentences(parts: Iterable[str]) -> str:
    """Sentences one after the other, as the session's language joins them."""
    return joined(parts, language())


def labelled(titles: Mapping[Any, str]) -> Callable[[Any], str]:
    """A `format_func` for options with these titles (message ids): looked up now, in the session's language."""
    words = {option: t(title) for option, title in titles.items()}
    return lambda option: words.get(option, str(option))


def told_apart(names: Mapping[Any, str]) -> Callable[[Any], str]:
    """A `format_func` for options that people named: equal names get a number.

    Streamlit sends a choice back by its label, so of two equal labels the first would be chosen. The number depends on the
    options only, not on their order, which may change between drawing a label and its coming back.
    """
    labels: dict[Any, str] = {}
    for option in sorted(names, key=str):
        label, number = names[option], 2
        while label in labels.values():
            label, number = f"{names[option]} ({number})", number + 1
        labels[option] = label
    return lambda option: labels.get(option, "")


def say(message: str, params: Mapping[str, Any], /) -> str:
    """A message of the engine (a finding, a step's state) with its parameters, safe to show as Markdown; numbers have
    thousands separators."""
    return t(
        message, **{name: _Grouped(v) if type(v) is int else v for name, v in _safe_params(params).items()}
    )


class _Grouped(int):
    """A whole number that a sentence writes with thousands separators, unless the sentence says how."""

    def __str__(self) -> str:
        return f"{int(self):,}"


def _safe_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with all user text in them made safe, also in lists and in those that are messages themselves."""
    return {name: _safe(value) for name, value in params.items()}


def _safe(value: Any) -> Any:
    if is_message(value):
        return {**value, "params": _safe_params(value.get("params", {}))}
    if isinstance(value, (list, tuple)):
        return [safe_text(part, NAME_CHARS) if isinstance(part, str) else _safe(part) for part in value]
    return safe_text(value) if isinstance(value, str) else value


def safe_text(value: object, limit: int = 500) -> str:
    """User text for a place that reads Markdown (labels, captions, tooltips): shown literally, never as markup.

    Line breaks become spaces; longer texts end in an ellipsis. Control and direction-changing characters show as
    replacement signs, so that they cannot reorder what stands around them; byte-order marks and the like, which have no
    shape, are left out, so that a sound text does not look damaged.
    """
    text = " ".join(str(value).translate(_SHAPELESS).split())
    text = "".join(c if c.isprintable() or c in "\u200c\u200d" else "\ufffd" for c in text)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return _LINKED.sub("\\g<0>\u2060", text).translate(_MARKUP)
