"""ZIP archives, not trusted: their table of contents is judged before any of it is unpacked.

Stage 1 (data). Workbooks are such archives too. The checks are our own, whatever the version of Python: some take
overlapping members for sound, and all list a million members before anybody can count them.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from engine.data import errors, limits
from engine.errors import N_, saying

READABLE = (
    ".csv", ".tsv", ".tab", ".txt", ".text", ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".parquet", ".pq",
)  # fmt: skip
"""Endings of members that are offered; where no member has one, all are."""

_PACKED = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".lz4", ".jar")
_ASIDE = re.compile(r"(^|/)(__MACOSX|\.[^/]*|Thumbs\.db|desktop\.ini)(/|$)", re.IGNORECASE)
_LOCAL_HEADER = 30
_LOCKED = 0x1


def contents(path: Path, name: str) -> list[zipfile.ZipInfo]:
    """The members of an archive that is sound in sum: few enough, not a bomb, none inside another.

    Args:
        path: where its bytes are.
        name: what the person called it, for messages.

    Raises:
        ArchiveUnsafe: too many members, far more bytes than it takes, or members that share bytes.
        WorkbookDamaged, ArchiveDamaged: no archive that can be listed; by the ending of `name`.
    """
    damaged = errors.ArchiveDamaged if name.lower().endswith(".zip") else errors.WorkbookDamaged
    try:
        with _Careful(path, name) as file, zipfile.ZipFile(file) as archive:
            members, directory = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        raise damaged(name=name) from problem
    packed = sum(member.compress_size for member in members)
    unpacked = sum(member.file_size for member in members)
    if len(members) > limits.MAX_MEMBERS:
        raise unsafe(name, N_("it has {found} members, at most {limit} are unpacked"), len(members), limits.MAX_MEMBERS)  # fmt: skip
    if unpacked > limits.MAX_UNPACKED or (
        unpacked > limits.RATIO_FROM and unpacked > limits.MAX_RATIO * max(packed, 1)
    ):
        raise unsafe(
            name,
            N_("its {packed} bytes would become {unpacked}, like those of a bomb"),
            packed=packed,
            unpacked=unpacked,
        )
    if _overlap(members, directory):
        raise unsafe(name, N_("its members lie inside each other"))
    return members


def offered(members: Sequence[zipfile.ZipInfo], name: str) -> tuple[str, ...]:
    """The members of a sound archive that a person may choose from, in its order.

    Raises:
        ArchiveUnsafe: a member's name leads out of the archive, or it is a link.
        ArchiveNested: one is an archive itself.
        ArchiveLocked, ArchiveDamaged: encrypted, or packed by another method than the usual two.
        NothingToRead: none is left.
    """
    for member in members:
        _check_name(member, name)
    files = [m for m in members if not m.is_dir() and not _ASIDE.search(m.filename)]
    nested = next((m for m in files if m.filename.lower().endswith(_PACKED)), None)
    if nested is not None:
        raise errors.ArchiveNested(name=name, member=nested.filename[:100])
    if any(m.flag_bits & _LOCKED for m in files):
        raise errors.ArchiveLocked(name=name)
    known = [m for m in files if m.filename.lower().endswith(READABLE)]
    chosen = known or [m for m in files if "." not in PurePosixPath(m.filename).name]
    if not chosen:
        raise errors.NothingToRead(name=name, members=[m.filename[:60] for m in files[:5]] or ["-"])
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in chosen):
        raise errors.ArchiveDamaged(name=name)
    return tuple(dict.fromkeys(m.filename for m in chosen))


def unsafe(name: str, reason: str, found: int = 0, limit: int = 0, **params: Any) -> errors.ArchiveUnsafe:
    """The refusal of an archive with its reason."""
    return errors.ArchiveUnsafe(name=name, reason=saying(reason, found=found, limit=limit, **params))


class _Careful(io.FileIO):
    """A file of which no more than a reasonable table of contents is read at once: that happens before members are counted."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(path)
        self._called = name

    def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        if size is None or size < 0 or size > limits.MAX_DIRECTORY:
            size = limits.MAX_DIRECTORY + 1
        found = super().read(size) or b""
        if len(found) > limits.MAX_DIRECTORY:
            raise unsafe(self._called, N_("it has more than {limit} members"), limit=limits.MAX_MEMBERS)
        return found


def _overlap(members: Sequence[zipfile.ZipInfo], directory: int) -> bool:
    """Whether members share bytes with each other or the table of contents, the overlapping bomb (CVE-2024-0450)."""
    starts = [m.header_offset for m in members]
    ends = [m.header_offset + _LOCAL_HEADER + len(m.orig_filename) + m.compress_size for m in members]
    spans = sorted(zip(starts, ends, strict=True))
    return any(end > start for (_, end), (start, _) in pairwise([*spans, (directory, directory)]))


def _check_name(member: zipfile.ZipInfo, name: str) -> None:
    """Nothing is written under a member's name; one that tries to lead elsewhere says enough about the rest."""
    raw = member.orig_filename
    parts = re.split(r"[/\\]", raw)
    shown = raw.replace("\0", "\ufffd")[:100]
    if ".." in parts or raw.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", raw) or "\0" in raw:
        raise unsafe(name, N_("the name “{member}” leads out of it"), member=shown)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise unsafe(name, N_("“{member}” is a link to another place"), member=shown)
