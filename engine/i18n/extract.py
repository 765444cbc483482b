"""Finds the texts of the product in its syntax trees, for Babel: also inside f-strings, where Babel's own reader is blind."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

SINGLE = ("t", "_t", "N_", "translate")
PLURAL = ("n", "plural")

Found = tuple[int, str, str | tuple[str, str], list[str]]


def extract(
    file: IO[bytes], keywords: Collection[str], comments: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """A Babel extraction method: the literal first argument of `t`, `_t`, `N_`, `translate`, the first two of `n`, `plural`."""
    for node in ast.walk(ast.parse(file.read())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [a.value if isinstance(a, ast.Constant) else None for a in node.args[:2]]
        if name in SINGLE and texts and isinstance(texts[0], str) and texts[0]:
            yield node.lineno, "gettext", texts[0], []
        elif name in PLURAL and len(texts) == 2 and isinstance(texts[0], str) and isinstance(texts[1], str):
            yield node.lineno, "ngettext", (texts[0], texts[1]), []
