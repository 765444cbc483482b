"""How well bytes read as text of one of the legacy encodings of East and South-East Asia.

Stage 1 (data). General detectors take short GBK for Korean; what tells them apart is how common the decoded
characters are: each national standard keeps its everyday characters in one block (GB 2312 level 1, Big5 level 1,
KS X 1001 syllables, JIS level 1), and a few dozen characters make a third of any running text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_FREQUENT = {
    "GB18030": "的一是不了在有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实很吃味买快送点太餐",
    "Big5": "的一是不了在有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實很吃味買快送點太餐",
    "EUC-KR": "이다의는에가을고하지도로한은기사리나아서자어있시들그대만라를게보해일인수요없것정제안좋너무습니",
    "Shift-JIS": "のにはをたがでてとしれさいるもなこりまかすっうくらよあそきだ",
    "TIS-620": "านรกเงอมยลวดทสตะปบคหแจพชขใไ่้",
}  # fmt: skip
_FREQUENT["EUC-JP"] = _FREQUENT["Shift-JIS"]

SCORED = tuple(_FREQUENT)
"""Encodings that `plausibility` can judge."""

_ENOUGH = 8_000
"""Characters looked at."""

_THAI_MISSPELT = re.compile(
    r"(?<![\u0e01-\u0e2e\u0e30-\u0e3a\u0e45-\u0e4e])[\u0e30-\u0e3a\u0e45-\u0e4e]|[\u0e40-\u0e44](?![\u0e01-\u0e2e])"
    r"|[A-Za-z][\u0e01-\u0e5b]|[\u0e01-\u0e5b][A-Za-z]|[\u0e50-\u0e5b]"
)
"""What Thai never writes: a vowel sign without its consonant, a Thai letter inside a Latin word."""

_BEYOND_ASCII = re.compile("[^\x00-\x7f]")


def plausibility(encoding: str, text: str) -> float:
    """From 0 or less (noise) to nearly 2 (running text): share of everyday plus share of most frequent characters.

    Args:
        encoding: one of `SCORED`, in which `text` was decoded.
        text: decoded text; ASCII and East Asian punctuation do not count.
    """
    common, frequent = _everyday(encoding), _FREQUENT[encoding]
    first = _BEYOND_ASCII.search(text)
    start = max(first.start() - 1, 0) if first else 0
    text = text[start : start + _ENOUGH]
    seen = [c for c in text if c > "\x7f" and not _neutral(c)]
    if not seen:
        return 0.0
    good = sum(c in common for c in seen)
    if encoding == "TIS-620":
        good -= 4 * len(_THAI_MISSPELT.findall(text))
    return (good + sum(c in frequent for c in seen)) / len(seen)


def _neutral(char: str) -> bool:
    """Punctuation that all East Asian encodings share, and full-width letters."""
    return char in "·—‘’“”…×" or "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uff60"


@lru_cache(maxsize=8)
def _everyday(encoding: str) -> frozenset[str]:
    kana = {chr(c) for c in range(0x3041, 0x30FF)}
    blocks: dict[str, Callable[[], set[str]]] = {
        "GB18030": lambda: _block("gb2312", range(0xB0, 0xD8)),
        "Big5": lambda: _block("big5", range(0xA4, 0xC7)),
        "EUC-KR": lambda: _block("euc_kr", range(0xB0, 0xC9)),
        "Shift-JIS": lambda: _block("euc_jp", range(0xB0, 0xD0)) | kana,
        "EUC-JP": lambda: _block("euc_jp", range(0xB0, 0xD0)) | kana,
        "TIS-620": lambda: {chr(c) for c in (*range(0x0E01, 0x0E3B), *range(0x0E40, 0x0E50))},
    }
    return frozenset(blocks[encoding]())


def _block(codec: str, leads: range) -> set[str]:
    """The characters whose first byte is in `leads`."""
    found: set[str] = set()
    for lead in leads:
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            found.update(bytes((lead, trail)).decode(codec, errors="ignore"))
    return {c for c in found if c > "\x7f"}
