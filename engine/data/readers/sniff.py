"""What a file really is, by its content; its name only breaks ties between kinds of text.

Stage 1 (data). Signatures are the published magic numbers of each format.
"""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path, PurePath
from typing import Any

from engine.data import errors, limits
from engine.data.readers.encoding import ENCODINGS, utf16_orders
from engine.data.readers.json_values import decoder
from engine.data.readers.options import KINDS, TEXT_KINDS, Kind
from engine.data.readers.packed import check_packed, packing
from engine.data.readers.zips import contents, unsafe
from engine.errors import N_, DataError

HEAD = 4096
"""Bytes that settle the kind."""

_SIGNATURES: tuple[tuple[int, bytes, type[DataError], str], ...] = (
    (0, b"\x1f\x8b", errors.ArchiveRefused, "gzip"),
    (4, b"1AY&SY", errors.ArchiveRefused, "bzip2"),
    (0, b"\xfd7zXZ\x00", errors.ArchiveRefused, "xz"),
    (0, b"\x28\xb5\x2f\xfd", errors.ArchiveRefused, "Zstandard"),
    (0, b"7z\xbc\xaf\x27\x1c", errors.ArchiveRefused, "7z"),
    (0, b"Rar!\x1a\x07", errors.ArchiveRefused, "RAR"),
    (257, b"ustar", errors.ArchiveRefused, "tar"),
    (0, b"\x7fELF", errors.ProgramRefused, "ELF"),
    (0, b"MZ", errors.ProgramRefused, "EXE"),
    (0, b"\xcf\xfa\xed\xfe", errors.ProgramRefused, "Mach-O"),
    (0, b"\xca\xfe\xba\xbe", errors.ProgramRefused, "Mach-O/Java"),
    (0, b"%PDF-", errors.DocumentRefused, "PDF"),
    (0, b"{\\rtf", errors.DocumentRefused, "RTF"),
    (0, b"\x89PNG\r\n\x1a\n", errors.MediaRefused, "PNG"),
    (0, b"\xff\xd8\xff", errors.MediaRefused, "JPEG"),
    (0, b"GIF8", errors.MediaRefused, "GIF"),
    (0, b"BM", errors.MediaRefused, "BMP"),
    (0, b"II*\x00", errors.MediaRefused, "TIFF"),
    (0, b"MM\x00*", errors.MediaRefused, "TIFF"),
    (8, b"WEBP", errors.MediaRefused, "WebP"),
    (8, b"WAVE", errors.MediaRefused, "WAV"),
    (0, b"OggS", errors.MediaRefused, "Ogg"),
    (0, b"ID3", errors.MediaRefused, "MP3"),
    (0, b"fLaC", errors.MediaRefused, "FLAC"),
    (4, b"ftyp", errors.MediaRefused, "MP4"),
    (0, b"\x89HDF\r\n\x1a\n", errors.ModelRefused, "HDF5"),
    (0, b"\x80\x02", errors.ModelRefused, "pickle"),
    (0, b"\x80\x03", errors.ModelRefused, "pickle"),
    (0, b"\x80\x04\x95", errors.ModelRefused, "pickle"),
    (0, b"\x80\x05\x95", errors.ModelRefused, "pickle"),
    (4, b"TFL3", errors.ModelRefused, "TensorFlow Lite"),
    (0, b"\x93NUMPY", errors.BinaryRefused, "NumPy"),
    (0, b"ARROW1", errors.BinaryRefused, "Arrow"),
    (0, b"ORC", errors.BinaryRefused, "ORC"),
    (0, b"Obj\x01", errors.BinaryRefused, "Avro"),
    (0, b"SQLite format 3\x00", errors.BinaryRefused, "SQLite"),
)
_NAMES: dict[str, Kind] = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".txt": "txt", ".text": "txt",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
}  # fmt: skip
_JSON_TABLE = re.compile(rb'\[\s*\{\s*["}]|\{\s*"[^"]*"\s*:\s*[\[{]')
"""How a table written as JSON begins; an ordinary text may begin with a bracket."""
_JSON_OBJECT = re.compile(rb'\{\s*"')
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sniff_kind(path: Path, name: str, wanted: str | None = None) -> Kind:
    """The kind of the file at `path`.

    Args:
        path: where its bytes are.
        name: what the person called it; only its ending is looked at.
        wanted: the kind that the person chose.

    Raises:
        EmptyFile: no bytes, or nothing but white space.
        FileTooLarge: more than `limits.MAX_BYTES`.
        ArchiveRefused, ProgramRefused, DocumentRefused, MediaRefused, ModelRefused, BinaryRefused,
        OldWorkbookRefused, LockedWorkbookRefused, ArchiveUnsafe: content that is no table of texts.
        UnknownKind: `wanted` is none of `KINDS`, or the content cannot be read as that kind.
    """
    if wanted is not None and wanted not in KINDS:
        raise errors.UnknownKind(kind=wanted, known=list(KINDS))
    size = path.stat().st_size
    if size > limits.MAX_BYTES:
        raise errors.FileTooLarge(
            size=f"{ceil(size / 1024**2)} MiB", limit=f"{limits.MAX_BYTES // 1024**2} MiB"
        )
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.removeprefix(b"\xef\xbb\xbf").strip() and size <= HEAD:
        raise errors.EmptyFile(name=name)
    found = _by_content(path, name, head, asked=wanted is not None)
    if found is None and wanted not in (None, *TEXT_KINDS):
        raise errors.UnknownKind(kind=str(wanted), known=list(TEXT_KINDS))
    return found or _text_kind(path, name, head, wanted)


