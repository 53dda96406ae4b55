"""Findings belong to a group of a bank and are kept from task to task; fingerprints are stored"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_GUARDS = ("guard_numbers", "guard_symbols", "guard_words", "guard_options")
_CLUSTER = "type_name, subject_name, channel_code, representative_id, size, exact, near, review, variant"
_CLUSTER += ", min_similarity, max_similarity, revision"


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in ("duplicate_clusters", "duplicate_members", "cluster_decisions"):
        op.execute(f"CREATE TABLE earlier_{table} AS SELECT * FROM {table}")  # noqa: S608 (our own names)
    _drop_findings()
    op.drop_index("ix_duplicate_clusters_unit_id", table_name="duplicate_clusters")
    op.drop_index("ix_duplicate_clusters_task_id_id", table_name="duplicate_clusters")
    op.drop_table("duplicate_clusters")
    _create_groups()
    op.create_table(
        "duplicate_clusters",
        sa.Column("id", _id(), nullable=False),
        sa.Column("group_id", _id(), nullable=False),
        *_cluster_columns(),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["duplicate_groups.id"],
            name=op.f("fk_duplicate_clusters_group_id_duplicate_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_clusters")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_duplicate_clusters_group_id_id"), "duplicate_clusters", ["group_id", "id"], unique=False)
    _create_findings()
    _group_earlier_findings()
    op.execute(
        f"INSERT INTO duplicate_clusters (id, group_id, {_CLUSTER}) "  # noqa: S608
        f"SELECT id, (SELECT group_id FROM task_groups WHERE unit_id = c.unit_id), {_CLUSTER} "
        "FROM earlier_duplicate_clusters c ORDER BY id"
    )
    for table in ("duplicate_members", "cluster_decisions"):
        op.execute(f"INSERT INTO {table} SELECT * FROM earlier_{table}")  # noqa: S608
    _go_on_counting()
    for table in ("duplicate_clusters", "duplicate_members", "cluster_decisions"):
        op.drop_table(f"earlier_{table}")
    _widen_index("status", "updated_at")


def downgrade() -> None:
    """What was found goes: the older tables belong to a task each. Decisions go with it; questions stay as they are."""
    _narrow_index()
    _drop_findings()
    op.drop_table("unit_outputs")
    op.drop_table("fingerprint_parts")
    op.drop_index(op.f("ix_duplicate_clusters_group_id_id"), table_name="duplicate_clusters")
    op.drop_table("duplicate_clusters")
    op.drop_table("task_groups")
    op.drop_table("duplicate_groups")
    op.create_table(
        "duplicate_clusters",
        sa.Column("id", _id(), nullable=False),
        sa.Column("task_id", _id(), nullable=False),
        sa.Column("unit_id", _id(), nullable=False),
        *_cluster_columns(),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_duplicate_clusters_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["task_units.id"], name=op.f("fk_duplicate_clusters_unit_id_task_units"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_clusters")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_duplicate_clusters_task_id_id"), "duplicate_clusters", ["task_id", "id"], unique=False)
    op.create_index(op.f("ix_duplicate_clusters_unit_id"), "duplicate_clusters", ["unit_id"], unique=False)
    _create_findings()


def _cluster_columns() -> list[sa.Column[Any]]:
    names = [sa.Column(name, sa.String(length=200), nullable=False) for name in ("type_name", "subject_name")]
    counts = ("representative_id", "size", "exact", "near", "review", "variant")
    return [
        *names,
        sa.Column("channel_code", sa.String(length=200), nullable=False),
        *(sa.Column(name, _id(), nullable=False) for name in counts),
        sa.Column("min_similarity", sa.Float(precision=53), nullable=False),
        sa.Column("max_similarity", sa.Float(precision=53), nullable=False),
        sa.Column("revision", _id(), nullable=False, server_default="0"),
    ]


def _drop_findings() -> None:
    op.drop_index("ix_cluster_decisions_act_id_cluster_id", table_name="cluster_decisions")
    op.drop_index("ix_duplicate_members_question_id", table_name="duplicate_members")
    op.drop_table("duplicate_members")
    op.drop_table("cluster_decisions")


def _create_groups() -> None:
    op.create_table(
        "duplicate_groups",
        sa.Column("id", _id(), nullable=False),
        sa.Column("bank_id", _id(), nullable=False),
        sa.Column("type_name", sa.String(length=200), nullable=False),
        sa.Column("subject_name", sa.String(length=200), nullable=False),
        sa.Column("channel_code", sa.String(length=200), nullable=False),
        sa.Column("settings", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=150), nullable=False),
        sa.Column("questions", _id(), nullable=False),
        sa.Column("revision", _id(), nullable=False),
        sa.Column("writer", sa.String(length=80), nullable=True),
        sa.Column("written_at", sa.Float(precision=53), nullable=True),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_groups")),
        sa.UniqueConstraint(
            "bank_id",
            "type_name",
            "subject_name",
            "channel_code",
            "settings",
            name="uq_duplicate_groups_identity",
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "task_groups",
        sa.Column("task_id", _id(), nullable=False),
        sa.Column("group_id", _id(), nullable=False),
        sa.Column("unit_id", _id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_groups_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["duplicate_groups.id"],
            name=op.f("fk_task_groups_group_id_duplicate_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["task_units.id"], name=op.f("fk_task_groups_unit_id_task_units"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "group_id", name=op.f("pk_task_groups")),
    )
    op.create_index(op.f("ix_task_groups_group_id"), "task_groups", ["group_id"], unique=False)
    op.create_index(op.f("ix_task_groups_unit_id"), "task_groups", ["unit_id"], unique=False)
    op.create_table(
        "fingerprint_parts",
        sa.Column("id", _id(), nullable=False),
        sa.Column("bank_id", _id(), nullable=False),
        sa.Column("group_key", sa.String(length=32), nullable=False),
        sa.Column("first_id", _id(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=100), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"],
            ["question_banks.id"],
            name=op.f("fk_fingerprint_parts_bank_id_question_banks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fingerprint_parts")),
        sa.UniqueConstraint(
            "bank_id", "group_key", "first_id", name=op.f("uq_fingerprint_parts_bank_id_group_key_first_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "unit_outputs",
        sa.Column("unit_id", _id(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["task_units.id"], name=op.f("fk_unit_outputs_unit_id_task_units"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_unit_outputs")),
    )


def _create_findings() -> None:
    """As they were, but for the table of clusters that they belong to."""
    op.create_table(
        "duplicate_members",
        sa.Column("cluster_id", _id(), nullable=False),
        sa.Column("question_id", _id(), autoincrement=False, nullable=False),
        sa.Column("position", _id(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("similarity", sa.Float(precision=53), nullable=False),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["duplicate_clusters.id"],
            name=op.f("fk_duplicate_members_cluster_id_duplicate_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("cluster_id", "question_id", name=op.f("pk_duplicate_members")),
    )
    op.create_index(op.f("ix_duplicate_members_question_id"), "duplicate_members", ["question_id"], unique=False)
    op.create_table(
        "cluster_decisions",
        sa.Column("cluster_id", _id(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("keep_id", _id(), nullable=True),
        sa.Column("exclude", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("merged", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", sa.Float(precision=53), nullable=False),
        sa.Column("act_id", _id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["duplicate_clusters.id"],
            name=op.f("fk_cluster_decisions_cluster_id_duplicate_clusters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_decisions")),
    )
    op.create_index(
        op.f("ix_cluster_decisions_act_id_cluster_id"), "cluster_decisions", ["act_id", "cluster_id"], unique=False
    )


def _group_earlier_findings() -> None:
    """A group for each group of each earlier task. The newest task's goes on under the settings it was searched with;
    those before it stay what they were, apart, each with its own clusters.
    """
    connection = op.get_bind()
    tasks = connection.execute(sa.text("SELECT id, params FROM tasks WHERE kind = 'dedup' ORDER BY id DESC")).all()
    taken: set[tuple[Any, ...]] = set()
    for task_id, given in tasks:
        params = _json(given)
        units = sa.text("SELECT id, spec FROM task_units WHERE task_id = :task ORDER BY id")
        for unit_id, raw in connection.execute(units, {"task": task_id}).all():
            names = _json(raw)["group"]
            filters = params.get("filters") or {}
            # What a filter holds fast is no wider than its value, whatever the group was widened across.
            names = {name: filters.get(name) or value if value == "*" else value for name, value in names.items()}
            wide = [name for name, value in names.items() if value == "*"]
            key = (params["bank_id"], *names.values(), _settings(params.get("options") or {}, wide))
            if key in taken:
                key = (*key[:-1], f"task {task_id}")
            taken.add(key)
            _insert_group(connection, key, names, task_id, unit_id)


def _insert_group(
    connection: sa.Connection, key: tuple[Any, ...], names: dict[str, str], task_id: int, unit_id: int
) -> None:
    columns = "bank_id, type_name, subject_name, channel_code, settings, version, digest, questions, revision"
    values = {"bank": key[0], "settings": key[-1], **names}
    group = connection.execute(
        sa.text(
            f"INSERT INTO duplicate_groups ({columns}) "  # noqa: S608
            "VALUES (:bank, :type_name, :subject_name, :channel_code, :settings, '', '', 0, 0) RETURNING id"
        ),
        values,
    ).scalar()
    connection.execute(
        sa.text("INSERT INTO task_groups (task_id, group_id, unit_id) VALUES (:task, :group, :unit)"),
        {"task": task_id, "group": group, "unit": unit_id},
    )


def _settings(options: dict[str, Any], wide: list[str]) -> str:
    """services.dedup.groups.settings_of, as it was when this was written."""
    off = [name for name in _GUARDS if not options.get(name, True)]
    words = [f"threshold={float(options.get('threshold', 0.8)):g}", *(f"no_{name}" for name in off)]
    return " ".join(words + [f"across={name}" for name in wide])


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _go_on_counting() -> None:
    """Ids of clusters go on where they were."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('duplicate_clusters', 'id'), "
            "GREATEST((SELECT MAX(id) FROM duplicate_clusters), 1))"
        )


def _widen_index(*more: str) -> None:
    """Whether a group has changed is read from this index alone."""
    columns = ["bank_id", "type_name", "subject_name", "channel_code", "id"]
    op.drop_index(op.f("ix_questions_bank_id_type_name_subject_name_channel_code_id"), table_name="questions")
    op.create_index("ix_questions_group", "questions", [*columns, *more], unique=False)


def _narrow_index() -> None:
    op.drop_index("ix_questions_group", table_name="questions")
    columns = ["bank_id", "type_name", "subject_name", "channel_code", "id"]
    op.create_index(
        op.f("ix_questions_bank_id_type_name_subject_name_channel_code_id"), "questions", columns, unique=False
    )
