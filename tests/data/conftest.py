"""Small files made by hand: every one is a few lines that a person could have sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write bytes (or text as UTF-8) as a file; its name on disk says nothing about its content."""

    def write(content: bytes | str, name: str = "content") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
