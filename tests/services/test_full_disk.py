"""A disk that is really full (a small tmpfs of its own): nothing half done, words instead of a crash, and the space is given back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEAVE = 150_000
"""Bytes that stay free: enough for the rows of the database, too few for any of the files."""
PROGRAM = """
import json, os
from pathlib import Path
from engine.data.edits import Append, Drop
from engine.data.readers import ReadOptions
from engine.errors import BentuError
from engine.recipe import Split
from engine.samples import SAMPLE_ROLES, make_sample
from engine.services.inline import run_waiting
from engine.storage import artifacts
from engine.workspace import open_workspace

place, home = Path(os.environ["BENTU_HOME"]).parent, Path(os.environ["BENTU_HOME"])
table = make_sample("reviews_en")
data, more = (bytes(part.to_csv(index=False), "utf-8") for part in (table, table.head(900)))
ws = open_workspace()
project = ws.projects.create("Reviews").id
job = ws.datasets.start_import(project, ws.datasets.stage(data, "a.csv").id, "a", ReadOptions(), dict(SAMPLE_ROLES), idempotency="a")
run_waiting(ws.scope)
version = ws.datasets.version(ws.jobs.get(job.id).result["version_id"])
ws.splits.start(version.id, Split())
run_waiting(ws.scope)

def files():
    return sorted(str(f.relative_to(home)) for f in home.rglob("*") if f.is_file() and f.relative_to(home).parts[0] in ("tmp", "artifacts", "uploads"))

def state():
    artifacts.collect(ws.scope.engine, young=0)  # as upkeep does once an hour
    return [v.id for v in ws.datasets.list(project)[0].versions], files()

def tried(make):
    try:
        job = make()
        run_waiting(ws.scope)
        ended = ws.jobs.get(job.id) if hasattr(job, "state") else None
        return ended.problem.code if ended is not None and ended.problem else "done"
    except BentuError as error:
        return error.code

added = ws.datasets.stage(more, "more.csv").id
what = {
    "upload": lambda: ws.datasets.stage(data, "again.csv"),
    "edit": lambda: ws.datasets.start_edit(version.id, [Drop(rows=(1, 2, 3, 4, 5, 6, 7, 8))]),
    "append": lambda: ws.datasets.start_edit(version.id, [Append(upload=added)]),
    "csv": lambda: ws.exports.start(version.id, "csv"),
    "parquet": lambda: ws.exports.start(version.id, "parquet", parts=True),
}
said = {}
for name, make in what.items():
    before = state()
    free = os.statvfs(place)
    with open(place / "filler", "wb") as file:
        file.write(b"x" * max(0, free.f_bavail * free.f_frsize - LEAVE))
    full = tried(make)
    (place / "filler").unlink()
    after = state()
    said[name] = {"full": full, "kept": before == after, "again": tried(make)}
print(json.dumps(said))
"""


def run(home: Path) -> subprocess.CompletedProcess[str]:
    script = f'mount -t tmpfs -o size=24m none "{home}" && mkdir "{home}/home" && exec "$@"'
    given = {**os.environ, "BENTU_HOME": f"{home}/home", "BENTU_MIN_FREE_MB": "0"}
    given.pop("BENTU_DATABASE_URL", None)
    given.pop("BENTU_ARTIFACTS", None)
    program = PROGRAM.replace("LEAVE", str(LEAVE))
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", sys.executable, "-c", program],
        cwd=ROOT, env=given, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip


def may_mount(home: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(home)]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


@pytest.mark.timeout(180)
def test_whatever_meets_a_full_disk_says_so_and_leaves_what_was_there(tmp_path: Path) -> None:
    if not may_mount(tmp_path):
        pytest.skip("this machine lets nobody mount a disk of their own")
    ended = run(tmp_path)
    assert ended.returncode == 0, ended.stderr[-2000:]
    said = json.loads(ended.stdout.splitlines()[-1])
    wanted = {"full": "DISK_FULL", "kept": True, "again": "done"}
    assert said == dict.fromkeys(("upload", "edit", "append", "csv", "parquet"), wanted)
