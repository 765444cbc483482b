"""What the disk or the database can get wrong, in words for the person who must set it right."""

from __future__ import annotations

from engine.errors import N_, StorageError


class HomeNotWritable(StorageError):
    code = "HOME_NOT_WRITABLE"
    message = N_("Bentu cannot write to its folder {path}: {problem}.")
    remedy = N_("Give yourself the right to write there, or set BENTU_HOME to a folder that you own.")


class NetworkFilesystem(StorageError):
    code = "NETWORK_FILESYSTEM"
    message = N_("The database {path} would lie on a network drive ({filesystem}), where SQLite loses data.")
    remedy = N_(
        "Set BENTU_HOME to a folder on a local disk, or use PostgreSQL: set BENTU_DATABASE_URL to postgresql+psycopg://…"
    )


class DatabaseDamaged(StorageError):
    code = "DATABASE_DAMAGED"
    message = N_("The database {path} is damaged ({problem}), so Bentu does not open it.")
    remedy = N_(
        "The newest sound copy is {backup}. With Bentu stopped, move {path} and the files {path}-wal and "
        "{path}-shm to another place, then copy {backup} to {path}."
    )


class DatabaseDamagedNoCopy(StorageError):
    code = "DATABASE_DAMAGED_NO_COPY"
    message = N_(
        "The database {path} is damaged ({problem}), so Bentu does not open it. No sound copy was found."
    )
    remedy = N_(
        "Put your own backup of {path} in its place, or move it away to start with an empty database."
    )


class SchemaTooNew(StorageError):
    code = "SCHEMA_TOO_NEW"
    message = N_(
        "The database has the format {found}, which this version of Bentu does not know (it knows {known})."
    )
    remedy = N_("Update Bentu, or set BENTU_HOME to another folder.")


class SchemaTooOld(StorageError):
    code = "SCHEMA_TOO_OLD"
    message = N_("The database has the format {found}; this version of Bentu needs {known}.")
    remedy = N_("Start Bentu once: it makes a copy of the database and brings it up to date.")


class DatabaseBusy(StorageError):
    code = "DATABASE_BUSY"
    message = N_(
        "Another program kept the database busy for more than {seconds} seconds; nothing was written."
    )
    remedy = N_("Try again in a moment. If it stays so, close the program that has the database file open.")


class DatabaseUnreachable(StorageError):
    code = "DATABASE_UNREACHABLE"
    message = N_("The database does not answer: {problem}.")
    remedy = N_(
        "Check that it runs and that BENTU_DATABASE_URL is right, then try again; nothing was written."
    )


class DiskFull(StorageError):
    code = "DISK_FULL"
    message = N_("The disk is full, so nothing was written; what was there before is intact.")
    remedy = N_("Free some space on the disk that holds {path}, then try again.")


class LowSpace(StorageError):
    code = "LOW_SPACE"
    message = N_("Only {free} MB are free on the disk that holds {path}; new work needs {needed} MB.")
    remedy = N_("Free some space, then start again; nothing was lost.")


class ArtifactMissing(StorageError):
    code = "ARTIFACT_MISSING"
    message = N_("A stored file is gone: {digest}.")
    remedy = N_("Put it back from a backup of the folder {path}, or make what it belonged to anew.")


class ArtifactDamaged(StorageError):
    code = "ARTIFACT_DAMAGED"
    message = N_("A stored file is damaged: {digest} no longer has the content that was saved.")
    remedy = N_("Put it back from a backup of the folder {path}, or make what it belonged to anew.")