def check_readable(path: Path, name: str) -> None:
    """Raise what stands against a file whatever kind a person would choose; what can be read as text some way passes.

    Of a ZIP archive the table of contents is judged, and nothing is unpacked yet.

    Raises: as `sniff_kind` and `packed.opened`.
    """
    if packing(path, name):
        check_packed(path, name)
        return
    try:
        sniff_kind(path, name)
    except DataError as problem:
        try:
            sniff_kind(path, name, "txt")
        except DataError:
            raise problem from None


def _by_content(path: Path, name: str, head: bytes, asked: bool) -> Kind | None:
    """XLSX or Parquet, None for text; raises for everything else. Markup is text for somebody who asked for it."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive_kind(path, name)
    if head.startswith(_OLE2):
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        raise (errors.LockedWorkbookRefused if locked else errors.OldWorkbookRefused)(name=name)
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    for offset, magic, refusal, label in _SIGNATURES:
        # A signature of printable bytes ("BM", "ORC" ...) may begin an ordinary text: it counts only beside NUL bytes.
        telling = magic in (b"%PDF-", b"{\\rtf") or any(byte < 32 for byte in magic) or b"\0" in head
        if not wide and telling and head[offset : offset + len(magic)] == magic:
            raise refusal(name=name, format=label)
    markup = (b"<!doctype html", b"<html", b"<?xml")
    if not asked and head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(markup):
        raise errors.DocumentRefused(name=name, format="HTML/XML")
    controls = sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1b\x00" for byte in head)
    if not wide and controls > 0.02 * len(head) + 2 and not utf16_orders(head):
        raise errors.BinaryRefused(name=name, format="?")
    return None


def _archive_kind(path: Path, name: str) -> Kind:
    """XLSX if the ZIP archive is a sound workbook; raises for all others."""
    members = contents(path, name)
    names = {member.filename for member in members}
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/workbook") for n in names):
        if names & {"model.weights.h5", "data.pkl", "archive/data.pkl"} or any(
            n.endswith("/data.pkl") for n in names
        ):
            raise errors.ModelRefused(name=name, format="Keras/PyTorch")
        document = any(n.startswith(("word/", "ppt/")) or n == "mimetype" for n in names)
        raise (errors.DocumentRefused if document else errors.ArchiveRefused)(name=name, format="ZIP")
    shared = sum(m.file_size for m in members if m.filename.lower().endswith("sharedstrings.xml"))
    if shared > limits.MAX_SHARED_TEXTS:
        raise unsafe(
            name, N_("its shared texts would take {found} bytes, at most {limit} are read"), shared, limits.MAX_SHARED_TEXTS
        )  # fmt: skip
    return "xlsx"


def _text_kind(path: Path, name: str, head: bytes, wanted: str | None) -> Kind:
    named = _NAMES.get(PurePath(name).suffix.lower())
    document = _is_json_document(path, head, one_line=named != "jsonl" and wanted != "jsonl")
    if wanted == "jsonl" and document:
        raise errors.JsonNotLines(name=name)
    if wanted:
        return next(k for k in TEXT_KINDS if k == wanted)
    if document and (named in ("json", "jsonl") or _JSON_TABLE.match(_ascii(head))):
        return "json"
    if named:
        return "jsonl" if named == "json" else named
    first = _ascii(head).split(b"\n", 1)[0].strip()
    lines = first.startswith(b"{") and (b"\n" not in _ascii(head) or _json(first) is not None)
    return "jsonl" if lines else "csv"


def _is_json_document(path: Path, head: bytes, one_line: bool) -> bool:
    """Whether a text that may be JSON is one document rather than one object a line.

    Args:
        path, head: the file and its first bytes.
        one_line: whether one object on the only line may be a document, where it holds a list or another object.
    """
    start = _ascii(head)
    if not start.startswith((b"[", b"{")):
        return False
    if start.startswith(b"["):
        return True
    lines = start.split(b"\n")
    if len(lines) == 1 and len(head) >= HEAD:  # a long first line: is a second one like it?
        with path.open("rb") as file:
            lines = _ascii(file.read(limits.MAX_LINE)).split(b"\n", 2)
    first, second = lines[0].strip(), next((line.strip() for line in lines[1:] if line.strip()), b"")
    if first == b"{":
        return True
    if not one_line:
        return False
    if second:
        return (
            not first.endswith(b"}") and _JSON_OBJECT.match(first) is not None and not second.startswith(b"{")
        )
    values = _json(first) if first.endswith(b"}") else None  # what is cut off is not worth the memory
    if values is None:
        return _JSON_OBJECT.match(start) is not None and not first.endswith(b"}")
    return any(isinstance(value, list | dict) for value in values.values())


def _ascii(head: bytes) -> bytes:
    """The bytes without byte order mark and white space before them, UTF-16 as UTF-8: JSON's own signs are ASCII."""
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    orders = () if marked or b"\0" not in head else utf16_orders(head[: len(head) // 4 * 4])
    if marked or orders:
        head = head.decode(ENCODINGS["UTF-16" if marked else orders[0]], "ignore").encode()
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")


def _json(line: bytes) -> dict[str, Any] | None:
    """The object on this line, or None."""
    try:
        values = decoder.decode(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None
