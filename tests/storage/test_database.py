from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from engine.storage.clock import now
from engine.storage.database import (
    Watch,
    database_url,
    insert_new,
    is_sqlite,
    open_database,
    read,
    shed_deleted,
    write,
)
from engine.storage.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseDamagedNoCopy,
    HomeNotWritable,
    NetworkFilesystem,
)
from engine.storage.home import Mount, demo_home, free_mb, home, mounted, require_local
from engine.storage.integrity import backup, backup_due
from engine.storage.migrations import migrate
from engine.storage.tables import new_id, project, setting


def put(engine: Engine, key: str, value: object = 1) -> None:
    with write(engine) as connection:
        connection.execute(setting.insert().values(owner="me", key=key, value=value))


def keys(engine: Engine) -> set[str]:
    with read(engine) as connection:
        return set(connection.scalars(select(setting.c.key)))


def test_default_is_a_file_in_the_home_and_a_server_is_named_by_url(
    bentu_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database_url().database == str(bentu_home / "bentu.db")
    monkeypatch.setenv("BENTU_DATABASE_URL", "postgresql://me@somewhere/bentu")
    assert database_url().drivername == "postgresql+psycopg"


def test_sqlite_is_opened_safely(sqlite: Engine) -> None:
    with read(sqlite) as connection:
        ask = connection.exec_driver_sql
        assert ask("PRAGMA journal_mode").scalar() == "wal"
        assert ask("PRAGMA foreign_keys").scalar() == 1
        assert int(str(ask("PRAGMA busy_timeout").scalar())) >= 10_000
        assert ask("PRAGMA synchronous").scalar() == 1
    with write(sqlite, durable=True) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with write(sqlite) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_a_failed_write_leaves_nothing(database: Engine) -> None:
    def fails() -> None:
        with write(database) as connection:
            insert_new(connection, setting, {"owner": "me", "key": "a", "value": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert keys(database) == set()


def test_insert_new_leaves_what_is_there(database: Engine) -> None:
    rows = [{"owner": "me", "key": key, "value": 1} for key in "ab"]
    with write(database) as connection:
        assert insert_new(connection, setting, rows)
        assert not insert_new(connection, setting, {"owner": "me", "key": "a", "value": 2})
    with read(database) as connection:
        assert set(connection.scalars(select(setting.c.value))) == {1}


def test_reading_before_writing_never_fails_under_load(database: Engine) -> None:
    """Deferred transactions failed 351 of 400 times with "database is locked" in this pattern."""
    put(database, "count", 0)

    def count() -> None:
        for _ in range(25):
            with write(database) as connection:
                now = select(setting.c.value).where(setting.c.key == "count").with_for_update()
                connection.execute(setting.update().values(value=connection.scalar(now) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read(database) as connection:
        assert connection.scalar(select(setting.c.value)) == 100


def test_a_locked_database_is_waited_for_then_one_clear_error(sqlite: Engine, bentu_home: Path) -> None:
    """Case 21."""
    impatient = open_database(sqlite.url, busy_seconds=0.2)
    other = sqlite3.connect(bentu_home / "bentu.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy) as caught:
        put(impatient, "refused")
    assert "nothing was written" in str(caught.value)
    threading.Timer(0.3, other.execute, ("ROLLBACK",)).start()
    began = time.monotonic()
    put(sqlite, "waited")
    assert time.monotonic() - began > 0.2
    put(impatient, "again")
    assert keys(sqlite) == {"waited", "again"}
    other.close()
    impatient.dispose()


def test_a_second_opening_in_a_process_does_not_give_up_the_hold_on_the_file(
    sqlite: Engine, bentu_home: Path
) -> None:
    """A hold that is lost lets the next who closes remove the log under the hands of this process."""
    read_keys = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM setting').fetchone()[0])"

    def seen_by_another() -> int:
        command = [sys.executable, "-c", read_keys, str(bentu_home / "bentu.db")]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    put(sqlite, "before")
    again = open_database(sqlite.url)
    assert seen_by_another() == 1
    put(sqlite, "after")
    assert seen_by_another() == 2
    again.dispose()


@pytest.mark.parametrize("harm", ["overwritten", "emptied"])
def test_a_damaged_file_is_not_opened_and_the_newest_sound_copy_is_offered(
    bentu_home: Path, sqlite: Engine, harm: str
) -> None:
    """Case 22."""
    path = bentu_home / "bentu.db"
    put(sqlite, "kept")
    sound = backup(path, "daily")
    newer = backup(path, "daily")
    newer.write_bytes(newer.read_bytes()[:2000])  # a newer copy that is not sound is passed over
    sqlite.dispose()
    path.write_bytes(b"not a database at all" * 100 if harm == "overwritten" else b"")
    with pytest.raises(DatabaseDamaged) as caught:
        open_database(sqlite.url)
    assert caught.value.params["backup"] == str(sound)
    path.write_bytes(sound.read_bytes())  # the remedy, as the message says it
    restored = open_database(sqlite.url)
    assert keys(restored) == {"kept"}
    restored.dispose()


def test_without_a_copy_the_error_says_so(bentu_home: Path) -> None:
    (bentu_home / "bentu.db").write_bytes(b"x" * 5000)
    with pytest.raises(DatabaseDamagedNoCopy, match=r"bentu\.db"):
        open_database(f"sqlite:///{bentu_home / 'bentu.db'}")


def test_damage_inside_the_file_is_found_when_bentu_starts(sqlite: Engine, bentu_home: Path) -> None:
    for number in range(300):
        put(sqlite, f"{number}", "x" * 500)
    sqlite.dispose()
    path = bentu_home / "bentu.db"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(bytes(content))
    engine = open_database(sqlite.url)
    with pytest.raises(DatabaseDamagedNoCopy):
        migrate(engine)
    engine.dispose()


def test_three_copies_are_kept_of_each_reason(sqlite: Engine, bentu_home: Path) -> None:
    path = bentu_home / "bentu.db"
    assert backup_due(path)
    daily = [backup(path, "daily") for _ in range(4)]
    backup(path, "before-0002")
    assert sorted(path.parent.glob("backups/*-daily.db")) == daily[1:]
    assert not backup_due(path)
    assert not backup_due(path, timedelta(hours=1))


def test_network_drives_are_refused_with_the_way_out(bentu_home: Path) -> None:
    """Case 24."""
    disk, share = Mount("/", "ext4", "rw"), Mount(str(bentu_home), "nfs4", "rw,vers=4.2")
    require_local(bentu_home / "bentu.db", [disk])
    require_local(bentu_home / "bentu.db", mounted())
    with pytest.raises(NetworkFilesystem) as caught:
        require_local(bentu_home / "bentu.db", [share, disk])
    assert "nfs4" in str(caught.value)
    assert "PostgreSQL" in caught.value.remedy
    with pytest.raises(NetworkFilesystem):
        require_local(bentu_home / "bentu.db", [disk, Mount(str(bentu_home), "9p", "rw,aname=drvfs;path=C:")])


def test_a_read_only_home_is_an_error_that_names_it(tmp_path: Path) -> None:
    """Case 23. Root may write anywhere but on a read-only mount, so there it is one."""
    place = tmp_path / "sealed"
    place.mkdir()
    script = "from engine.storage.database import open_database; open_database()"
    command = [sys.executable, "-c", script]
    if os.geteuid() == 0:
        mount = 'mount -t tmpfs -o ro none "$0" && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mount, str(place), *command]
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
            pytest.skip("root without the right to mount: nothing here is read-only")
    else:
        place.chmod(0o500)
    environment = os.environ | {"BENTU_HOME": str(place), "PYTHONPATH": str(Path.cwd())}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "HOME_NOT_WRITABLE" in ended.stderr
    assert str(place) in ended.stderr


def test_a_home_that_is_a_file_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENTU_HOME", str(tmp_path / "file"))
    with pytest.raises(HomeNotWritable, match="file"):
        home()


def test_the_home_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTU_HOME", str(tmp_path / "deep" / "home"))
    assert home().stat().st_mode & 0o777 == 0o700
    assert free_mb() > 0


def test_a_home_that_others_could_read_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(0o755)
    monkeypatch.setenv("BENTU_HOME", str(place))
    monkeypatch.setenv("BENTU_MODE", "demo")
    assert home().stat().st_mode & 0o777 == 0o755, (
        "the demo process may share its home with the studio by the group"
    )
    monkeypatch.delenv("BENTU_MODE")
    assert home().stat().st_mode & 0o777 == 0o700
    place.chmod(0o1777)
    assert home().stat().st_mode & 0o7777 == 0o1777, "a folder for everybody is not ours to close"
    shared = tmp_path / "demo"
    shared.mkdir()
    shared.chmod(0o2770)
    monkeypatch.setenv("BENTU_DEMO_HOME", str(shared))
    assert demo_home().stat().st_mode & 0o777 == 0o770


def test_a_new_database_is_readable_by_its_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        engine = open_database(f"sqlite:///{tmp_path / 'bentu.db'}")
        migrate(engine)
        with write(engine) as connection:
            connection.execute(text("CREATE TABLE t (a)"))
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("bentu.db*")}
        engine.dispose()
    finally:
        os.umask(before)
    assert set(modes) >= {"bentu.db", "bentu.db-wal"}
    assert set(modes.values()) == {0o600}


def test_times_come_back_as_moments(database: Engine) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    values = {"id": new_id("prj"), "owner": "me", "name": "n", "sample": False, "draft_revision": 0}
    with write(database) as connection:
        connection.execute(project.insert().values(**values, created=moment, updated=moment))
        stored = connection.scalar(select(project.c.created))
        assert stored == moment
        assert stored.tzinfo == UTC
        with pytest.raises(Exception, match="time zone"):
            connection.execute(project.update().values(updated=datetime(2026, 3, 1)))


def test_ids_are_long_random_and_lower_case() -> None:
    ids = {new_id("run") for _ in range(100)}
    assert len(ids) == 100
    assert all(len(i) == 24 and i.startswith("run_") and i == i.lower() and i[4:].isalnum() for i in ids)


def test_a_watch_sees_commits_of_others(database: Engine) -> None:
    watch = Watch(database)
    assert watch.changed()
    if is_sqlite(database):
        assert not watch.changed()
    put(database, "a")
    assert watch.changed()
    watch.forget()
    assert watch.changed()
    watch.close()


def test_a_broken_statement_stays_a_programming_error(database: Engine) -> None:
    with pytest.raises(Exception, match="no_such_table") as caught, read(database) as connection:
        connection.execute(text("SELECT * FROM no_such_table"))
    assert caught.type.__module__.startswith("sqlalchemy")


def test_what_was_deleted_cannot_be_read_in_the_files(database: Engine, bentu_home: Path) -> None:
    if not is_sqlite(database):
        pytest.skip("PostgreSQL keeps its files to itself")
    moment = now()
    with write(database) as connection:
        row = {"id": "prj_a", "owner": "me", "name": "my phone is 123", "sample": False, "draft_revision": 0}
        connection.execute(project.insert().values(**row, created=moment, updated=moment))
    with write(database) as connection:
        connection.execute(project.delete())
    shed_deleted(database)
    assert not any(b"my phone is 123" in file.read_bytes() for file in bentu_home.glob("bentu.db*"))
