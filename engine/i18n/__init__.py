"""The words of the product: gettext catalogues shared by pages, reports, errors and the command line.

English is the message id. `translate` looks a message up, `plural` chooses the form, `render_error` turns
an error's code and parameters into two sentences in the reader's language.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.errors import N_, BentuError, fill

LOCALES: Mapping[str, str] = {"en": "English", "zh_CN": "简体中文"}
DOMAIN = "bentu"

__all__ = ["DOMAIN", "LOCALES", "N_", "joined", "match_locale", "plural", "render_error", "translate"]


def match_locale(tag: str | None) -> str:
    """The catalogue that serves a browser's language tag (`zh-TW` -> `zh_CN`; unknown -> `en`)."""
    primary = (tag or "").replace("_", "-").split("-")[0].lower()
    return "zh_CN" if primary == "zh" else "en"


@lru_cache(maxsize=8)
def _catalogue(locale: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, Path(__file__).parent, languages=[locale], fallback=True)


def translate(message: str, locale: str, /, **params: Any) -> str:
    """`message` in `locale`, with `{placeholders}` filled as `engine.errors.fill` says; unknown messages stay English."""
    words = _catalogue(locale)

    def translated(text: str) -> str:
        return words.gettext(text) if text else ""  # the empty message is the catalogue's own head

    return fill(translated(message), params, translated) if params else translated(message)


def plural(one: str, other: str, count: int, locale: str, /, **params: Any) -> str:
    """The form of the message for `count`; `{n}` is the count with thousands separators."""
    text = _catalogue(locale).ngettext(one, other, count)
    return fill(text, {"n": f"{count:,}", **params})


def joined(sentences: Iterable[str], locale: str) -> str:
    """Sentences one after the other: with a space between them, in Chinese without."""
    return ("" if locale == "zh_CN" else " ").join(sentences)


def render_error(error: BentuError, locale: str) -> tuple[str, str]:
    """What happened and what to do next, in `locale`."""
    return translate(error.message, locale, **error.params), translate(error.remedy, locale, **error.params)
