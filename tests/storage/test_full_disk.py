"""Case 20 on a true full disk: a file system of 6 MB in a mount namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from pathlib import Path
from sqlalchemy import select
from engine.jobs import queue
from engine.storage import artifacts
from engine.storage.database import open_database, read, write
from engine.storage.errors import DiskFull
from engine.storage.home import home
from engine.storage.integrity import fault
from engine.storage.migrations import migrate
from engine.storage.tables import setting

engine = open_database()
migrate(engine)
queue.submit(engine, "me", "echo", {}, "short")
kept = artifacts.put_bytes(b"kept")
(home() / "ballast").write_bytes(b"")
with (home() / "ballast").open("ab", buffering=0) as ballast:
    try:
        while True:
            ballast.write(bytes(4096))
    except OSError:
        pass
refused = 0
for attempt in range(50):
    try:
        with write(engine) as connection:
            connection.execute(setting.insert().values(owner="me", key=f"{attempt}", value="x" * 50_000))
    except DiskFull:
        refused += 1
try:
    artifacts.put_bytes(b"y" * 500_000)
except DiskFull:
    refused += 1
assert refused > 40, refused
assert fault(home() / "bentu.db") is None
with read(engine) as connection:
    before = len(connection.scalars(select(setting.c.key)).all())
assert before + refused == 51, (before, refused)
assert artifacts.read_bytes(kept) == b"kept"
assert list((artifacts.root() / "tmp").iterdir()) == []
(home() / "ballast").unlink()
queue.submit(engine, "me", "echo", {}, "short")
assert len(queue.list_jobs(engine, "me")) == 2
artifacts.put_bytes(b"y" * 500_000)
print("sound")
"""


INBOX_SCRIPT = """
from engine.storage.errors import DiskFull
from engine.storage.home import home
from engine.storage.inbox import FILE, read_entries
from engine.storage.inbox_writer import Inbox
from engine.storage.integrity import fault

inbox = Inbox(home())
told = []
for k in range(20):
    inbox.append("feedback", "d", f"before {k}", {"text": "x" * 1000})
    told.append(f"before {k}")
(home() / "ballast").write_bytes(b"")
with (home() / "ballast").open("ab", buffering=0) as ballast:
    try:
        while True:
            ballast.write(bytes(4096))
    except OSError:
        pass
refused = []
for k in range(50):
    try:
        inbox.append("feedback", "d", f"full {k}", {"text": "x" * 20_000})
        told.append(f"full {k}")
    except DiskFull:
        refused.append(f"full {k}")
assert len(refused) > 40, refused
kept = read_entries(home() / FILE, 0, 1000)
assert [e.key for e in kept] == told, (told, kept)
assert fault(home() / FILE) is None
(home() / "ballast").unlink()
for key in refused:
    assert inbox.append("feedback", "d", key, {"text": "x" * 20_000}) is None
assert [e.key for e in read_entries(home() / FILE, 0, 1000)] == told + refused
inbox.close()
print("sound")
"""


@pytest.mark.parametrize("script", [SCRIPT, INBOX_SCRIPT], ids=["database and artifacts", "inbox"])
def test_a_full_disk_is_a_clear_error_and_work_goes_on_once_there_is_space(
    tmp_path: Path, script: str
) -> None:
    unshare = (
        ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    )
    mount = 'mount -t tmpfs -o size=6m none "$0" && exec "$@"'
    try:
        subprocess.run([*unshare, "sh", "-c", mount, str(tmp_path), "true"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small file system here")
    environment = os.environ | {
        "BENTU_HOME": str(tmp_path / "home"), "BENTU_MIN_FREE_MB": "0", "PYTHONPATH": str(Path.cwd()),
    }  # fmt: skip
    environment.pop("BENTU_DATABASE_URL", None)
    command = [*unshare, "sh", "-c", mount, str(tmp_path), sys.executable, "-c", script]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.stdout == "sound\n", ended.stderr
