from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from models import (
    Base,
    ClusterDecision,
    Database,
    DuplicateCluster,
    DuplicateGroup,
    DuplicateMember,
    FoundCluster,
    QuestionBank,
)
from models.schema import _config, schema_state, upgrade


def test_the_migrations_lead_to_exactly_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_migrated_database_is_current_and_an_empty_one_is_not(database: Database, tmp_path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert schema_state(database).is_current
    assert schema_state(empty).current is None
    assert not schema_state(empty).is_current
    empty.close()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    upgrade(database)
    assert schema_state(database).is_current


def test_bank_1_is_the_default_bank(database: Database) -> None:
    with database.reader() as session:
        assert session.execute(select(QuestionBank.id, QuestionBank.name)).all() == [(1, "default")]


def test_what_earlier_tasks_found_and_people_decided_outlives_the_change_to_findings_of_groups(tmp_path: Path) -> None:
    """Two tasks over one group: the newest one's clusters are those that later runs go on with."""
    database = Database(f"sqlite:///{tmp_path / 'earlier.db'}")
    upgrade(database)
    command.downgrade(_config(database), "0004")
    group = '{"group": {"type_name": "t", "subject_name": "s", "channel_code": "c"}}'
    columns = "type_name, subject_name, channel_code, representative_id, size, exact, near, review, variant"
    with database.transaction() as session:
        for task in (1, 2):
            params = '{"bank_id": 1, "filters": {}, "options": {}}'
            session.execute(
                text(
                    "INSERT INTO tasks (id, kind, name, status, priority, owner, params, meta, unit, total, processed, "
                    "work_total, work_done, percentage, message, planned, attempt, last_seq, created_at) "
                    "VALUES (:task, 'dedup', 'x', 'completed', 0, 'me', :params, '{}', 'group', 1, 1, 1, 1, 100, '', "
                    "1, 1, 0, 0)"
                ),
                {"task": task, "params": params},
            )
            session.execute(
                text(
                    "INSERT INTO task_units (id, task_id, stage, position, spec, size, work, status) "
                    "VALUES (:task, :task, 0, 0, :spec, 1, 1, 'done')"
                ),
                {"task": task, "spec": group},
            )
            session.execute(
                text(
                    f"INSERT INTO duplicate_clusters (id, task_id, unit_id, {columns}, min_similarity, "
                    "max_similarity, revision) "
                    "VALUES (:cluster, :task, :task, 't', 's', 'c', 1, 2, 1, 0, 0, 0, 1, 1, 3)"
                ),
                {"task": task, "cluster": task * 10},
            )
            for question in (1, 2):
                session.execute(
                    text(
                        "INSERT INTO duplicate_members VALUES (:cluster, :question, :question - 1, 'exact', 1.0, '{}')"
                    ),
                    {"cluster": task * 10, "question": question},
                )
        session.execute(
            text("INSERT INTO cluster_decisions VALUES (10, 'keep_all', NULL, '[]', '[]', 'me', 0.0, NULL)")
        )
    upgrade(database)
    with database.reader() as session:
        shown = select(DuplicateCluster.task_id, DuplicateCluster.id, DuplicateCluster.revision)
        assert session.execute(shown.order_by(DuplicateCluster.id)).all() == [(1, 10, 3), (2, 20, 3)]
        groups = select(DuplicateGroup.settings).join(FoundCluster, FoundCluster.group_id == DuplicateGroup.id)
        assert session.scalars(groups.order_by(FoundCluster.id)).all() == ["task 1", "threshold=0.8"]
        assert session.scalars(select(ClusterDecision.cluster_id)).all() == [10]
        assert len(session.scalars(select(DuplicateMember.question_id)).all()) == 4
    database.close()
