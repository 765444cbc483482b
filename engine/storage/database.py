"""The database by URL: SQLite in a local file, or PostgreSQL; the same code for both.

SQLite runs in WAL mode; a write transaction takes the write lock when it begins (BEGIN IMMEDIATE), because one
that reads first and upgrades later fails with "database is locked" under load. Use `write` and `read`; both
turn what the driver says into a `StorageError`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.engine import URL, ExceptionContext

from engine.errors import StorageError
from engine.storage.errors import DatabaseBusy, DatabaseUnreachable, DiskFull, HomeNotWritable
from engine.storage.home import home, require_local, require_writable
from engine.storage.integrity import damaged, require_header

BUSY_SECONDS = 10.0
"""How long a write waits for another one on SQLite."""

FILE_NAME = "bentu.db"


def database_url() -> URL:
    """BENTU_DATABASE_URL, by default the SQLite file in BENTU_HOME."""
    given = os.environ.get("BENTU_DATABASE_URL")
    url = make_url(given) if given else URL.create("sqlite", database=str(home() / FILE_NAME))
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def open_database(url: str | URL | None = None, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Open the database; for a SQLite file, after checks that the place and the file are sound.

    Args:
        url: SQLAlchemy URL; by default `database_url()`.
        busy_seconds: how long a write waits for another before `DatabaseBusy`.

    Raises:
        HomeNotWritable: the directory cannot be written.
        NetworkFilesystem: SQLite would lie on a network drive.
        DatabaseDamaged: the file is no database any more; names the newest sound copy.
    """
    target = make_url(url) if url is not None else database_url()
    if target.get_backend_name() != "sqlite":
        engine = create_engine(target, pool_pre_ping=True, json_serializer=_dumps)
        event.listen(engine, "handle_error", _translator(busy_seconds))
        return engine
    path = sqlite_path(target)
    if not path.parent.is_dir():
        raise HomeNotWritable(path=str(path.parent), problem="No such directory")
    require_writable(path.parent)
    require_local(path)
    require_header(path)
    _private(path)
    engine = create_engine(target, json_serializer=_dumps)
    event.listen(engine, "connect", _connected(busy_seconds))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _translator(busy_seconds))
    return engine


def sqlite_path(url: URL) -> Path:
    """The file behind a SQLite URL."""
    if not url.database or url.database == ":memory:":
        raise ValueError("Bentu's processes share the database: it must be a file")
    return Path(url.database).absolute()


def _private(path: Path) -> None:
    """Begin a new database file as its user's alone; SQLite gives its log the same rights."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass
    except OSError as problem:
        raise HomeNotWritable(path=str(path.parent), problem=problem.strerror or str(problem)) from None


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


@contextmanager
def write(engine: Engine, *, durable: bool = False) -> Iterator[Connection]:
    """One write transaction: committed at the end, rolled back on an exception.

    Args:
        engine: from `open_database`.
        durable: survive a power cut as well (one fsync a commit); for labels, feedback and promotions.

    Raises:
        DatabaseBusy: another process kept the write lock too long; nothing was written.
        DiskFull: nothing was written.
    """
    with engine.connect() as connection:
        connection.execution_options(bentu_write=True, bentu_durable=durable)
        with connection.begin():
            yield connection


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One read transaction: a consistent view that waits for nobody and blocks nobody."""
    with engine.connect() as connection, connection.begin():
        yield connection


def shed_deleted(engine: Engine) -> None:
    """After a deletion that people rely on: empty SQLite's write-ahead log, which may still hold what was deleted.

    Where others are reading at the moment the log stays for now; a later commit of ordinary work overwrites it.
    Copies of the database that were made before hold the deleted rows until they rotate.
    """
    if is_sqlite(engine):
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.close()


def serialise(connection: Connection, name: str) -> None:
    """Let one transaction at a time past this point; on SQLite every write transaction is alone already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


def insert_new(
    connection: Connection, table: Table, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> bool:
    """Insert the row or rows whose keys do not exist yet; True if anything is new."""
    # each dialect takes 50 ms to import, and every job's process imports this module
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    counted = {"preserve_rowcount": True}
    return (
        connection.execute(insert(table).on_conflict_do_nothing(), rows, execution_options=counted).rowcount
        > 0
    )


class Watch:
    """Tells cheaply (10 us on SQLite) whether anyone has committed since the last question; keeps a connection.

    PostgreSQL has no such counter: there the answer is always yes.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection() if is_sqlite(engine) else None
        self._version: int | None = None

    def changed(self) -> bool:
        """Whether the database may have changed; yes at the first question."""
        if self._connection is None or self._connection.dbapi_connection is None:
            return True
        before = self._version
        self._version = self._connection.dbapi_connection.execute("PRAGMA data_version").fetchone()[0]
        return self._version != before

    def forget(self) -> None:
        """Answer yes to the next question."""
        self._version = None

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()


def _dumps(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _connected(busy_seconds: float) -> Callable[[Any, Any], None]:
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
        for pragma in (
            f"busy_timeout={int(busy_seconds * 1000)}",
            "journal_mode=WAL",
            "journal_size_limit=67108864",
            "secure_delete=ON",  # what is deleted, somebody's text among it, is overwritten in the file
        ):
            connection.execute(f"PRAGMA {pragma}")

    return connected


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    # both pragmas are ignored inside a transaction, and a pooled connection keeps them
    wanted = (
        "FULL" if options.get("bentu_durable") else "NORMAL",
        "OFF" if options.get("bentu_migration") else "ON",
    )
    if connection.info.get("bentu_pragmas") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted[0]}")
        connection.exec_driver_sql(f"PRAGMA foreign_keys={wanted[1]}")
        connection.info["bentu_pragmas"] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("bentu_write") else "BEGIN")


def sqlite_error(problem: BaseException, path: Path, busy_seconds: float) -> StorageError | None:
    """What SQLite says about the file `path` as our error; None for one that means a bug."""
    name = str(getattr(problem, "sqlite_errorname", "") or "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return DatabaseBusy(seconds=round(busy_seconds))
    if name.startswith("SQLITE_FULL"):
        return DiskFull(path=str(path.parent))
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path, str(problem))
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return HomeNotWritable(path=str(path.parent), problem=str(problem))
    if name.startswith("SQLITE_IOERR"):
        return DatabaseUnreachable(problem=str(problem))
    return None


def _translator(busy_seconds: float) -> Callable[[ExceptionContext], None]:
    """Turns a driver's error into ours; one that means a bug stays what it is."""

    def translate(context: ExceptionContext) -> None:
        problem = context.original_exception
        name = str(getattr(problem, "sqlite_errorname", "") or "")
        if not name:
            _translate_server(context, problem)
            return
        path = sqlite_path(context.engine.url) if context.engine is not None else Path()
        ours = sqlite_error(problem, path, busy_seconds)
        if ours is not None:
            raise ours from problem

    return translate


def _translate_server(context: ExceptionContext, problem: BaseException) -> None:
    if getattr(problem, "sqlstate", None) == "53100":
        raise DiskFull(path="PostgreSQL") from problem
    failed_to_connect = context.connection is None and type(problem).__name__ == "OperationalError"
    if context.is_disconnect or failed_to_connect:
        raise DatabaseUnreachable(problem=(str(problem).strip() or "no answer").splitlines()[0]) from problem
