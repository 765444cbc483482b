"""Visitors are told apart for a day, and not afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.serving.visitors import SALTS, Visitors


class Day:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_visitor_keeps_its_name_for_the_day_and_over_a_restart(tmp_path: Path) -> None:
    day = Day()
    name = Visitors(tmp_path, day).name("203.0.113.7")
    visitors = Visitors(tmp_path, day)
    assert visitors.name("203.0.113.7") == name == visitors.name("::ffff:203.0.113.7")
    assert visitors.name("203.0.113.8") != name
    assert len(name) == 16 and int(name, 16) >= 0


def test_the_next_day_nobody_can_tell_who_it_was(tmp_path: Path) -> None:
    day = Day()
    visitors = Visitors(tmp_path, day)
    name = visitors.name("203.0.113.7")
    salt = (tmp_path / SALTS / "2026-03-01").read_bytes()
    day.now += timedelta(minutes=1)
    assert visitors.name("203.0.113.7") != name
    assert [p.name for p in (tmp_path / SALTS).iterdir()] == ["2026-03-02"]
    assert (tmp_path / SALTS / "2026-03-02").read_bytes() != salt
    assert "203.0.113" not in "".join(str(p) for p in tmp_path.rglob("*"))


def test_a_household_has_one_name_behind_ipv6(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path)
    assert visitors.name("2001:db8::1") == visitors.name("2001:db8::ffff%eth0")
    assert visitors.name("2001:db8::1") != visitors.name("2001:db8:0:1::1")
    assert visitors.name("not an address") == visitors.name("not an address")
