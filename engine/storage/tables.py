"""The tables, in SQLAlchemy Core. Migrations hold how a database gets here; a contract test compares the two."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from engine.storage.moments import UTCDateTime

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def new_id(prefix: str) -> str:
    """A new id such as `run_` and 20 characters (100 random bits); never made from what a person typed."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(20))


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# JSON null in a nullable column is SQL NULL, so that "is null" means "not there"
_Json = JSON(none_as_null=True)
_Big = BigInteger()


def _id() -> Column[Any]:
    return Column("id", Text, primary_key=True)


def _owner() -> Column[Any]:
    return Column("owner", Text, nullable=False)


def _needs(name: str, type_: Any, **options: Any) -> Column[Any]:
    return Column(name, type_, nullable=False, **options)


def _digest(name: str, *, nullable: bool = False) -> Column[Any]:
    """A column that holds the digest of an artifact and so keeps its file (`artifacts.collect`)."""
    return Column(name, Text, nullable=nullable, info={"digest": True})


def _of(name: str, target: str, *, nullable: bool = False, cascade: bool = True) -> Column[Any]:
    key = ForeignKey(f"{target}.id", ondelete="CASCADE" if cascade else None)
    return Column(name, Text, key, nullable=nullable)


project = Table(
    "project", metadata,
    _id(), _owner(),
    _needs("name", Text),
    _needs("sample", Boolean),
    _needs("created", UTCDateTime),
    _needs("updated", UTCDateTime),
    Column("draft", _Json),
    _needs("draft_revision", Integer),
    Index(None, "owner", "updated"),
)  # fmt: skip

dataset = Table(
    "dataset", metadata,
    _id(), _owner(),
    _of("project_id", "project"),
    _needs("name", Text),
    _needs("created", UTCDateTime),
    Index(None, "project_id"),
)  # fmt: skip

dataset_version = Table(
    "dataset_version", metadata,
    _id(), _owner(),
    _of("project_id", "project"),
    _of("dataset_id", "dataset"),
    _of("parent_id", "dataset_version", nullable=True, cascade=False),
    _needs("number", Integer),
    _needs("digest", Text),
    _digest("artifact"),
    _needs("schema", _Json),
    _needs("rows", Integer),
    _needs("columns", Integer),
    _needs("source", _Json),
    _needs("findings", _Json),
    _needs("created", UTCDateTime),
    UniqueConstraint("dataset_id", "number"),
    Index(None, "project_id"),
    Index(None, "parent_id"),
)  # fmt: skip

split = Table(
    "split", metadata,
    _id(), _owner(),
    _of("version_id", "dataset_version"),
    _needs("spec", _Json),
    _digest("artifact"),
    _needs("counts", _Json),
    _needs("leaks", _Json),
    _needs("findings", _Json),
    _needs("created", UTCDateTime),
    Index(None, "version_id"),
)  # fmt: skip

job = Table(
    "job", metadata,
    _id(), _owner(),
    _of("project_id", "project", nullable=True),
    _needs("kind", Text),
    _needs("lane", Text),
    Column("group_id", Text),
    _needs("spec", _Json),
    _needs("priority", Integer),
    _needs("state", Text),
    Column("phase", Text),
    _needs("attempt", Integer),
    _needs("max_attempts", Integer),
    Column("lease_token", Text),
    Column("lease_until", UTCDateTime),
    Column("cancel", Text),
    Column("cancel_at", UTCDateTime),
    _needs("executor", Text),
    Column("pid", Integer),
    Column("pid_started", Float),
    Column("boot_id", Text),
    _needs("folder", Text),
    Column("idempotency", Text),
    Column("error", _Json),
    Column("result", _Json),
    _needs("seconds", Float),
    _needs("created", UTCDateTime),
    _needs("queued_at", UTCDateTime),
    Column("started", UTCDateTime),
    Column("finished", UTCDateTime),
    UniqueConstraint("owner", "idempotency"),
    Index(None, "state", "lane", "owner"),
    Index(None, "owner", "lane", "started"),
    Index(None, "owner", "created"),
    Index(None, "project_id", "created"),
)  # fmt: skip

