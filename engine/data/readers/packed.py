"""One file out of a ZIP or gzip archive, unpacked by a running count of its bytes.

Stage 1 (data). A member is written under a name made here, never under its own. What is unpacked once is kept where
the caller says, so that a page that looks at it again and again does not unpack it again and again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from engine.data import errors, limits
from engine.data.readers.zips import contents, offered, unsafe
from engine.errors import N_

_CHUNK = 1 << 18
_GZIP_PIECE, _GZIP_STREAMS = 1 << 16, 100_000
"""Bytes of a gzip file looked at together, and how many streams it may be made of: empty ones cost time and no bytes."""

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True)
class Opened:
    """A file ready to be read: where its bytes are, what it is called, and among which members it was chosen."""

    path: Path
    name: str
    members: tuple[str, ...] = ()


def packing(path: Path, name: str) -> Literal["", "gzip", "zip"]:
    """What a file is packed in, by its content; a workbook and a document are files, not archives.

    Raises:
        ArchiveUnsafe, WorkbookDamaged, ArchiveDamaged: as `zips.contents`.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(_GZIP):
        return "gzip"
    if not head.startswith(_ZIP):
        return ""
    names = {member.filename for member in contents(path, name)}
    return "" if _is_document(names) else "zip"


@contextmanager
def opened(path: Path, name: str, member: str | None = None, room: Path | None = None) -> Iterator[Opened]:
    """The file itself, or the one inside an archive.

    Args:
        path: where the bytes are.
        name: what the person called it.
        member: which of an archive's files; None for its first one.
        room: a folder where an unpacked file stays for the next time; None unpacks into one that is gone afterwards.

    Raises:
        ArchiveUnsafe, ArchiveNested, ArchiveLocked, ArchiveDamaged, NothingToRead, UnknownMember, FileTooLarge
    """
    kind = packing(path, name)
    if not kind:
        if member:
            raise errors.UnknownMember(member=member, members="-")
        yield Opened(path, name)
        return
    members = offered(contents(path, name), name) if kind == "zip" else ()
    if member and member not in members:
        raise errors.UnknownMember(member=member, members=list(members[:5]) or ["-"])
    chosen = member or next(iter(members), "")
    inner = chosen if kind == "zip" else inner_name(name)
    if room is not None:
        yield Opened(_unpacked(path, name, kind, chosen, room), inner, members)
        return
    with tempfile.TemporaryDirectory(prefix="bentu-") as folder:
        yield Opened(_unpacked(path, name, kind, chosen, Path(folder)), inner, members)


def inner_name(name: str) -> str:
    """What a gzip file is called once unpacked: "reviews.csv.gz" is "reviews.csv"."""
    plain = PurePosixPath(name)
    return name[: -len(plain.suffix)] if plain.suffix.lower() in (".gz", ".gzip") else name


def check_packed(path: Path, name: str) -> None:
    """Raise what stands against unpacking a file, as far as that shows without unpacking it; a plain file passes."""
    if packing(path, name) == "zip":
        offered(contents(path, name), name)


def listed_members(path: Path, name: str) -> tuple[str, ...]:
    """The files of a ZIP archive that a person may choose from; none of another file. Raises as `opened`."""
    return offered(contents(path, name), name) if packing(path, name) == "zip" else ()


def _is_document(names: set[str]) -> bool:
    """A workbook, another office document, or a model: `sniff_kind` says which."""
    if "[Content_Types].xml" in names or "mimetype" in names or "model.weights.h5" in names:
        return True
    return any(n == "data.pkl" or n.endswith("/data.pkl") or n.startswith(("word/", "ppt/")) for n in names)


def _unpacked(path: Path, name: str, kind: str, member: str, room: Path) -> Path:
    target = room / f"unpacked-{hashlib.sha256(member.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    if target.exists():
        return target
    handle, made = tempfile.mkstemp(prefix="unpacking-", dir=room)
    try:
        with os.fdopen(handle, "wb") as out:
            if kind == "zip":
                _unzip(path, name, member, out)
            else:
                _gunzip(path, name, out)
        with Path(made).open("rb") as file:
            head = file.read(4)
        if head.startswith(_GZIP) or (head.startswith(_ZIP) and packing(Path(made), name) == "zip"):
            raise errors.ArchiveNested(name=name, member=member or inner_name(name))
        Path(made).replace(target)
    finally:
        Path(made).unlink(missing_ok=True)
    return target


def _unzip(path: Path, name: str, member: str, out: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as source:
            packed = archive.getinfo(member).compress_size
            write = _counted(out, name)
            while piece := source.read(_CHUNK):
                write(piece, packed)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as problem:  # fmt: skip
        raise errors.ArchiveDamaged(name=name) from problem


def _gunzip(path: Path, name: str, out: BinaryIO) -> None:
    """Every gzip stream of the file one after the other, each piece no larger than asked for, zeros at the end left."""
    write, taken, streams = _counted(out, name), 0, 1
    unpacker = zlib.decompressobj(wbits=31)
    try:
        with path.open("rb") as source:
            while piece := source.read(_GZIP_PIECE):
                taken += len(piece)
                while piece:
                    if unpacker.eof:
                        if not piece.strip(b"\0"):
                            break
                        unpacker, streams = zlib.decompressobj(wbits=31), streams + 1
                        if streams > _GZIP_STREAMS:
                            raise errors.ArchiveDamaged(name=name)
                    write(unpacker.decompress(piece, _CHUNK), taken)
                    piece = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            while not unpacker.eof and (more := unpacker.decompress(b"", _CHUNK)):
                write(more, taken)
    except zlib.error as problem:
        raise errors.ArchiveDamaged(name=name) from problem
    if not unpacker.eof:
        raise errors.ArchiveDamaged(name=name)


def _counted(out: BinaryIO, name: str) -> Callable[[bytes, int], None]:
    """Writes a piece, and stops as soon as the whole is too much, or too much for what it was packed in."""
    written = 0

    def write(piece: bytes, packed: int) -> None:
        nonlocal written
        written += len(piece)
        if written > limits.RATIO_FROM and written > limits.MAX_RATIO * max(packed, 1):
            raise unsafe(
                name, N_("its {packed} bytes would become more than {unpacked}, like those of a bomb"), packed=packed,
                unpacked=written,
            )  # fmt: skip
        if written > limits.MAX_BYTES:
            raise errors.FileTooLarge(
                size=f"> {limits.MAX_BYTES // 1024**2} MiB", limit=f"{limits.MAX_BYTES // 1024**2} MiB"
            )
        out.write(piece)

    return write
