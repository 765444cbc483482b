from __future__ import annotations

from pathlib import Path

import pytest

from tests.models.toys import Line


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "checkpoints")
