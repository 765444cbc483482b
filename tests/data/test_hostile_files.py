"""Hostile files are refused with their reason, in under two seconds of CPU, with flat memory, and nothing is written elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where the file of a case lies, alone in its folder: some take seconds to make."""

    @cache
    def file(case: str) -> Path:
        path = tmp_path_factory.mktemp("hostile") / "in/content"
        path.parent.mkdir()
        path.write_bytes(HOSTILE[case][1]())
        return path

    return file


@pytest.mark.slow
@pytest.mark.parametrize("case", HOSTILE)
def test_it_is_refused_quickly_and_flat(
    tmp_path: Path, made: Callable[[str], Path], measured: Measure, case: str
) -> None:
    name, _, code = HOSTILE[case]
    path, room = made(case), tmp_path / "room"
    room.mkdir()
    found = measured(path, name, room)
    assert found["code"] == code
    assert found["preview"] in (code, "")  # what lies beyond the beginning is left to the reader
    assert float(found["looked"]) < SECONDS and float(found["read"]) < SECONDS, found
    assert float(found["memory"]) < (400 if case == LONG_PARQUET else MEGABYTES), found
    assert int(found["columns"]) <= 1000
    written = [p for p in (*tmp_path.rglob("*"), *path.parents[1].rglob("*")) if p.is_file()]
    assert [p for p in written if p != path and p.parent != room] == []
    assert [p.name for p in room.iterdir() if not p.name.startswith("unpacked-")] == []


ARCHIVES = [case for case, (name, _, code) in HOSTILE.items() if code in ("ARCHIVE_UNSAFE", "ARCHIVE_LOCKED") and name.endswith(("zip", "xlsx"))]  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_an_unsafe_archive_is_refused_as_it_comes_in(made: Callable[[str], Path], case: str) -> None:
    name, _, code = HOSTILE[case]
    with pytest.raises(DataError) as caught:
        check_readable(made(case), name)
    assert caught.value.code == code
    for locale in ("en", "zh_CN"):
        what, remedy = render_error(caught.value, locale)
        assert "{" not in what + remedy
