"""Texts that were read in a wrong encoding once and saved like that: "cafÃ©", "浣犲ソ", "锟斤拷".

Stage 1 (data). For Latin letters the judgement is that of ftfy (R. Speer, "ftfy", 2019); for Chinese the bytes are
turned back: what is valid UTF-8 when written as GBK is hardly ever Chinese that somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.scanning import closer, matching
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

_LOST = "锟斤拷|烫烫烫|屯屯屯|锘锘|ï¿½"
"""What U+FFFD in UTF-8 and memory never written look like when they are read as GBK or Latin-1."""
_LOST_SIGNS = re.compile(_LOST)
_LATIN = r"[\x{c2}-\x{f4}][\x{80}-\x{bf}ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]"
"""The first two bytes of a character in UTF-8 that were read as Latin-1 or Windows-1252."""
_CYRILLIC = r"(?:[РС][\x{a0}-\x{bf}ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈҐЄЇІіґ№єјЅѕї]){2}"
"""Two Cyrillic letters whose UTF-8 bytes were read as Windows-1251."""
_RUN = re.compile(r"[^\x00-\x7f]{3,}")
_SHORTEST = 3


class Mojibake:
    name, order, title = "mojibake", 26, N_("Wrongly decoded texts")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        suspects = matching(table.inputs, f"{_LOST}|{_LATIN}|{_CYRILLIC}|{_gbk_pattern()}")
        places = closer(table.inputs, suspects, wrongly_decoded)
        if len(places):
            yield found("mojibake", "warning", N_("Texts that seem to have been decoded wrongly before they came here (“cafÃ©”, “锟斤拷”): {count}. If the original file is at hand, import it with its right encoding."), table.ids[places], fixes=_fixes(table.inputs.iloc[places]))  # fmt: skip


def _fixes(texts: Iterable[str]) -> list[Fix]:
    """The cleaning step, if it puts at least one of the texts right; what was lost it cannot bring back."""
    from engine.prepare.clean.decoding import Decoding

    step, usual = Decoding(), Decoding.Params()
    if any(step.apply(text, usual) != text for text in texts):  # type: ignore[arg-type]
        return [Fix("clean", N_("Add the step that puts them right"), {"step": "decoding"})]
    return []


def wrongly_decoded(text: str) -> bool:
    """Whether `text` looks as if its bytes were once read in another encoding than they were written in."""
    return _LOST_SIGNS.search(text) is not None or _clearly_bad(text) or read_as_gbk(text)


def _clearly_bad(text: str) -> bool:
    """Whether ftfy finds it bad in many places, or in one and knows what was meant; unusual spelling is only unusual."""
    import ftfy
    from ftfy.badness import badness

    bad = badness(text)
    return bool(bad) and (bad >= max(2, len(text) / 100) or ftfy.fix_encoding(text) != text)


@lru_cache(maxsize=1)
def _gbk_pattern() -> str:
    """The GBK characters that the bytes of two Chinese characters in UTF-8 begin with: lead and middle, end and lead."""
    leads, others = (*range(0xE3, 0xEA), 0xEF), range(0x80, 0xC0)
    first = {bytes((lead, other)).decode("gbk", "ignore") for lead in leads for other in others}
    second = {bytes((other, lead)).decode("gbk", "ignore") for lead in leads for other in others}
    return "[" + "".join(sorted(first)) + "][" + "".join(sorted(second)) + "]"


def read_as_gbk(text: str) -> bool:
    """Whether a run of Chinese characters in `text` is UTF-8 that was read as GBK."""
    return any(_turned_back(run[0]) for run in _RUN.finditer(text[:2000]))


def _turned_back(run: str) -> bool:
    written = run.encode("gb18030", "ignore")
    meant = sum("\u3000" <= sign < "\ua000" or sign >= "\uff00" for sign in written.decode("utf-8", "ignore"))
    # A few bytes are lost where GBK has no sign; Chinese that was never UTF-8 gives nearly nothing.
    return meant >= _SHORTEST - 1 and 3 * meant >= 0.7 * len(written)


checks.register(Mojibake())
