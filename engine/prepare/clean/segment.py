"""Spaces between Chinese words, for families that count words.

Stage 2 (prepare). The most probable words of jieba's dictionary (a unigram model; no guessing of unknown words, which fall into
characters). So a text that is segmented already stays as it is. The dictionary is loaded at the first text with Chinese.
"""

from __future__ import annotations

import re

from engine.errors import N_
from engine.params import Params
from engine.prepare.steps import steps

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUN = re.compile(f"[{_HAN}]+")
_WORD = re.compile(r"[^\W_]")


class SegmentParams(Params):
    pass


class Segment:
    name = "segment"
    version = 1
    task = "text-classification"
    title = N_("Chinese words apart")
    help = N_(
        "“服务态度很好” becomes “服务态度 很 好”. For models that count words, and before stop words; those that read characters need it not."
    )
    order = 112
    Params: type[Params] = SegmentParams

    def apply(self, value: str, params: SegmentParams) -> str:
        if value.isascii():
            return value
        pieces: list[str] = []
        end = 0
        for run in _RUN.finditer(value):
            pieces.append(value[end : run.start()])
            before = pieces[-1][-1:] or (value[end - 1] if end else "")
            if before in ("@", "＠"):  # somebody's name
                pieces.append(run[0])
                end = run.end()
                continue
            words = " ".join(_words(run[0]))
            after = value[run.end() : run.end() + 1]
            left = " " if before and _WORD.match(before) else ""
            right = " " if after and _WORD.match(after) else ""
            pieces.append(f"{left}{words}{right}")
            end = run.end()
        return "".join([*pieces, value[end:]])


def _words(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    import rjieba

    return list(rjieba.cut(run, False))


steps.register(Segment())
