"""Every error that a job may leave in its row is known to a process that only opens the workspace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import importlib, pkgutil
import engine
from engine.errors import error_classes
from engine.workspace import open_workspace

open_workspace()
known = set(error_classes())
for module in pkgutil.walk_packages(engine.__path__, "engine."):
    if not any(part in module.name for part in ("migrations", ".api", "__main__", "commandline")):
        importlib.import_module(module.name)
print("UNKNOWN", sorted(set(error_classes()) - known))
"""
"""The errors of the command line and of HTTP requests are said where they are raised."""


def test_the_interface_knows_what_jobs_fail_with(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, cwd=ROOT, timeout=120,
        env={"PATH": "/usr/bin:/bin", "BENTU_HOME": str(tmp_path), "HOME": str(tmp_path), "LANG": "C.UTF-8"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "UNKNOWN []"
