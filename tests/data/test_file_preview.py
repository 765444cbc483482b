from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import errors
from engine.data.readers import ReadOptions, preview_file, read_table
from engine.data.readers.encoding import read_sample
from engine.errors import DataError

Put = Callable[..., Path]


def test_five_rows_as_the_reader_gives_them(put: Put) -> None:
    path = put("text,label\n" + "".join(f'"row {i}, quoted\nline",{i}\n' for i in range(9)))
    preview = preview_file(path, "x.csv")
    assert (preview.kind, preview.encoding, preview.separator) == ("csv", "UTF-8", ",")
    assert preview.encoding_certain and preview.separator_certain and preview.problem is None
    assert preview.size_bytes == path.stat().st_size
    assert preview.rows.equals(read_table(path, "x.csv").head(5))


def test_a_large_file_is_only_sampled(put: Put) -> None:
    path = put("text,label\n" + "".join(f'"row {i}\nof several lines",{i}\n' for i in range(100_000)))
    sample = read_sample(path)
    assert len(sample.head) + len(sample.later) <= 256 * 1024 < path.stat().st_size
    preview = preview_file(path, "x.csv")
    assert preview.problem is None and len(preview.rows) == 5


def test_a_problem_beyond_the_sample_is_left_to_the_reader(put: Put) -> None:
    path = put("text,label\n" + "some text,1\n" * 50_000 + "one,field,too many\n")
    assert preview_file(path, "x.csv").problem is None
    with pytest.raises(errors.RaggedRows, match="Row 50001"):
        read_table(path, "x.csv")


def test_rows_are_shown_beside_a_problem(put: Put) -> None:
    preview = preview_file(put("a,b\n1,2\n3,4,5\n6\n"), "x.csv")
    assert isinstance(preview.problem, errors.RaggedRows)
    assert preview.rows.values.tolist() == [["1", "2"], ["3", "4"], ["6", ""]]


def test_chosen_encoding_and_separator_head_the_lists(put: Put) -> None:
    path = put("text;label\n好;1\n".encode("gbk"))
    preview = preview_file(path, "x.csv", ReadOptions(encoding="big5", separator="|"))
    assert preview.encodings[0] == "Big5" and preview.separators[0] == "|"
    assert len(set(preview.encodings)) == len(preview.encodings)


@pytest.mark.parametrize("seed", range(40))
def test_no_bytes_make_the_preview_raise(put: Put, seed: int) -> None:
    rng = random.Random(seed)
    starts = [
        b"",
        b"text,label\n",
        b"{",
        b"\xff\xfe",
        b"PK\x03\x04",
        b"PAR1",
        b"\xef\xbb\xbf",
        b'"',
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ]
    alphabet = [bytes(range(256)), b'a,"\n\r\t;', "好吃吗".encode("gbk") + b",\n", "ọ̀é好\n,".encode()]
    content = rng.choice(starts) + bytes(rng.choices(rng.choice(alphabet), k=rng.randint(0, 400)))
    path = put(content)
    for name in ("x.csv", "x.tsv", "x.txt", "x.jsonl", "x.xlsx", "x.parquet"):
        for options in (
            ReadOptions(),
            ReadOptions(encoding="UTF-8"),
            ReadOptions(quotes=False, header=False, separator=";"),
        ):
            preview = preview_file(path, name, options)
            assert preview.problem is None or isinstance(preview.problem, DataError)
            if preview.problem is not None:
                continue
            settled = ReadOptions(
                kind=preview.kind, encoding=preview.encoding or None, separator=preview.separator or None,
                quotes=options.quotes, header=options.header,
            )  # fmt: skip
            assert read_table(path, name, settled).head(5).values.tolist() == preview.rows.values.tolist()
