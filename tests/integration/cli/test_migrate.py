import json

import pytest
from sqlalchemy import text

from models.schema import schema_state
from models.session import Database


@pytest.fixture
def empty_postgres_url(postgres_url):
    database = Database(postgres_url)
    with database.transaction() as session:
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    database.close()
    return postgres_url


def test_migrate_makes_the_sqlite_file_and_says_so(taskbeam, data_dir):
    first = taskbeam("migrate")
    second = json.loads(taskbeam("migrate", "--json").stdout)

    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("The database went from (empty) to ")
    assert second["before"] == second["after"]
    assert (data_dir / "taskbeam.db").exists()


def test_migrate_brings_an_empty_postgres_to_the_head(inside, environment, empty_postgres_url):
    environment["TASKBEAM_DATABASE_URL"] = empty_postgres_url

    status, _, _ = inside("migrate")

    database = Database(empty_postgres_url)
    state = schema_state(database)
    database.close()
    assert status == 0
    assert state.is_current


@pytest.mark.parametrize("command", [("serve",), ("keys", "list")])
def test_nothing_starts_on_a_postgres_behind_the_head(taskbeam, environment, empty_postgres_url, command):
    environment["TASKBEAM_DATABASE_URL"] = empty_postgres_url

    done = taskbeam(*command)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("Run: python app.py migrate")


def test_an_unreachable_database_is_one_line_without_the_password(inside, environment):
    environment["TASKBEAM_DATABASE_URL"] = "postgresql://user:hunter2@127.0.0.1:1/name"

    status, out, err = inside("migrate")

    assert (status, out) == (1, "")
    assert err.startswith("migrate: The database postgresql+psycopg://user:***@127.0.0.1:1/name cannot be used")
    assert "hunter2" not in err
    assert err.count("\n") == 1
