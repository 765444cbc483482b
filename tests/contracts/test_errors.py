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
    if "migrations" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
said_at_once = ("engine.api", "engine.services.commandline")  # where they are raised; no job leaves them
print([c for c, cls in error_classes().items() if c not in known and not cls.__module__.startswith(said_at_once)])
"""


def test_the_interface_knows_what_jobs_fail_with(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, cwd=ROOT, timeout=120,
        env={"PATH": "/usr/bin:/bin", "BENTU_HOME": str(tmp_path), "HOME": str(tmp_path), "LANG": "C.UTF-8"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
