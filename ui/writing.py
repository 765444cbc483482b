"""Languages and writing systems by their names in the reader's language (Unicode CLDR, by Babel)."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

from engine.errors import N_
from ui.text import language, t

UNKNOWN = N_("not recognised")
_SCRIPTS = {
    "Han": "Hani", "Latin": "Latn", "Cyrillic": "Cyrl", "Arabic": "Arab", "Devanagari": "Deva", "Hangul": "Hang",
    "Hiragana": "Hira", "Katakana": "Kana", "Thai": "Thai", "Ethiopic": "Ethi", "Hebrew": "Hebr", "Greek": "Grek",
    "Tibetan": "Tibt", "Bengali": "Beng", "Tamil": "Taml", "Telugu": "Telu", "Mongolian": "Mong", "Khmer": "Khmr",
    "Lao": "Laoo", "Myanmar": "Mymr", "Georgian": "Geor", "Armenian": "Armn", "Bopomofo": "Bopo", "Yi": "Yiii",
}  # fmt: skip
"""Names that the profile gives to writing systems, and their ISO 15924 codes."""


@lru_cache(maxsize=4)
def _locale(name: str) -> Locale:
    return Locale.parse(name)


def language_name(code: str) -> str:
    """A language by its ISO 639 code: "ha" -> "Hausa (ha)" / "豪萨语 (ha)"."""
    if code == "unknown":
        return t(UNKNOWN)
    name = _locale(language()).languages.get(code)
    return f"{name} ({code})" if name else code


def script_name(name: str) -> str:
    """A writing system by the profile's name; one that is not in the list keeps it."""
    return str(_locale(language()).scripts.get(_SCRIPTS.get(name, ""), name))
