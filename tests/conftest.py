"""What every test may use: a home of its own, and a workspace over it whose jobs run in the test's process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def workspace(bentu_home: Path) -> Iterator[Workspace]:
    """A migrated, empty workspace."""
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
