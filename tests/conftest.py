"""What every test may use: a home of its own, and a workspace over it whose jobs run in the test's process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.database import open_database
from engine.storage.migrations import migrate
from engine.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def bentu_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that no other test sees."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("BENTU_HOME", str(home))
    for name in ("BENTU_DATABASE_URL", "BENTU_ARTIFACTS", "BENTU_MODE"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy: migrating takes longer than many tests."""
    path = tmp_path_factory.mktemp("database") / "bentu.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def workspace(bentu_home: Path, empty_database: Path) -> Iterator[Workspace]:
    """A migrated workspace: empty, or over the home that an earlier fixture of the test has filled."""
    if not (bentu_home / "bentu.db").exists():
        shutil.copy(empty_database, bentu_home / "bentu.db")
    opened = open_workspace()
    yield opened
    opened.scope.engine.dispose()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real development data, or a skip where it is absent."""
    folder = Path(os.environ.get("BENTU_SHARED_DATA") or ROOT.parent / "shared/data")
    if not folder.is_dir():
        pytest.skip("the development data are not on this machine (set BENTU_SHARED_DATA)")
    return folder
