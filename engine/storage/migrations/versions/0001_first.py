"""The first format: projects, datasets, runs, evaluations, jobs and artifacts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text()
JSON = sa.JSON()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "artifact",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_artifact"),
    )
    op.create_table(
        "project",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("draft", JSON, nullable=True),
        sa.Column("draft_revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
    )
    op.create_index("ix_project_owner_updated", "project", ["owner", "updated"])
    op.create_table(
        "result",
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("artifact", TEXT, nullable=True),
        sa.Column("value", JSON, nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("owner", "kind", "key", name="pk_result"),
    )
    op.create_table(
        "setting",
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_setting"),
    )
    op.create_table(
        "artifact_ref",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("ref_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"], ["artifact.digest"], name="fk_artifact_ref_digest", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", "owner", "kind", "ref_id", name="pk_artifact_ref"),
    )
    op.create_index("ix_artifact_ref_kind_ref_id", "artifact_ref", ["kind", "ref_id"])
    op.create_table(
        "dataset",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_dataset_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dataset"),
    )
    op.create_index("ix_dataset_project_id", "dataset", ["project_id"])
    op.create_table(
        "job",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("lane", TEXT, nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("phase", TEXT, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", TEXT, nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("cancel", TEXT, nullable=True),
        sa.Column("cancel_at", TIME, nullable=True),
        sa.Column("executor", TEXT, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("pid_started", sa.Float(), nullable=True),
        sa.Column("boot_id", TEXT, nullable=True),
        sa.Column("folder", TEXT, nullable=False),
        sa.Column("idempotency", TEXT, nullable=True),
        sa.Column("error", JSON, nullable=True),
        sa.Column("result", JSON, nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("started", TIME, nullable=True),
        sa.Column("finished", TIME, nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_job_project_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("owner", "idempotency", name="uq_job_owner_idempotency"),
    )
    op.create_index("ix_job_owner_created", "job", ["owner", "created"])
    op.create_index("ix_job_owner_lane_started", "job", ["owner", "lane", "started"])
    op.create_index("ix_job_project_id_created", "job", ["project_id", "created"])
    op.create_index("ix_job_state_lane_owner", "job", ["state", "lane", "owner"])
    op.create_table(
        "dataset_version",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("dataset_id", TEXT, nullable=False),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("artifact", TEXT, nullable=False),
        sa.Column("schema", JSON, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("source", JSON, nullable=False),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name="fk_dataset_version_dataset_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["dataset_version.id"], name="fk_dataset_version_parent_id"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_dataset_version_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dataset_version"),
        sa.UniqueConstraint("dataset_id", "number", name="uq_dataset_version_dataset_id_number"),
    )
    op.create_index("ix_dataset_version_parent_id", "dataset_version", ["parent_id"])
    op.create_index("ix_dataset_version_project_id", "dataset_version", ["project_id"])
    op.create_table(
        "job_event",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ts", TIME, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_event_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_job_event"),
        sa.UniqueConstraint("job_id", "attempt", "seq", name="uq_job_event_job_id_attempt_seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_event_job_id_id", "job_event", ["job_id", "id"])
    op.create_table(
        "split",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("artifact", TEXT, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("leaks", JSON, nullable=False),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["dataset_version.id"], name="fk_split_version_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_split"),
    )
    op.create_index("ix_split_version_id", "split", ["version_id"])
    op.create_table(
        "run",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("split_id", TEXT, nullable=True),
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("family", TEXT, nullable=False),
        sa.Column("recipe", JSON, nullable=False),
        sa.Column("recipe_digest", TEXT, nullable=False),
        sa.Column("stopped_early", sa.Boolean(), nullable=False),
        sa.Column("metrics", JSON, nullable=True),
        sa.Column("parity", JSON, nullable=True),
        sa.Column("environment", JSON, nullable=True),
        sa.Column("bundle", TEXT, nullable=True),
        sa.Column("predictions", JSON, nullable=True),
        sa.Column("cloned_from", TEXT, nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("deleted", TIME, nullable=True),
        sa.Column("idempotency", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_run_job_id"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_run_project_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["split_id"], ["split.id"], name="fk_run_split_id"),
        sa.ForeignKeyConstraint(["version_id"], ["dataset_version.id"], name="fk_run_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("owner", "idempotency", name="uq_run_owner_idempotency"),
    )
    op.create_index("ix_run_job_id", "run", ["job_id"])
    op.create_index("ix_run_owner_project_id_created", "run", ["owner", "project_id", "created"])
    op.create_index("ix_run_project_id", "run", ["project_id"])
    op.create_index("ix_run_split_id", "run", ["split_id"])
    op.create_index("ix_run_version_id", "run", ["version_id"])
    op.create_table(
        "evaluation",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("part", TEXT, nullable=False),
        sa.Column("artifact", TEXT, nullable=False),
        sa.Column("predictions", TEXT, nullable=False),
        sa.Column("headline", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_evaluation_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_evaluation"),
        sa.UniqueConstraint("run_id", "part", name="uq_evaluation_run_id_part"),
    )
    op.create_table(
        "test_opening",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("split_id", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("opened", TIME, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_test_opening_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["split_id"], ["split.id"], name="fk_test_opening_split_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_test_opening"),
    )
    op.create_index("ix_test_opening_run_id", "test_opening", ["run_id"])
    op.create_index("ix_test_opening_split_id", "test_opening", ["split_id"])
