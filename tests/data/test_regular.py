"""The quick reader of regular files: it reads what the careful one reads, or leaves the file to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import errors, limits
from engine.data.readers import ReadOptions, read_table, regular
from engine.data.readers.delimited import read_delimited
from engine.data.readers.encoding import check_bytes
from engine.data.readers.reading import open_text
from engine.data.readers.regular import read_regular
from engine.errors import DataError

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(content: str | bytes, name: str = "rows.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def quick(path: Path, separator: str = ",", header: bool = True) -> list[list[str]] | None:
    table = read_regular(path, separator, header=header, rename=None)
    return None if table is None else [list(table.names), *table.frame().to_numpy().tolist()]


def careful(path: Path, separator: str = ",", header: bool = True) -> tuple[list[list[str]], int]:
    with open_text(path, "UTF-8") as stream:
        table, blank = read_delimited(
            stream, separator, quotes=True, header=header, rename=None, name=path.name
        )
    return [list(table.names), *table.frame().to_numpy().tolist()], blank


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n", "a,b\n1,2", "a,b\r\n1,2\r\n", "\ufeffa,b\n1,2\n", 'a,b\n"1,1","2"\n', 'a,b\n"x\ny",2\n', 'a,b\n"say ""it""",""\n',
        'a,b\n"""",1\n', "a,b\n,\n", "a\nx\n", 'a\n""\nx\n', "a,b\n 1 ,NA\n", "a,b\n你好,👍\n", 'a,b\n"x\r\ny",2\r\n', "a,b\n1,2\r",
        '"a","b"\n"1","2"\n"3","4"', "a,b\nnull,NULL\n",
    ],
)  # fmt: skip
def test_regular_files_are_read_as_the_careful_reader_does(put: Put, content: str) -> None:
    path = put(content)
    assert (quick(path), 0) == careful(path)


@pytest.mark.parametrize(
    "content",
    [
        "", "\ufeff", "a,b\n", "a,b\n1\n", "a,b\n1,2,3\n", "a,b\n\n1,2\n", "a\n\nx\n", "\na,b\n1,2\n", 'a,b\n"1"x,2\n', 'a,b\n1"1,2\n', 'a,b\n"1,2\n',
        "a,b\r1,2\r", 'a,b\n"x\ry",2\n', 'a,b\n1, "2"\n', "\ufeff\ufeffa,b\n1,2\n", "a,b\n1,2\n\n",
    ],
)  # fmt: skip
def test_what_is_not_regular_is_left_to_the_careful_reader(put: Put, content: str) -> None:
    assert quick(put(content)) is None


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_any_text_is_read_alike_or_left_alone(put: Put, separator: str, header: bool) -> None:
    draw, read, s = random.Random(separator), 0, separator
    lines = [f"a{s}b\n", f"你{s} \r\n", f'"x{s}\n"{s}y\n', f'{s}"say ""it"""\n', f'""{s}"\r\n"\n']
    pieces = [*lines, "a", '"', '""', s, "\n", "\r", "\r\n"]
    for _ in range(600):
        rows = draw.choices(pieces, draw.choices([1, 20], k=len(pieces)), k=draw.randint(1, 6))
        path = put("".join([f"first{s}second\n" if header else "", *rows]))
        try:
            found = quick(path, separator, header)
        except DataError as refused:  # the names of columns
            with pytest.raises(type(refused)):
                careful(path, separator, header)
            continue
        if found is not None:
            read += 1
            assert (found, 0) == careful(path, separator, header), path.read_text()
    assert read > 20, "some of them are regular"


@pytest.mark.parametrize("piece", [1, 2, 3, 7])
def test_pieces_may_cut_anything(put: Put, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    texts = [
        'a,b\r\n"x\r\ny","say ""it"""\r\n"",你好\r\n',
        'a,b\n"1"x,2\n',
        'a,b\n1"1,2\n',
        'a,b\n"x\ry",2\n',
        '"a","b"\n"1","2"',
    ]
    whole = [quick(put(text)) for text in texts]
    monkeypatch.setattr(regular, "_PIECE", piece)
    assert [quick(put(text)) for text in texts] == whole and whole[0] is not None and whole[1] is None


def test_many_rows_over_several_blocks(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular, "_BLOCK", 10_000)
    path = put("text,label\n" + "".join(f'"row {i}, or\n{i}",{i % 2}\n' for i in range(5_000)))
    found = quick(path)
    assert found is not None and (found, 0) == careful(path)
    assert read_table(path, "rows.csv").index.tolist() == list(range(5_000))


def test_limits_hold_on_the_quick_way(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    long = put(f"a,b\n1,2\n{'x' * (limits.MAX_TEXT + 1)},2\n")
    with pytest.raises(errors.TextTooLong, match="Row 2"):
        read_table(long, "rows.csv")
    assert quick(put("a,b\n" + "x" * (limits.MAX_LINE + 1) + ",1\n")) is None
    monkeypatch.setattr(limits, "MAX_ROWS", 2)
    with pytest.raises(errors.TooManyRows):
        read_table(put("a,b\n1,2\n3,4\n5,6\n"), "rows.csv")
    monkeypatch.setattr(regular, "_CELLS", 3)
    assert quick(put("a,b\n1,2\n")) is None


def test_renamed_columns(put: Put) -> None:
    frame = read_table(put("a,b\n1,2\n"), "rows.csv", ReadOptions(rename=("x", "y")))
    assert list(frame.columns) == ["x", "y"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "content",
    [b"plain", "é你👍".encode(), "x👍".encode(), b"ab\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xe4\xbd", b"a\xf0\x9f\x91", b"\xf4\x90\x80\x80", b"\x80"],
)  # fmt: skip
def test_bytes_are_sound_where_python_decodes_them(
    put: Put, monkeypatch: pytest.MonkeyPatch, content: bytes, chunk: int
) -> None:
    monkeypatch.setattr("engine.data.readers.encoding._CHUNK", chunk)
    try:
        content.decode()
        sound = True
    except UnicodeDecodeError:
        sound = False
    assert (check_bytes(put(content), "UTF-8").count == 0) is sound
