"""Where Bentu keeps its state: the folders under BENTU_HOME, and whether the disk beneath is fit for it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]

from engine.storage.errors import HomeNotWritable, LowSpace, NetworkFilesystem

NETWORK = frozenset(
    {"afs", "afpfs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs",
     "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2",
     "orangefs", "smb2", "smb3", "smbfs", "webdav"}
)  # fmt: skip
"""File systems on which SQLite's write-ahead log does not work (sqlite.org/wal.html)."""

MIN_FREE_MB = 1000
"""Below this, new jobs are refused; `BENTU_MIN_FREE_MB` overrides it."""


class Mount(NamedTuple):
    """One mounted file system."""

    mountpoint: str
    fstype: str
    opts: str


def home() -> Path:
    """BENTU_HOME (default `~/.bentu`) as an absolute path, created if absent and private to its user.

    One that others may look into is closed to them if it is ours, whoever made it: the database holds every text. The demo
    process' home stays as it is, since studio and demo process may share it by their group (docs/sharing.md).

    Raises:
        HomeNotWritable: naming the directory.
    """
    path = Path(os.environ.get("BENTU_HOME") or Path.home() / ".bentu").expanduser().absolute()
    place = _made(path)
    if os.environ.get("BENTU_MODE") != "demo":
        _close(place)
    return place


def folder(*names: str) -> Path:
    """A folder under BENTU_HOME, created if absent."""
    return _made(home().joinpath(*names))


def demo_home() -> Path:
    """Where the studio and the demo process meet: BENTU_DEMO_HOME, by default `demo` in BENTU_HOME; created if absent.

    The demo process has it as its BENTU_HOME; only a studio asks this.
    """
    elsewhere = os.environ.get("BENTU_DEMO_HOME")
    return _made(Path(elsewhere).expanduser().absolute()) if elsewhere else folder("demo")


def _made(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise HomeNotWritable(path=str(path), problem=problem.strerror or str(problem)) from None
    return path


def _close(path: Path) -> None:
    """Take the rights of group and others from our own folder, not from one that serves everybody, such as /tmp."""
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if not mode & 0o077 or mode & stat.S_ISVTX or found.st_uid != os.geteuid():
        return
    try:
        path.chmod(mode & ~0o077)
    except OSError as problem:
        raise HomeNotWritable(path=str(path), problem=problem.strerror or str(problem)) from None


def require_writable(path: Path) -> None:
    """Prove by a temporary file that `path` can be written; raises `HomeNotWritable`."""
    try:
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as problem:
        raise HomeNotWritable(path=str(path), problem=problem.strerror or str(problem)) from None


def require_local(path: Path, mounts: Iterable[Mount] | None = None) -> None:
    """Refuse a network file system under `path`, as far as the mount table tells; raises `NetworkFilesystem`."""
    found = mounts if mounts is not None else mounted()
    real = path.resolve()
    holding = [m for m in found if real.is_relative_to(m.mountpoint)]
    mount = max(holding, key=lambda m: len(m.mountpoint), default=None)
    if mount is None:
        return
    # Windows drives in WSL are a network share by another name
    if mount.fstype.lower() in NETWORK or (mount.fstype == "9p" and "drvfs" in mount.opts):
        raise NetworkFilesystem(path=str(path), filesystem=mount.fstype)


def mounted() -> list[Mount]:
    """The mount table of this machine."""
    return [Mount(p.mountpoint, p.fstype, p.opts) for p in psutil.disk_partitions(all=True)]


def free_mb(path: Path | None = None) -> int:
    """Free megabytes (10^6 bytes) on the disk that holds `path` (default BENTU_HOME)."""
    return shutil.disk_usage(path or home()).free // 1_000_000


def require_space(path: Path | None = None, more: int = 0) -> None:
    """Refuse new work on a disk that is nearly full, or would be with `more` bytes on it; raises `LowSpace`."""
    where = path or home()
    needed = int(os.environ.get("BENTU_MIN_FREE_MB") or MIN_FREE_MB) + more // 1_000_000
    free = free_mb(where)
    if free < needed:
        raise LowSpace(free=free, needed=needed, path=str(where))
