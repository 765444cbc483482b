from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from engine.data import errors, limits
from engine.data.readers import ReadOptions, preview_file, read_table
from engine.data.readers.sniff import sniff_kind
from engine.errors import DataError

Put = Callable[..., Path]


def archive(*members: str, body: str = "x", packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as file:
        for member in members:
            file.writestr(member, body)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    book = Workbook()
    book.active.append(["text", "label"])
    book.active.append(["good", "pos"])
    book.save(out)
    return out.getvalue()


OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
REFUSED = [
    (archive("photo.png", "film.mp4"), errors.NothingToRead),
    (archive("word/document.xml", "[Content_Types].xml"), errors.DocumentRefused),
    (archive("model.weights.h5", "config.json"), errors.ModelRefused),
    (archive("archive/data.pkl"), errors.ModelRefused),
    (b"\x1f\x8b\x08\x00" + bytes(20), errors.ArchiveDamaged),
    (b"\xfd7zXZ\x00" + bytes(20), errors.ArchiveRefused),
    (b"7z\xbc\xaf\x27\x1c" + bytes(20), errors.ArchiveRefused),
    (b"MZ\x90\x00\x03\x00\x00\x00" + bytes(60), errors.ProgramRefused),
    (b"\x7fELF\x02\x01\x01" + bytes(60), errors.ProgramRefused),
    (b"%PDF-1.7\n1 0 obj\n", errors.DocumentRefused),
    (b"{\\rtf1\\ansi text}", errors.DocumentRefused),
    (b"\xef\xbb\xbf\n<!DOCTYPE html><html><table><tr><td>text</td></tr></table>", errors.DocumentRefused),
    (b"\x89PNG\r\n\x1a\n" + bytes(20), errors.MediaRefused),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", errors.MediaRefused),
    (b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt \x10\x00\x00\x00", errors.MediaRefused),
    (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}.", errors.ModelRefused),
    (b"\x89HDF\r\n\x1a\n" + bytes(40), errors.ModelRefused),
    (b"\x1c\x00\x00\x00TFL3" + bytes(40), errors.ModelRefused),
    (b"SQLite format 3\x00" + bytes(40), errors.BinaryRefused),
    (bytes(range(1, 32)) * 8, errors.BinaryRefused),
    (OLE2, errors.OldWorkbookRefused),
    (OLE2 + "EncryptedPackage".encode("utf-16-le"), errors.LockedWorkbookRefused),
    (b"PK\x03\x04 and then nothing of an archive", errors.WorkbookDamaged),
]


@pytest.mark.parametrize(("content", "refusal"), REFUSED, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.parametrize("name", ["reviews.csv", "reviews.xlsx", "reviews"])
def test_content_is_refused_whatever_the_name(
    put: Put, content: bytes, refusal: type[DataError], name: str
) -> None:
    path = put(content)
    with pytest.raises(refusal) as caught:
        read_table(path, name)
    assert name in str(caught.value)
    preview = preview_file(path, name)
    assert type(preview.problem) is refusal
    assert preview.rows.empty


@pytest.mark.parametrize("start", ["BM", "MZ", "ORC", "GIF8", "ID3", "Obj", "II", "术壕"])
def test_a_text_that_begins_like_a_signature_is_a_text(put: Put, start: str) -> None:
    frame = read_table(put(f"text,label\n{start} ok,1\n"), "a.csv")
    assert frame["text"].tolist() == [f"{start} ok"]
    assert read_table(put(f"{start} name,label\nx,1\n"), "a.csv").columns[0] == f"{start} name"


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        ("a,b\n1,2\n", "x.csv", "csv"), ("a\tb\n1\t2\n", "x.TSV", "tsv"), ("one\ntwo\n", "x.txt", "txt"),
        ('{"a": 1}\n', "x.jsonl", "jsonl"), ('{"a": 1}\n', "x.json", "jsonl"), ('{"a": 1}\n', "noname", "jsonl"),
        ('{"a": [1]}', "x.json", "json"), ('{"a": [1]}', "x.jsonl", "jsonl"), ('[{"a": 1}]', "x.jsonl", "json"),
        ('[{"a": 1}]', "noname", "json"), ("[praise] good\n", "noname", "csv"), ("[praise] good\n", "x.txt", "txt"),
        ('{"a": 1}\n{"a": [2]}\n', "x.json", "jsonl"), ('{\n "a": [1]\n}', "noname", "json"),
        ("a,b\n1,2\n", "noname", "csv"), ("a;b\n1;2\n", "x.xlsx", "csv"), ("{not json\n", "noname", "csv"),
        ("PAR1", "x.csv", "parquet"),
    ],
)  # fmt: skip
def test_kind_by_content_then_name(put: Put, content: str, name: str, kind: str) -> None:
    assert sniff_kind(put(content), name) == kind


def test_markup_is_read_as_lines_only_when_asked(put: Put) -> None:
    path = put("<html><b>bold</b></html>\nplain\n")
    with pytest.raises(errors.DocumentRefused):
        read_table(path, "x.txt")
    assert len(read_table(path, "x.txt", ReadOptions(kind="txt"))) == 2


def test_a_workbook_is_known_under_any_name(put: Put) -> None:
    path = put(workbook())
    for name in ("x.xlsx", "x.xlsm", "x.csv", "x"):
        assert read_table(path, name)["label"].tolist() == ["pos"]


def test_the_kind_can_be_chosen_among_texts(put: Put) -> None:
    path = put("a,b\n1,2\n")
    assert read_table(path, "x.csv", ReadOptions(kind="txt"))["text"].tolist() == ["a,b", "1,2"]
    for kind in ("xlsx", "parquet", "pickle"):
        with pytest.raises(errors.UnknownKind):
            read_table(path, "x.csv", ReadOptions(kind=kind))


@pytest.mark.parametrize("content", ["", " \n\n\t", "\ufeff", "\ufeff\r\n"])
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.txt", "x.jsonl", "x.xlsx", "x.parquet"])
def test_empty_files(put: Put, content: str, name: str) -> None:
    path = put(content)
    with pytest.raises(errors.EmptyFile):
        read_table(path, name)
    assert isinstance(preview_file(path, name).problem, errors.EmptyFile)


def test_a_file_over_the_limit(put: Put) -> None:
    path = put("text\n")
    with path.open("r+b") as file:
        file.truncate(limits.MAX_BYTES + 1)
    with pytest.raises(errors.FileTooLarge, match="has 201 MiB; at most 200 MiB"):
        read_table(path, "x.csv")
    assert isinstance(preview_file(path, "x.csv").problem, errors.FileTooLarge)


def test_workbook_bombs(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = ("[Content_Types].xml", "xl/workbook.xml")
    bombs = [
        archive(*parts, body="0" * 3_000_000),
        archive(*parts, *(f"xl/m{i}" for i in range(limits.MAX_MEMBERS))),
    ]
    for bomb in bombs:
        with pytest.raises(errors.ArchiveUnsafe):
            read_table(put(bomb), "x.xlsx")
    monkeypatch.setattr(limits, "MAX_UNPACKED", 1_000)
    with pytest.raises(errors.ArchiveUnsafe):
        read_table(put(workbook()), "x.xlsx")


def test_overlapping_members(put: Put) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for member in ("[Content_Types].xml", "xl/workbook.xml"):
            file.writestr(member, "x" * 500)
        file.filelist[1].header_offset = file.filelist[0].header_offset
    with pytest.raises(errors.ArchiveUnsafe):
        read_table(put(out.getvalue()), "x.xlsx")
