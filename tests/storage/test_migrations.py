from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, select, text

from engine.storage import migrations
from engine.storage.clock import now
from engine.storage.database import is_sqlite, open_database, read, write
from engine.storage.errors import SchemaTooNew, SchemaTooOld
from engine.storage.migrations import HEAD, REVISIONS, migrate, require_current, revision
from engine.storage.tables import dataset, metadata, opened_rows, project, test_opening
from tests.storage.test_tables import fill

NEXT = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "9998", "{head}"
def upgrade():
    rebuild = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("project", recreate=rebuild) as table:
        table.add_column(sa.Column("colour", sa.Text()))
    {then}
"""


def test_the_migrations_lead_to_the_tables(database: Engine) -> None:
    with read(database) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_named_revisions_are_the_files() -> None:
    scripts = ScriptDirectory.from_config(
        Config(attributes={}, config_args={"script_location": str(migrations.SCRIPTS)})
    )
    assert [s.revision for s in reversed(list(scripts.walk_revisions()))] == list(REVISIONS)


def test_migrating_twice_changes_nothing(database: Engine) -> None:
    migrate(database)
    require_current(database)
    assert revision(database) == HEAD


def test_two_processes_that_start_together_agree(server_schema: None) -> None:
    engines = [open_database() for _ in range(3)]
    threads = [threading.Thread(target=migrate, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {revision(engine) for engine in engines} == {HEAD}
    for engine in engines:
        engine.dispose()


def test_a_newer_format_is_refused(database: Engine) -> None:
    """Case 25."""
    with write(database) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for check in (migrate, require_current):
        with pytest.raises(SchemaTooNew, match="9999"):
            check(database)


def test_an_empty_database_is_no_place_to_work(server_schema: None) -> None:
    engine = open_database()
    with pytest.raises(SchemaTooOld):
        require_current(engine)
    engine.dispose()


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Code with one more revision that rebuilds a table; the path of its script."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrations.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    script = scripts / "versions" / "9998_toy.py"
    script.write_text(NEXT.format(head=HEAD, then=""))
    monkeypatch.setattr(migrations, "SCRIPTS", scripts)
    monkeypatch.setattr(migrations, "REVISIONS", (*REVISIONS, "9998"))
    monkeypatch.setattr(migrations, "HEAD", "9998")
    return script


def _with_project(engine: Engine) -> None:
    moment = now()
    with write(engine) as connection:
        values = {"id": "prj_a", "owner": "me", "name": "名", "sample": False, "draft_revision": 0}
        connection.execute(project.insert().values(**values, created=moment, updated=moment))
        values = {"id": "dat_a", "owner": "me", "project_id": "prj_a", "name": "d", "created": moment}
        connection.execute(dataset.insert().values(**values))


def test_an_older_format_is_brought_up_after_a_copy(database: Engine, toy: Path, bentu_home: Path) -> None:
    """Case 25; rebuilding a table must not cascade into the rows that refer to it."""
    _with_project(database)
    with pytest.raises(SchemaTooOld):
        require_current(database)
    migrate(database)
    with read(database) as connection:
        assert connection.execute(text("SELECT name, colour FROM project")).one() == ("名", None)
        assert connection.scalars(select(dataset.c.id)).all() == ["dat_a"]
    if is_sqlite(database):
        (copy,) = (bentu_home / "backups").glob("*-before-9998.db")
        old = open_database(f"sqlite:///{copy}")
        assert revision(old) == HEAD
        old.dispose()


def test_a_migration_that_fails_leaves_the_old_format(database: Engine, toy: Path) -> None:
    _with_project(database)
    toy.write_text(NEXT.format(head=REVISIONS[-1], then="raise RuntimeError('power cut')"))
    with pytest.raises(RuntimeError, match="power cut"):
        migrate(database)
    assert revision(database) == HEAD
    with read(database) as connection:
        (row,) = connection.execute(text("SELECT * FROM project")).mappings()
        assert row["name"] == "名"
        assert "colour" not in row
        assert connection.scalars(select(dataset.c.id)).all() == ["dat_a"]


@pytest.mark.parametrize("older", REVISIONS[:-1])
def test_a_database_of_each_earlier_format_comes_up(
    older: str, server_schema: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _older(older, tmp_path, monkeypatch)
    _with_project(engine)
    migrate(engine)
    assert revision(engine) == HEAD
    with read(engine) as connection:
        assert connection.scalars(select(dataset.c.id)).all() == ["dat_a"]
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_what_was_opened_before_there_was_a_ledger_is_remembered(
    server_schema: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = _older("0001", tmp_path, monkeypatch)
    fill(engine)
    migrate(engine)
    with read(engine) as connection:
        (row,) = connection.execute(select(opened_rows)).all()
        assert (row.opening, row.artifact, row.owner, row.run, row.reason) == ("opn_a", "a", "me", "n", "r")
        assert row.opened == connection.scalar(select(test_opening.c.opened))
    engine.dispose()


def _older(older: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An empty database in the format of an earlier revision."""
    scripts = tmp_path / "older"
    shutil.copytree(migrations.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (scripts / "versions").glob("*.py"):
        if script.name[:4] > older:
            script.unlink()
    engine = open_database()
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "SCRIPTS", scripts)
        patch.setattr(migrations, "HEAD", older)
        migrate(engine)
    return engine
