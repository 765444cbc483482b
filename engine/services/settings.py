"""Settings of an owner, and what this installation is: storage used, versions, free space."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from engine.errors import N_
from engine.services.kept_vectors import kept_bytes
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read, write
from engine.storage.home import home
from engine.storage.tables import setting
from engine.training.machine import environment

PACKAGES = (
    "streamlit",
    "tensorflow",
    "keras",
    "scikit-learn",
    "pandas",
    "numpy",
    "plotly",
    "SQLAlchemy",
    "ai-edge-litert",
)
_FOLDERS = (
    ("uploads", N_("Uploads not yet imported")),
    ("jobs", N_("Logs and checkpoints of jobs")), ("backups", N_("Backups of the database")),
)  # fmt: skip


class Settings:
    """The settings of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, key: str, default: Any = None) -> Any:
        """A stored setting, or `default`."""
        with read(self._scope.engine) as connection:
            found = connection.execute(
                select(setting.c.value).where(setting.c.owner == self._scope.owner, setting.c.key == key)
            ).first()
        return found.value if found else default

    def set(self, key: str, value: Any) -> None:
        """Store a setting (JSON-serialisable)."""
        with write(self._scope.engine) as connection:
            connection.execute(
                setting.delete().where(setting.c.owner == self._scope.owner, setting.c.key == key)
            )
            connection.execute(insert(setting).values(owner=self._scope.owner, key=key, value=value))

    def storage(self) -> list[tuple[str, int]]:
        """Bytes used by kind, as (label message id, bytes)."""
        used = [(label, _bytes(name)) for name, label in _FOLDERS]
        database = sum(_size(p) for p in home().glob("*.db*"))
        vectors = kept_bytes(self._scope)
        stored = artifacts.stored_bytes() - vectors
        return [
            (N_("Database"), database), (N_("Datasets, models and results"), stored),
            (N_("Text vectors for later trainings"), vectors), *used,
        ]  # fmt: skip

    def free_bytes(self) -> int:
        """Free space on the disk that holds BENTU_HOME."""
        return shutil.disk_usage(home()).free

    def home(self) -> str:
        """Where this installation keeps its state."""
        return str(home())

    def versions(self) -> dict[str, str]:
        """Versions of Bentu and of the packages that matter for results."""
        return {"bentu": environment()["revision"]} | {p: metadata.version(p) for p in PACKAGES}

    def environment(self) -> dict[str, Any]:
        """What a run would be recorded to run on, now."""
        return environment()


def _bytes(name: str) -> int:
    return sum(_size(p) for p in (home() / name).rglob("*") if p.is_file())


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # a job removed it meanwhile
        return 0
