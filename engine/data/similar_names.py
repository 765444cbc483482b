"""Names that a person takes for the same: equal once folded, equal to the eye, or one letter apart.

Stage 1 (data).
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence

LONG = 6
"""Letters from which one differing letter is more likely a slip than another word ("cat" and "car" are two words)."""

_LATIN = {
    # Cyrillic
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i", "ј": "j", "к": "k", "ӏ": "l", "м": "m", "н": "h",
    "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "у": "y", "ѵ": "v", "ԝ": "w", "х": "x", "ѐ": "e", "ё": "e",
    # Greek
    "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "m", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u",
    "χ": "x", "ζ": "z", "γ": "y", "ω": "w", "ϲ": "c", "ϳ": "j",
    # Latin letters that stand for others
    "ı": "i", "ɑ": "a", "ɡ": "g", "ʜ": "h", "ɩ": "i", "ᴏ": "o", "ᴄ": "c", "ᴠ": "v", "ᴡ": "w", "ᴢ": "z", "ꜱ": "s",
}  # fmt: skip
"""Letters of other alphabets that look like a Latin one in the usual typefaces (after Unicode UTS 39, Latin, Cyrillic and Greek)."""

_CAPITALS = {"Β": "b", "Ε": "e", "Ζ": "z", "Η": "h", "Ι": "i", "Κ": "k", "Μ": "m", "Ν": "n", "Ο": "o", "Ρ": "p", "Τ": "t",
             "Υ": "y", "Χ": "x", "Α": "a"}  # fmt: skip
"""Greek capitals, whose small forms look otherwise."""


def folded(name: str) -> str:
    """Equal for names that differ only in case, width, spaces or normal form (NFKC and case folding)."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(unicodedata.normalize("NFKC", plain).split())


def skeleton(name: str) -> str:
    """Equal for names that look the same though their letters are of different alphabets."""
    capitals = "".join(_CAPITALS.get(c, c) for c in unicodedata.normalize("NFKC", name))
    return "".join(_LATIN.get(c, c) for c in folded(capitals))


def alike(names: Sequence[str], key: Callable[[str], str]) -> list[list[str]]:
    """Groups of two and more names with an equal key, in the order of `names`."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def near_spelling(names: Sequence[str]) -> list[list[str]]:
    """Pairs of names of at least `LONG` letters that differ in one of them: another, one more or two exchanged.

    Names that differ in a digit are numbered on purpose and left out.
    """
    rests: dict[str, set[str]] = defaultdict(set)
    written = {folded(name): name for name in names}
    long = [plain for plain in written if len(plain) >= LONG]
    for plain in long:
        for rest in {plain, *(plain[:i] + plain[i + 1 :] for i in range(len(plain)))}:
            rests[rest].add(plain)
    order = {plain: place for place, plain in enumerate(long)}
    pairs = {
        (a, b)
        for group in rests.values()
        for a in group
        for b in group
        if order[a] < order[b] and _one_apart(a, b)
    }
    return [[written[a], written[b]] for a, b in sorted(pairs, key=lambda p: (order[p[0]], order[p[1]]))]


def _one_apart(a: str, b: str) -> bool:
    """Whether one letter was changed, added or exchanged with its neighbour, and no digit is concerned."""
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    left, right = a[start : len(a) - end], b[start : len(b) - end]
    if any(c.isdigit() for c in left + right):
        return False
    return max(len(left), len(right)) == 1 or (len(left) == 2 and left == right[::-1])
