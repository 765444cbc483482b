"""The second half of the loop: demos with their model versions, alerts, and the inbox; openings are remembered; two tables go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text()
JSON = sa.JSON()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_table("artifact_ref")
    op.drop_table("artifact")
    op.create_table(
        "opened_rows",
        sa.Column("opening", TEXT, nullable=False),
        sa.Column("artifact", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("opened", TIME, nullable=False),
        sa.PrimaryKeyConstraint("opening", "artifact", name="pk_opened_rows"),
    )
    op.create_index("ix_opened_rows_owner_artifact", "opened_rows", ["owner", "artifact"])
    # before this revision no version had a child: the opened table is the only one of its lineage
    op.execute(
        "INSERT INTO opened_rows (opening, artifact, owner, run, reason, opened) "
        "SELECT test_opening.id, dataset_version.artifact, test_opening.owner, run.name, test_opening.reason, test_opening.opened "
        "FROM test_opening JOIN run ON run.id = test_opening.run_id JOIN split ON split.id = test_opening.split_id "
        "JOIN dataset_version ON dataset_version.id = split.version_id"
    )
    op.create_table(
        "demo",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("consent", TEXT, nullable=False),
        sa.Column("examples", JSON, nullable=False),
        sa.Column("languages", JSON, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("token_digest", TEXT, nullable=False),
        sa.Column("expires", TIME, nullable=True),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("version_id", TEXT, nullable=True),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_demo_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_demo"),
        sa.UniqueConstraint("token_digest", name="uq_demo_token_digest"),
    )
    op.create_index("ix_demo_owner_project_id", "demo", ["owner", "project_id"])
    op.create_index("ix_demo_project_id", "demo", ["project_id"])
    op.create_table(
        "model_version",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("demo_id", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bundle", TEXT, nullable=False),
        sa.Column("manifest", TEXT, nullable=False),
        sa.Column("parity", JSON, nullable=False),
        sa.Column("override_reason", TEXT, nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["demo_id"], ["demo.id"], name="fk_model_version_demo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_model_version_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_model_version"),
        sa.UniqueConstraint("demo_id", "run_id", name="uq_model_version_demo_id_run_id"),
        sa.UniqueConstraint("demo_id", "number", name="uq_model_version_demo_id_number"),
    )
    op.create_index("ix_model_version_run_id", "model_version", ["run_id"])
    op.create_table(
        "promotion",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("demo_id", TEXT, nullable=False),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("former_id", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("comparison", JSON, nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["demo_id"], ["demo.id"], name="fk_promotion_demo_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name="fk_promotion_version_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_promotion"),
    )
    op.create_index("ix_promotion_demo_id_at", "promotion", ["demo_id", "at"])
    op.create_index("ix_promotion_version_id", "promotion", ["version_id"])
    op.create_table(
        "demo_alert",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("demo_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("error", JSON, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["demo_id"], ["demo.id"], name="fk_demo_alert_demo_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_demo_alert"),
        sa.UniqueConstraint("demo_id", "key", name="uq_demo_alert_demo_id_key"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("demo_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("inputs", JSON, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("correction", TEXT, nullable=True),
        sa.Column("comment", TEXT, nullable=True),
        sa.Column("visitor", TEXT, nullable=False),
        sa.Column("locale", TEXT, nullable=False),
        sa.Column("received", TIME, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("dataset_version_id", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_version_id"], ["dataset_version.id"], name="fk_feedback_dataset_version_id"
        ),
        sa.ForeignKeyConstraint(["demo_id"], ["demo.id"], name="fk_feedback_demo_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_feedback_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("demo_id", "key", name="uq_feedback_demo_id_key"),
    )
    op.create_index("ix_feedback_dataset_version_id", "feedback", ["dataset_version_id"])
    op.create_index(
        "ix_feedback_owner_project_id_state_received",
        "feedback",
        ["owner", "project_id", "state", "received"],
    )
    op.create_index("ix_feedback_project_id", "feedback", ["project_id"])
    op.create_table(
        "feedback_change",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("feedback_id", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name="fk_feedback_change_feedback_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback_change"),
    )
    op.create_index("ix_feedback_change_feedback_id_at", "feedback_change", ["feedback_id", "at"])