job_event = Table(
    "job_event", metadata,
    Column("id", _Big.with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _of("job_id", "job"),
    _needs("attempt", Integer),
    _needs("seq", Integer),
    _needs("ts", UTCDateTime),
    _needs("kind", Text),
    _needs("payload", _Json),
    UniqueConstraint("job_id", "attempt", "seq"),
    Index(None, "job_id", "id"),
    sqlite_autoincrement=True,
)  # fmt: skip

run = Table(
    "run", metadata,
    _id(), _owner(),
    _of("project_id", "project"),
    _of("version_id", "dataset_version", cascade=False),
    _of("split_id", "split", nullable=True, cascade=False),
    _of("job_id", "job", cascade=False),
    _needs("name", Text),
    _needs("family", Text),
    _needs("recipe", _Json),
    _needs("recipe_digest", Text),
    _needs("stopped_early", Boolean),
    Column("metrics", _Json),
    Column("parity", _Json),
    Column("environment", _Json),
    _digest("bundle", nullable=True),
    Column("predictions", _Json),
    Column("cloned_from", Text),
    _needs("created", UTCDateTime),
    Column("deleted", UTCDateTime),
    _needs("idempotency", Text),
    UniqueConstraint("owner", "idempotency"),
    Index(None, "owner", "project_id", "created"),
    Index(None, "project_id"),
    Index(None, "version_id"),
    Index(None, "split_id"),
    Index(None, "job_id"),
)  # fmt: skip

# A search through the settings of a family, or the ladder over families; its jobs carry its id as their group.
search = Table(
    "search", metadata,
    _id(), _owner(),
    _of("project_id", "project"),
    _of("version_id", "dataset_version"),
    Column("split_id", Text),
    _needs("kind", Text),
    _needs("recipe", _Json),
    _needs("plan", _Json),
    _needs("created", UTCDateTime),
    Column("deadline", UTCDateTime),
    _needs("idempotency", Text),
    UniqueConstraint("owner", "idempotency"),
    Index(None, "owner", "project_id", "created"),
    Index(None, "project_id"),
    Index(None, "version_id"),
)  # fmt: skip

candidate = Table(
    "candidate", metadata,
    _id(), _owner(),
    _of("search_id", "search"),
    _needs("number", Integer),
    _needs("family", Text),
    _needs("params", _Json),
    _needs("state", Text),
    _needs("job_id", Text),
    Column("score", Float),
    Column("low", Float),
    Column("high", Float),
    _needs("curve", _Json),
    _needs("seconds", Float),
    Column("size", _Big),
    Column("latency", Float),
    _digest("probabilities", nullable=True),
    Column("note", _Json),
    _needs("started", UTCDateTime),
    Column("finished", UTCDateTime),
    UniqueConstraint("search_id", "number"),
)  # fmt: skip

evaluation = Table(
    "evaluation", metadata,
    _id(), _owner(),
    _of("run_id", "run"),
    _needs("part", Text),
    _digest("artifact"),
    _digest("predictions"),
    _needs("headline", _Json),
    _needs("created", UTCDateTime),
    UniqueConstraint("run_id", "part"),
)  # fmt: skip

test_opening = Table(
    "test_opening", metadata,
    _id(), _owner(),
    _of("split_id", "split"),
    _of("run_id", "run"),
    _needs("reason", Text),
    _needs("opened", UTCDateTime),
    Index(None, "split_id"),
    Index(None, "run_id"),
)  # fmt: skip

# Who opened the test part of which tables; refers to nothing, since it outlives run, dataset and project. Its digests
# keep no file: one is compared, not read. An opening stands here once for each table of its lineage.
opened_rows = Table(
    "opened_rows", metadata,
    Column("opening", Text, primary_key=True),
    Column("artifact", Text, primary_key=True),
    _owner(),
    _needs("run", Text),
    _needs("reason", Text),
    _needs("opened", UTCDateTime),
    Index(None, "owner", "artifact"),
)  # fmt: skip

demo = Table(
    "demo", metadata,
    _id(), _owner(),
    _of("project_id", "project"),
    _needs("title", Text),
    _needs("description", Text),
    _needs("consent", Text),
    _needs("examples", _Json),
    _needs("languages", _Json),
    _needs("state", Text),
    _needs("token_digest", Text),
    Column("expires", UTCDateTime),
    _needs("serial", Integer),
    Column("version_id", Text),
    _needs("visits", Integer),
    _needs("answers", Integer),
    _needs("created", UTCDateTime),
    _needs("updated", UTCDateTime),
    UniqueConstraint("token_digest"),
    Index(None, "owner", "project_id"),
    Index(None, "project_id"),
)  # fmt: skip

model_version = Table(
    "model_version", metadata,
    _id(), _owner(),
    _of("demo_id", "demo"),
    _of("run_id", "run", cascade=False),
    _needs("number", Integer),
    _digest("bundle"),
    _needs("manifest", Text),
    _needs("parity", _Json),
    Column("override_reason", Text),
    _needs("created", UTCDateTime),
    UniqueConstraint("demo_id", "number"),
    UniqueConstraint("demo_id", "run_id"),
    Index(None, "run_id"),
)  # fmt: skip

promotion = Table(
    "promotion", metadata,
    _id(), _owner(),
    _of("demo_id", "demo"),
    _of("version_id", "model_version"),
    Column("former_id", Text),
    _needs("kind", Text),
    Column("comparison", _Json),
    _needs("at", UTCDateTime),
    Index(None, "demo_id", "at"),
    Index(None, "version_id"),
)  # fmt: skip

demo_alert = Table(
    "demo_alert", metadata,
    _id(), _owner(),
    _of("demo_id", "demo"),
    _needs("key", Text),
    _needs("error", _Json),
    _needs("at", UTCDateTime),
    UniqueConstraint("demo_id", "key"),
)  # fmt: skip

feedback = Table(
    "feedback", metadata,
    _id(), _owner(),
    _of("project_id", "project"),
    _of("demo_id", "demo"),
    _needs("key", Text),
    _needs("model", Integer),
    _needs("inputs", _Json),
    _needs("answer", Text),
    _needs("confidence", Float),
    _needs("right", Boolean),
    Column("correction", Text),
    Column("comment", Text),
    _needs("visitor", Text),
    _needs("locale", Text),
    _needs("received", UTCDateTime),
    _needs("state", Text),
    Column("label", Text),
    _needs("revision", Integer),
    _needs("updated", UTCDateTime),
    _of("dataset_version_id", "dataset_version", nullable=True, cascade=False),
    UniqueConstraint("demo_id", "key"),
    Index(None, "owner", "project_id", "state", "received"),
    Index(None, "project_id"),
    Index(None, "dataset_version_id"),
)  # fmt: skip

feedback_change = Table(
    "feedback_change", metadata,
    _id(), _owner(),
    _of("feedback_id", "feedback"),
    _needs("revision", Integer),
    _needs("state", Text),
    Column("label", Text),
    _needs("applied", Boolean),
    _needs("at", UTCDateTime),
    Index(None, "feedback_id", "at"),
)  # fmt: skip

result = Table(
    "result", metadata,
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _digest("artifact", nullable=True),
    Column("value", _Json),
    _needs("created", UTCDateTime),
)  # fmt: skip

setting = Table(
    "setting", metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _needs("value", _Json),
)  # fmt: skip
