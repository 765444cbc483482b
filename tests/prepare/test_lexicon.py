"""Lexicons that people bring: tables of synonyms and word vectors, read strictly, capped, and the same again from storage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.prepare import lexicon as module
from engine.prepare.lexicon import (
    LexiconEmpty,
    LexiconTooLarge,
    LexiconUnreadable,
    read_lexicon,
    stored_lexicon,
)
from engine.prepare.vectors import NEIGHBOURS


def read(tmp_path: Path, data: bytes | str):
    path = tmp_path / "content"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_lexicon(path, "words.txt")


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "=", "，", "；", "、", ", "])
def test_separators(tmp_path, separator):
    found = read(tmp_path, f"Good{separator}fine{separator}nice\n好吃{separator}美味\n")
    assert found.synonyms == {"good": ("fine", "nice"), "好吃": ("美味",)}
    assert found.longest == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(tmp_path, encoding):
    assert read(tmp_path, "好吃,美味,可口\n".encode(encoding)).synonyms == {"好吃": ("美味", "可口")}


def test_comments_repeats_and_the_word_itself(tmp_path):
    found = read(tmp_path, "# a list\n\ngood,Good,fine,fine\nGOOD,nice\nalone\n")
    assert found.synonyms == {"good": ("fine", "nice")}


def test_it_comes_back_the_same_from_storage(tmp_path):
    found = read(tmp_path, "b,c\na,d,e\n")
    assert stored_lexicon(found.to_bytes()) == found
    assert read(tmp_path, "a,d,e\nb,c\n").to_bytes() == found.to_bytes(), (
        "the order of the lines does not matter"
    )


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"good,fine\n,nice\n", 2, "begins with a separator"),
        ("good," + "x" * 50 + "\n", 1, "a word of 50 characters"),
        (b"good,fine\n\xff\xfe\xff\xff\n", 2, "not text"),
        ("good,fine\n" + "a," * 15_000 + "\n", 2, "30000 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path, data, line, says):
    with pytest.raises(LexiconUnreadable) as caught:
        read(tmp_path, data)
    assert caught.value.params["line"] == line
    assert says in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"alone\n", b"good,good\n", b"\xef\xbb\xbf"])
def test_nothing_in_it(tmp_path, data):
    with pytest.raises(LexiconEmpty):
        read(tmp_path, data)


def test_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_WORDS", 10)
    with pytest.raises(LexiconTooLarge):
        read(tmp_path, "".join(f"w{i},v{i}\n" for i in range(20)))
    monkeypatch.setattr(module, "MAX_LEXICON_BYTES", 10)
    with pytest.raises(LexiconTooLarge):
        read(tmp_path, "good,fine,nice\n")


def vectors(words: list[str], matrix: np.ndarray, header: bool = True) -> str:
    first = f"{len(words)} {matrix.shape[1]}\n" if header else ""
    return first + "".join(
        f"{w} {' '.join(f'{x:.4f}' for x in row)}\n" for w, row in zip(words, matrix, strict=True)
    )


@pytest.mark.parametrize("header", [True, False])
def test_neighbours_of_word_vectors(tmp_path, header):
    """Planted: ten groups of words around ten directions; the neighbours of a word are those of its group."""
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(10, 16))
    words = [f"g{group}w{i}" for group in range(10) for i in range(6)]
    matrix = np.repeat(centres, 6, axis=0) + draw.normal(scale=0.05, size=(60, 16))
    found = read(tmp_path, vectors(words, matrix, header))
    assert set(found.synonyms) == set(words)
    for word, others in found.synonyms.items():
        assert 1 <= len(others) <= NEIGHBOURS
        assert all(other.startswith(word[:3]) and other != word for other in others)


def test_words_without_a_near_one_have_no_synonym(tmp_path):
    found = read(
        tmp_path,
        vectors(
            ["a", "b", "c", *map(str, range(10))],
            np.vstack([[1, 0.1, *[0] * 8], [1, 0.1, *[0.01] * 8], *np.eye(10)[2:], *np.eye(10)[:3]]),
        ),
    )
    assert "b" in found.synonyms["a"] and all(len(s) < 5 for s in found.synonyms.values())


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(lambda lines: [*lines[:3], lines[3].rsplit(" ", 1)[0], *lines[4:]], "numbers, the first has"), (lambda lines: [*lines, "word x y z"], "not a word with numbers")],
)  # fmt: skip
def test_spoilt_vectors_are_named_with_their_line(tmp_path, spoil, says):
    lines = vectors([f"w{i}" for i in range(8)], np.eye(8)).splitlines()
    with pytest.raises(LexiconUnreadable) as caught:
        read(tmp_path, "\n".join(spoil(lines)) + "\n")
    assert says in str(caught.value)


def test_zero_and_infinite_vectors_are_left_out(tmp_path):
    text = (
        vectors(["a", "b", "zero"], np.array([[1.0] * 10, [1.01] * 10, [0.0] * 10]))
        + "inf "
        + "inf " * 9
        + "inf\n"
    )
    assert set(read(tmp_path, text).synonyms) == {"a", "b"}


def test_a_long_line_without_an_end_is_refused_and_not_kept(tmp_path):
    with pytest.raises((LexiconUnreadable, LexiconEmpty)):
        read(tmp_path, b"a" * 5_000_000)
