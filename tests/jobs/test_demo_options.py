"""The process for strangers starts with every option of the check-list, and not at all without one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.jobs import demo_options
from engine.jobs.demo_options import (
    COOKIE_SECRET,
    KEY,
    OPTIONS,
    DemoRefused,
    command,
    environment,
    listening,
    refuse_unless_safe,
)

SAFE: Mapping[str, Any] = {**OPTIONS, "server.allowedHosts": ["localhost"]}


@pytest.fixture(autouse=True)
def as_started(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BENTU_DEMO_ADDRESS", "BENTU_DEMO_PORT", "BENTU_DEMO_URL", "BENTU_DEMO_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(KEY, "key")
    monkeypatch.setenv(COOKIE_SECRET, "s" * 32)


def refused(options: Mapping[str, Any], home: Path) -> str:
    with pytest.raises(DemoRefused) as problem:
        refuse_unless_safe(options.__getitem__, home)
    return str(problem.value)


def test_what_it_is_started_with_is_what_it_asks_for(tmp_path: Path) -> None:
    line = command(listening())
    given = {flag[2:]: line[i + 1] for i, flag in enumerate(line) if flag.startswith("--")}
    for name, value in OPTIONS.items():
        assert given[name] == (str(value).lower() if isinstance(value, bool) else str(value))
    assert given["server.address"] == "127.0.0.1" and given["server.port"] == "8502"
    refuse_unless_safe(SAFE.__getitem__, tmp_path)


@pytest.mark.parametrize("name", [*OPTIONS, "server.allowedHosts"])
def test_one_wrong_option_is_enough(name: str, tmp_path: Path) -> None:
    assert name in refused({**SAFE, name: None}, tmp_path)


def test_every_name_is_no_name(tmp_path: Path) -> None:
    assert "allowedHosts" in refused({**SAFE, "server.allowedHosts": ["localhost", "*"]}, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("BENTU_DATABASE_URL", "sqlite://"), ("BENTU_ARTIFACTS", "x"), (KEY, ""), (COOKIE_SECRET, "short")],
)
def test_the_environment_is_checked(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert name in refused(SAFE, tmp_path)


def test_a_home_with_the_main_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bentu.db").touch()
    assert "bentu.db" in refused(SAFE, tmp_path)


def test_nothing_that_leads_to_the_studio_or_to_a_secret_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "BENTU_DATABASE_URL": "postgresql://u:p@h/d", "BENTU_ARTIFACTS": "s3://b", "AWS_SECRET_ACCESS_KEY": "x",
        "STREAMLIT_SERVER_ENABLE_CORS": "false",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(COOKIE_SECRET)
    made = environment(tmp_path, "public")
    assert not secrets.keys() & made.keys()
    assert made["BENTU_MODE"] == "demo" and made["BENTU_HOME"] == made["HOME"] == str(tmp_path)
    assert re.fullmatch("[0-9a-f]{64}", made[COOKIE_SECRET])
    assert made[COOKIE_SECRET] != environment(tmp_path, "public")[COOKIE_SECRET]


def test_names_and_links(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listening().hosts == ("localhost", "127.0.0.1", "::1")
    assert listening().url == "http://localhost:8502"
    monkeypatch.setenv("BENTU_DEMO_URL", "https://Demo.example.org/")
    monkeypatch.setenv("BENTU_DEMO_HOSTS", "a.example, *.b.example")
    assert listening().hosts[3:] == ("demo.example.org", "a.example", "*.b.example")
    assert listening().url == "https://Demo.example.org"


def test_on_all_addresses_it_answers_to_its_own_and_to_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Address:
        def __init__(self, address: str) -> None:
            self.address = address

    found = {"eth0": [Address("192.168.1.7"), Address("fe80::1%eth0"), Address("02:42:ac:11:00:02")]}
    monkeypatch.setattr(demo_options.psutil, "net_if_addrs", lambda: found)
    monkeypatch.setenv("BENTU_DEMO_ADDRESS", "0.0.0.0")
    assert listening().hosts == ("localhost", "127.0.0.1", "::1", "192.168.1.7", "fe80::1")


def test_an_address_of_its_own_stands_in_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTU_DEMO_ADDRESS", "fd00::5")
    monkeypatch.setenv("BENTU_DEMO_PORT", "9000")
    assert listening().url == "http://[fd00::5]:9000"
    monkeypatch.setenv("BENTU_DEMO_PORT", "http")
    with pytest.raises(DemoRefused, match="http"):
        listening()
