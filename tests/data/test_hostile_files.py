"""Hostile files are refused with their reason, in under two seconds of CPU, with flat memory, and nothing is written elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.data.readers import check_readable
from engine.errors import DataError
from engine.i18n import render_error
from tests.data.hostile import HOSTILE, LONG_PARQUET, Measure, measuring

SECONDS, MEGABYTES = 2.0, 120


@pytest.fixture(scope="module")
def measured() -> Iterator[Measure]:
    with measuring() as measure:
        yield measure


@pytest.mark.slow
@pytest.mark.parametrize("case", HOSTILE)
def test_it_is_refused_quickly_and_flat(tmp_path: Path, measured: Measure, case: str) -> None:
    name, make, code = HOSTILE[case]
    path, room = tmp_path / "in" / "content", tmp_path / "room"
    path.parent.mkdir()
    room.mkdir()
    path.write_bytes(make())
    found = measured(path, name, room)
    assert found["code"] == code
    assert found["preview"] in (code, "")  # what lies beyond the beginning is left to the reader
    assert float(found["looked"]) < SECONDS and float(found["read"]) < SECONDS, found
    assert float(found["memory"]) < (400 if case == LONG_PARQUET else MEGABYTES), found
    assert int(found["columns"]) <= 1000
    inside = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert [p for p in inside if p != path and p.parent != room] == []
    assert [p.name for p in room.iterdir() if not p.name.startswith("unpacked-")] == []


ARCHIVES = [case for case, (name, _, code) in HOSTILE.items() if code in ("ARCHIVE_UNSAFE", "ARCHIVE_LOCKED") and name.endswith(("zip", "xlsx"))]  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_an_unsafe_archive_is_refused_as_it_comes_in(tmp_path: Path, case: str) -> None:
    name, make, code = HOSTILE[case]
    path = tmp_path / "content"
    path.write_bytes(make())
    with pytest.raises(DataError) as caught:
        check_readable(path, name)
    assert caught.value.code == code
    for locale in ("en", "zh_CN"):
        what, remedy = render_error(caught.value, locale)
        assert "{" not in what + remedy
