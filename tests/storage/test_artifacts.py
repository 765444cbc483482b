from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.errors import ArtifactDamaged, ArtifactMissing, DiskFull
from engine.storage.tables import result, setting


def files() -> set[str]:
    return {f.name for f in (artifacts.root() / "sha256").glob("??/*")}


def temporary() -> list[Path]:
    return list((artifacts.root() / "tmp").iterdir())


def grow_old(digest: str) -> str:
    os.utime(artifacts.path(digest), (time.time() - 7200,) * 2)
    return digest


def test_what_was_put_comes_back_and_lies_under_its_digest(tmp_path: Path) -> None:
    (tmp_path / "bundle.tar").write_bytes(b"weights" * 300_000)
    digest = artifacts.put_file(tmp_path / "bundle.tar")
    assert digest == hashlib.sha256(b"weights" * 300_000).hexdigest()
    assert artifacts.path(digest) == artifacts.root() / "sha256" / digest[:2] / digest
    assert artifacts.verify(digest).read_bytes() == artifacts.read_bytes(digest) == b"weights" * 300_000
    assert artifacts.put_bytes(b"weights" * 300_000) == digest
    assert files() == {digest}
    assert artifacts.stored_bytes() == 2_100_000
    assert temporary() == []


def test_the_place_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTU_ARTIFACTS", str(tmp_path / "elsewhere"))
    assert artifacts.path(artifacts.put_bytes(b"a")).is_relative_to(tmp_path / "elsewhere")


def test_a_missing_or_changed_file_is_refused_and_putting_it_again_heals() -> None:
    """Case 27."""
    digest = artifacts.put_bytes(b"model")
    artifacts.path(digest).write_bytes(b"modem")
    for load in (artifacts.read_bytes, artifacts.verify):
        with pytest.raises(ArtifactDamaged, match=digest):
            load(digest)
    assert artifacts.read_bytes(artifacts.put_bytes(b"model")) == b"model"
    artifacts.path(digest).unlink()
    for load in (artifacts.read_bytes, artifacts.verify, artifacts.path):
        with pytest.raises(ArtifactMissing, match=digest):
            load(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_only_digests_are_looked_up(name: str) -> None:
    with pytest.raises(ArtifactMissing):
        artifacts.path(name)


def fail_at(patch: pytest.MonkeyPatch, n: int) -> list[str]:
    """Let the n-th step of a write (making, writing, syncing or naming a file) meet a full disk; the steps done."""
    done: list[str] = []

    def step(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            done.append(name)
            if len(done) == n:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **options)

        return wrapped

    class Writer:
        def __init__(self, file: Any) -> None:
            self.flush, self.fileno = step("flush", file.flush), file.fileno

    keep = artifacts._keep
    patch.setattr(artifacts.tempfile, "mkstemp", step("make", artifacts.tempfile.mkstemp))
    patch.setattr(artifacts.os, "fsync", step("sync", os.fsync))
    patch.setattr(artifacts.Path, "rename", step("name", Path.rename))
    patch.setattr(artifacts, "_keep", lambda file, *rest: keep(Writer(file), *rest))
    return done


def test_a_disk_that_fills_at_any_step_leaves_nothing_half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 20: fail the n-th step until the write passes."""
    data = b"x" * 100_000
    digest = hashlib.sha256(data).hexdigest()
    failures = 0
    for n in range(1, 20):
        for old in files():
            artifacts.path(old).unlink()
        with monkeypatch.context() as patch:
            steps = fail_at(patch, n)
            try:
                artifacts.put_bytes(data)
            except DiskFull:
                failures += 1
            else:
                break
        assert temporary() == []
        if digest in files():  # named, and only then the disk failed
            assert artifacts.read_bytes(digest) == data
    assert failures == len(steps) == len(["make", "flush", "sync", "name", "sync", "sync"])
    assert artifacts.read_bytes(digest) == data


def test_an_error_other_than_a_full_disk_stays_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(artifacts.os, "fsync", refuse)
    with pytest.raises(OSError, match="input/output"):
        artifacts.put_bytes(b"x")
    assert temporary() == []


def test_only_old_files_that_no_row_names_are_collected(database: Engine) -> None:
    young = artifacts.put_bytes(b"young")
    unused = grow_old(artifacts.put_bytes(b"unused"))
    named = grow_old(artifacts.put_bytes(b"named in a digest column"))
    inside = grow_old(artifacts.put_bytes(b"named inside JSON"))
    left = artifacts.root() / "tmp" / "left-by-a-crash"
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    with write(database) as connection:
        connection.execute(
            result.insert().values(owner="me", kind="k", key="1", artifact=named, created=now())
        )
        connection.execute(setting.insert().values(owner="me", key="k", value={"parts": [{"test": inside}]}))
    assert artifacts.collect(database) == [unused]
    assert files() == {young, named, inside}
    assert temporary() == []
    with write(database) as connection:
        connection.execute(result.delete())
    assert artifacts.collect(database) == [named]


def test_a_file_put_again_is_young_again(database: Engine) -> None:
    digest = grow_old(artifacts.put_bytes(b"again"))
    assert artifacts.put_bytes(b"again") == digest
    assert artifacts.collect(database) == []


def test_a_new_database_does_not_sweep_an_old_store(database: Engine) -> None:
    """Someone who starts with an empty database after damage gets the old files back with the old database."""
    with write(database) as connection:
        insert = result.insert().values(owner="me", kind="k", key="1", created=now())
        connection.execute(insert.values(artifact=grow_old(artifacts.put_bytes(b"precious"))))
    assert artifacts.collect(database) == []
    with write(database) as connection:  # what an empty database looks like
        connection.execute(result.delete())
        connection.execute(setting.delete())
    assert artifacts.collect(database) == []
    assert len(files()) == 1


def test_many_writers_of_one_content_agree() -> None:
    threads = [threading.Thread(target=artifacts.put_bytes, args=(b"same" * 1000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files() == {hashlib.sha256(b"same" * 1000).hexdigest()}
    assert temporary() == []
