"""What people did about duplicates, and a revision of each cluster"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "review_acts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("task_id", BIG, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("cluster_id", BIG, nullable=True),
        sa.Column("filters", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("undoes", BIG, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("clusters", BIG, nullable=False),
        sa.Column("questions", BIG, nullable=False),
        sa.Column("done_by", sa.String(length=200), nullable=False),
        sa.Column("done_at", sa.Float(precision=53), nullable=False),
        sa.Column("seen_at", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_review_acts_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_acts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_review_acts_task_id_id"), "review_acts", ["task_id", "id"], unique=False)
    op.add_column("duplicate_clusters", sa.Column("revision", BIG, nullable=False, server_default="0"))
    op.add_column("cluster_decisions", sa.Column("act_id", BIG, nullable=True))
    op.create_index(
        op.f("ix_cluster_decisions_act_id_cluster_id"), "cluster_decisions", ["act_id", "cluster_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_cluster_decisions_act_id_cluster_id"), table_name="cluster_decisions")
    op.drop_column("cluster_decisions", "act_id")
    op.drop_column("duplicate_clusters", "revision")
    op.drop_index(op.f("ix_review_acts_task_id_id"), table_name="review_acts")
    op.drop_table("review_acts")
