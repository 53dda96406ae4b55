import json

import pytest

from models.session import Database
from services.auth import ApiKeys


@pytest.fixture(autouse=True)
def _on_both_databases(environment, database_url):
    environment["TASKBEAM_DATABASE_URL"] = database_url


def test_a_key_stands_alone_on_the_last_line_and_opens_what_it_was_given(taskbeam, database_url):
    done = taskbeam("keys", "create", "--name", "phone", "--scope", "tasks:read", "--scope", "banks:write")

    assert done.returncode == 0, done.stderr
    key = done.stdout.splitlines()[-1]
    database = Database(database_url)
    found = ApiKeys(database).find(key)
    database.close()
    assert found is not None
    assert found.name == "phone"
    assert set(found.scopes) == {"tasks:read", "banks:write"}


def test_the_listing_knows_only_the_beginning_of_a_key(inside):
    key = inside("keys", "create", "--name", "one", "--scope", "admin")[1].strip()

    table = inside("keys", "list")[1]
    listed = json.loads(inside("keys", "list", "--json")[1])

    assert key not in table
    assert "one" in table
    assert [(entry["name"], entry["scopes"], entry["revoked_at"]) for entry in listed] == [("one", ["admin"], None)]
    assert key.startswith(listed[0]["prefix"])
    assert key not in json.dumps(listed)


def test_a_revoked_key_is_shown_as_such(inside):
    made = json.loads(inside("keys", "create", "--name", "one", "--scope", "admin", "--json")[1])

    status, out, _ = inside("keys", "revoke", str(made["id"]))

    assert (status, out) == (0, f"Key {made['id']} (one) is revoked.\n")
    assert json.loads(inside("keys", "list", "--json")[1])[0]["revoked_at"] is not None


def test_revoking_what_is_not_there_fails(inside):
    assert inside("keys", "revoke", "99") == (1, "", "keys: There is no API key 99.\n")
