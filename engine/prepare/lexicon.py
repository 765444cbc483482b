"""Lexicons that a person brings: words and what may stand for them, from a table of synonyms or from word vectors.

Stage 2 (prepare).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import N_, DataError

MAX_LEXICON_BYTES = 100_000_000
MAX_WORDS = 200_000
MAX_SYNONYMS = 20
MAX_WORD = 40
MAX_LINE = 20_000

_CELLS = re.compile(r"[\t,;|=，；、]")


class LexiconUnreadable(DataError):
    code = "LEXICON_UNREADABLE"
    message = N_("The file “{file}” is no lexicon: line {line} {problem}.")
    remedy = N_("A lexicon is a text file in UTF-8 with a word and its synonyms on each line, separated by commas or tabs, or word vectors in word2vec's text form.")  # fmt: skip


class LexiconTooLarge(DataError):
    code = "LEXICON_TOO_LARGE"
    message = N_("The lexicon “{file}” has {size}; at most {limit} are read.")
    remedy = N_("Keep the words that your texts use, the most frequent first.")


class LexiconEmpty(DataError):
    code = "LEXICON_EMPTY"
    message = N_("The lexicon “{file}” holds no word with a synonym.")
    remedy = N_("Write a word and at least one synonym on a line, separated by a comma: good,fine,nice.")


@dataclass(frozen=True)
class Lexicon:
    """Synonyms by word. Letter case does not count in words of an alphabet.

    Args:
        synonyms: by case-folded word, best first.
        longest: characters of the longest word.
    """

    synonyms: Mapping[str, tuple[str, ...]]
    longest: int

    def to_bytes(self) -> bytes:
        """As it is stored: sorted JSON, so that the same lexicon has the same digest."""
        return json.dumps(self.synonyms, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def lexicon(synonyms: Mapping[str, tuple[str, ...]]) -> Lexicon:
    """A lexicon of these synonyms."""
    return Lexicon(synonyms, max(map(len, synonyms), default=0))


def stored_lexicon(data: bytes) -> Lexicon:
    """What `Lexicon.to_bytes` wrote."""
    return lexicon({word: tuple(others) for word, others in json.loads(data).items()})


def read_lexicon(path: Path, name: str) -> Lexicon:
    """A lexicon from a file: `word,synonym,...` a line, or word vectors in word2vec's text form.

    Lines that are empty or begin with `#` are left out; a word that stands on several lines gets the synonyms of all.

    Raises:
        LexiconUnreadable: naming the first line that is wrong.
        LexiconTooLarge, LexiconEmpty.
    """
    size = path.stat().st_size
    if size > MAX_LEXICON_BYTES:
        raise LexiconTooLarge(
            file=name, size=f"{size / 1e6:.0f} MB", limit=f"{MAX_LEXICON_BYTES / 1e6:.0f} MB"
        )
    from engine.prepare.vectors import is_vectors, neighbours

    if is_vectors(path):
        found = neighbours(path, name)
    else:
        found = _table(path, name)
    if not found:
        raise LexiconEmpty(file=name)
    return lexicon(found)


def _table(path: Path, name: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for number, line in text_lines(path, name):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip().strip('"') for cell in _CELLS.split(line)]
        word, others = cells[0], [c for c in cells[1:] if c]
        if not word:
            raise LexiconUnreadable(
                file=name, line=number, problem={"message": N_("begins with a separator, not with a word")}
            )
        if long := next((c for c in (word, *others) if len(c) > MAX_WORD), None):
            problem = {"message": N_("has a word of {length} characters; the longest may have {limit}"), "params": {"length": len(long), "limit": MAX_WORD}}  # fmt: skip
            raise LexiconUnreadable(file=name, line=number, problem=problem)
        kept = found.setdefault(word.casefold(), {})
        for other in others:
            if other.casefold() != word.casefold() and len(kept) < MAX_SYNONYMS:
                kept[other] = None
        if len(found) > MAX_WORDS:
            raise LexiconTooLarge(file=name, size=f"> {MAX_WORDS:,}", limit=f"{MAX_WORDS:,}")
    return {word: tuple(others) for word, others in found.items() if others}


def text_lines(path: Path, name: str) -> list[tuple[int, str]]:
    """Numbered lines of a UTF-8 file (or GB18030, which Chinese word lists come in), each of a bounded length."""
    data = path.read_bytes()
    text = ""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError as problem:
            line = data.count(b"\n", 0, problem.start) + 1
    else:
        raise LexiconUnreadable(file=name, line=line, problem={"message": N_("is not text in UTF-8")})
    lines = text.splitlines()
    for number, line_text in enumerate(lines, 1):
        if len(line_text) > MAX_LINE:
            problem_ = {"message": N_("has {length} characters; the longest may have {limit}"), "params": {"length": len(line_text), "limit": MAX_LINE}}  # fmt: skip
            raise LexiconUnreadable(file=name, line=number, problem=problem_)
    return list(enumerate(lines, 1))
