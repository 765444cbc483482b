"""Texts that were decoded wrongly once put right: "cafÃ©" to "café", "浣犲ソ" to "你好".

Stage 2 (prepare). For Latin letters by ftfy (R. Speer, 2019), which changes only what cannot have been meant; for Chinese a run that
is valid UTF-8 when it is written as GBK is taken for what those bytes say. What was lost (锟斤拷, U+FFFD) stays lost.
"""

from __future__ import annotations

import re

from engine.errors import N_
from engine.params import Params
from engine.prepare.steps import steps

_HIGH = re.compile("[\u0080-\u00ff\u0152-\u0192\u02c6\u02dc\u0400-\u04ff\u2013-\u2122]")
_RUN = re.compile(r"[^\x00-\x7f]{3,}")
_PIECE = 20_000


class DecodingParams(Params):
    pass


class Decoding:
    name = "decoding"
    version = 1
    task = "text-classification"
    title = N_("Wrongly decoded texts")
    help = N_(
        "Puts “cafÃ©” and “浣犲ソ” right. Better, where the original file is at hand: import it with its right encoding."
    )
    order = 5
    Params: type[Params] = DecodingParams

    def apply(self, value: str, params: DecodingParams) -> str:
        if value.isascii():
            return value
        if _HIGH.search(value) and len(value) <= _PIECE:
            import ftfy

            value = ftfy.fix_encoding(value)
        return _RUN.sub(lambda run: _meant(run[0]), value)


def _meant(run: str) -> str:
    """What the bytes of the run say as UTF-8, if that is Chinese or Japanese from beginning to end."""
    try:
        meant = run.encode("gbk").decode("utf-8")
    except UnicodeError:
        return run
    plausible = all("\u3000" <= sign < "\ua000" or "\uff00" <= sign < "\ufff0" for sign in meant)
    return meant if plausible and len(meant) > 1 else run


steps.register(Decoding())
