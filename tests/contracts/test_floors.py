"""The floors of the house: nothing imports upward, stages know no storage, and streamlit stays above the engine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGES = (
    "data",
    "prepare",
    "models",
    "training",
    "evaluation",
    "packaging",
    "serving",
    "feedback",
    "samples",
)
GROUND = ("errors", "validation", "params", "registry", "recipe", "i18n", "modality")
"""What any stage may import; `modality` is the contract of stage 1."""


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


def _files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _allowed(path: Path) -> tuple[str, ...] | None:
    """Prefixes below `engine.` that a file may import; None = all of the engine."""
    inside = path.relative_to(ROOT / "engine").parts
    floor = inside[0].removesuffix(".py")
    if floor in STAGES:
        return (*STAGES, *GROUND)
    if floor in ("storage",):
        return ("storage", "errors", "i18n")
    if floor in ("jobs",):
        return ("jobs", "storage", "errors", "i18n")
    if floor == "services":
        return ("services", "jobs", "storage", *STAGES, *GROUND)
    if floor in GROUND:
        return (*GROUND, "data")
    return None


@pytest.mark.parametrize("path", _files("engine"), ids=lambda p: str(p.relative_to(ROOT)))
def test_engine_imports_only_downward(path: Path) -> None:
    allowed = _allowed(path)
    for name in _imports(path):
        assert not name.startswith(("streamlit", "plotly", "ui", "pages")), f"{name} belongs above the engine"
        parts = name.split(".")
        if allowed is not None and parts[0] == "engine" and len(parts) > 1:
            assert parts[1] in allowed, f"{path.name} may not import {name}"


@pytest.mark.parametrize("path", [*_files("pages"), *_files("ui")], ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_use_the_workspace_and_typed_results_only(path: Path) -> None:
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] == "engine" and len(parts) > 1:
            assert parts[1] not in ("services", "storage", "jobs"), (
                f"{path.name} reaches below the workspace: {name}"
            )


@pytest.mark.parametrize("path", _files("pages"), ids=lambda p: p.name)
def test_pages_are_scripts(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert "main" not in names
    assert '__name__ == "__main__"' not in path.read_text(encoding="utf-8")
