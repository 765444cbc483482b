"""A fresh database for each test: SQLite in the test's home, or a schema of the server in BENTU_TEST_DATABASE_URL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from engine.storage.database import open_database
from engine.storage.migrations import migrate


@pytest.fixture
def server_schema(monkeypatch: pytest.MonkeyPatch, bentu_home: Path) -> Iterator[None]:
    """With a server: an empty schema that the URL in the environment leads to, dropped afterwards."""
    server = os.environ.get("BENTU_TEST_DATABASE_URL")
    if not server:
        yield
        return
    schema = f"test_{secrets.token_hex(6)}"
    url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    monkeypatch.setenv("BENTU_DATABASE_URL", url.render_as_string(hide_password=False))
    yield
    with admin.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture
def database(server_schema: None) -> Iterator[Engine]:
    """A migrated, empty database."""
    engine = open_database()
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite(bentu_home: Path) -> Iterator[Engine]:
    """A migrated, empty SQLite database, whatever server there is."""
    engine = open_database(f"sqlite:///{bentu_home / 'bentu.db'}")
    migrate(engine)
    yield engine
    engine.dispose()
