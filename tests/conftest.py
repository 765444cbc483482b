"""What every test may use: a home of its own, and a workspace over it whose jobs run in the test's process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


Once = Callable[..., Any]


@pytest.fixture(scope="session")
def kept_homes() -> dict[Any, tuple[Path, Any]]:
    """What `once` has made in this session, with the home of each."""
    return {}


@pytest.fixture
def once(
    workspace: Workspace, bentu_home: Path, kept_homes: dict[Any, tuple[Path, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Once:  # fmt: skip
    """`once(make, *key)` is what `make(workspace)` returned for this key, with the home that it left: made a single time.

    For fixtures of which many tests begin with the same: an import takes a second, a training several. Call it first, on an
    empty workspace; `make` is a named function, and what it returns is not changed by anybody.
    """

    def once(make: Callable[[Workspace], Any], *key: Any) -> Any:
        name = (make.__module__, make.__qualname__, repr(key))
        if name in kept_homes:
            home, result = kept_homes[name]
            workspace.scope.engine.dispose()
            shutil.copytree(home, bentu_home, dirs_exist_ok=True)
            return result
        result = make(workspace)
        workspace.scope.engine.dispose()  # the last connection that closes brings the whole log into the file
        home = tmp_path_factory.mktemp("once") / "home"
        shutil.copytree(bentu_home, home)
        kept_homes[name] = home, result
        return result

    return once


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real development data, or a skip where it is absent."""
    folder = Path(os.environ.get("BENTU_SHARED_DATA") or ROOT.parent / "shared/data")
    if not folder.is_dir():
        pytest.skip("the development data are not on this machine (set BENTU_SHARED_DATA)")
    return folder
