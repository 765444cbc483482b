"""Bring a database to the format of this code: the only function that migrates.

Revisions lie in `versions/`; `REVISIONS` names them in order, so that a start with nothing to do need not load Alembic.
"""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, Engine, column, inspect, select, table, text

from engine.storage.database import is_sqlite, read, serialise, sqlite_path
from engine.storage.errors import SchemaTooNew, SchemaTooOld
from engine.storage.home import home
from engine.storage.integrity import backup, require_sound
from engine.storage.locks import lock

REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]
SCRIPTS = Path(__file__).parent


def migrate(engine: Engine) -> None:
    """Create the tables, or bring older ones up to date, under a lock and after a copy of the database.

    Raises:
        SchemaTooNew: a newer version of Bentu wrote this database.
        DatabaseDamaged: the check of its pages failed; nothing was changed.
    """
    path = sqlite_path(engine.url) if is_sqlite(engine) else None
    with lock((path.parent if path else home()) / "migrate.lock"):
        if path:
            require_sound(path)
        found = revision(engine)
        if found == HEAD:
            return
        _require_known(found)
        if path and found:
            backup(path, f"before-{HEAD}")
        with engine.connect() as connection:
            connection.execution_options(bentu_write=True, bentu_durable=True, bentu_migration=True)
            with connection.begin():
                serialise(connection, "migrate")
                _upgrade(connection)


def require_current(engine: Engine) -> None:
    """Refuse to work on a database of another format: what a process does that must not migrate.

    Raises:
        SchemaTooNew: a newer version of Bentu wrote this database.
        SchemaTooOld: it waits for `migrate`.
    """
    found = revision(engine)
    _require_known(found)
    if found != HEAD:
        raise SchemaTooOld(found=found or "0", known=HEAD)


def revision(engine: Engine) -> str | None:
    """The format of the database, or None if it is empty."""
    with read(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(select(table("alembic_version", column("version_num")).c.version_num))


def _require_known(found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        raise SchemaTooNew(found=found, known=HEAD)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise RuntimeError(f"the migration broke a reference: {tuple(broken)}")
