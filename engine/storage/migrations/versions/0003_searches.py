"""Searches and their candidates; jobs of one search belong together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.Text()
JSON = sa.JSON()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("job", sa.Column("group_id", TEXT, nullable=True))
    op.create_table(
        "search",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("version_id", TEXT, nullable=False),
        sa.Column("split_id", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("recipe", JSON, nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("deadline", TIME, nullable=True),
        sa.Column("idempotency", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name="fk_search_project_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["dataset_version.id"], name="fk_search_version_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_search"),
        sa.UniqueConstraint("owner", "idempotency", name="uq_search_owner_idempotency"),
    )
    op.create_index("ix_search_owner_project_id_created", "search", ["owner", "project_id", "created"])
    op.create_index("ix_search_project_id", "search", ["project_id"])
    op.create_index("ix_search_version_id", "search", ["version_id"])
    op.create_table(
        "candidate",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("search_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("family", TEXT, nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("curve", JSON, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("latency", sa.Float(), nullable=True),
        sa.Column("probabilities", TEXT, nullable=True),
        sa.Column("note", JSON, nullable=True),
        sa.Column("started", TIME, nullable=False),
        sa.Column("finished", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["search_id"], ["search.id"], name="fk_candidate_search_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_candidate"),
        sa.UniqueConstraint("search_id", "number", name="uq_candidate_search_id_number"),
    )
