"""Synonyms from word vectors: the words that lie nearest.

Stage 2 (prepare). Reads word2vec's text form (Mikolov et al. 2013), as fastText and GloVe write it too: a word and its
numbers on each line, with or without a first line that counts both.
"""

from __future__ import annotations

from pathlib import Path

from engine.errors import N_

MAX_VECTORS = 20_000
"""Words read, the first ones: such files have the most frequent words first."""

NEIGHBOURS = 5
LEAST_COSINE = 0.5
"""Words below this likeness are related at most; none is better than such a one."""

_BLOCK = 500


def is_vectors(path: Path) -> bool:
    """Whether the second line of the file is a word and at least eight numbers."""
    with path.open("rb") as file:
        file.readline(65_536)
        cells = file.readline(65_536).decode("utf-8", "replace").split()
    try:
        return len([float(c) for c in cells[1:]]) >= 8
    except ValueError:
        return False


def neighbours(path: Path, name: str) -> dict[str, tuple[str, ...]]:
    """The nearest words of each word by cosine.

    Raises:
        LexiconUnreadable: a line has another count of numbers than the first, or no numbers.
    """
    import numpy as np

    from engine.prepare.lexicon import MAX_WORD, LexiconUnreadable

    words: list[str] = []
    rows: list[np.ndarray] = []
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(iter(lambda: file.readline(65_536), ""), 1):
            cells = line.rstrip().split(" ")
            if number == 1 and len(cells) == 2 and all(c.isdigit() for c in cells):
                continue
            try:
                vector = np.array(cells[1:], dtype=np.float32)
            except ValueError:
                raise LexiconUnreadable(
                    file=name, line=number, problem={"message": N_("is not a word with numbers")}
                ) from None
            if rows and len(vector) != len(rows[0]):
                problem = {"message": N_("has {found} numbers, the first has {expected}"), "params": {"found": len(vector), "expected": len(rows[0])}}  # fmt: skip
                raise LexiconUnreadable(file=name, line=number, problem=problem)
            length = float(np.linalg.norm(vector))
            if cells[0] and len(cells[0]) <= MAX_WORD and np.isfinite(length) and length > 0:
                words.append(cells[0])
                rows.append(vector / length)
            if len(words) == MAX_VECTORS:
                break
    if len(words) < 2:
        return {}
    matrix, found = np.stack(rows), {}
    for start in range(0, len(words), _BLOCK):
        likeness = matrix[start : start + _BLOCK] @ matrix.T
        best = np.argpartition(-likeness, min(NEIGHBOURS + 1, len(words) - 1), axis=1)[:, : NEIGHBOURS + 1]
        for offset, candidates in enumerate(best):
            word, here = words[start + offset], likeness[offset]
            order = sorted(candidates.tolist(), key=lambda c: (-here[c], c))  # noqa: B023 - used at once
            near = [
                words[c] for c in order if here[c] >= LEAST_COSINE and words[c].casefold() != word.casefold()
            ]
            if near and word.casefold() not in found:
                found[word.casefold()] = tuple(dict.fromkeys(near))[:NEIGHBOURS]
    return found
