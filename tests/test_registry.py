"""The registry: complete for every thread that asks, also for the first ones."""

from __future__ import annotations

import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.registry import Registry, UnknownName


def test_threads_that_ask_while_it_loads_wait_for_all_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "slow_entries"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text(
        textwrap.dedent("""
            import time
            from types import SimpleNamespace
            from slow_entries_registry import registry

            time.sleep(0.2)
            registry.register(SimpleNamespace(name="one"))
        """)
    )
    (tmp_path / "slow_entries_registry.py").write_text(
        "from engine.registry import Registry\nregistry = Registry('thing', 'slow_entries')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from slow_entries_registry import registry  # type: ignore[import-not-found]

    found: list[str] = []

    def ask() -> None:
        try:
            found.append(registry.get("one").name)
        except UnknownName as problem:
            found.append(problem.code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("slow_entries", "slow_entries.one", "slow_entries_registry"):
        monkeypatch.delitem(sys.modules, name)
    assert found == ["one"] * 4


def test_a_package_that_cannot_be_loaded_is_named_every_time() -> None:
    registry: Registry[Any] = Registry("thing", "engine.no_such_package")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            registry.get("one")
