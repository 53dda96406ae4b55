from __future__ import annotations

import pytest
from sqlalchemy import select

from models import ApiKey, Database
from services.auth import LOCAL, ApiKeys, Authenticator, Scope
from services.errors import InvalidInputError, NotFoundError, UnauthorizedError


def authenticator(keys: ApiKeys) -> Authenticator:
    return Authenticator(keys, required=True)


def test_a_key_authenticates_with_its_scopes(database: Database):
    keys = ApiKeys(database)
    info, key = keys.create("dashboard", ["tasks:read", "tasks:write"])
    principal = authenticator(keys).authenticate(key)
    assert (principal.id, principal.name, principal.kind) == (f"key:{info.id}", "dashboard", "key")
    assert principal.scopes == {"tasks:read", "tasks:write"}


def test_the_key_itself_is_nowhere_in_the_database(database: Database):
    _, key = ApiKeys(database).create("dashboard", ["admin"])
    with database.reader() as session:
        row = session.scalars(select(ApiKey)).one()
    stored = " ".join(str(getattr(row, column.key)) for column in ApiKey.__table__.columns)
    assert key not in stored
    assert len(key) >= 3 + 43  # 256 random bits
    assert key.startswith(row.prefix)
    assert len(row.prefix) < 12


@pytest.mark.parametrize("token", ["", None, "tb_", "tb_wrong", "wrong", "\udcff", "tb_" + "x" * 10_000])
def test_anything_else_is_refused(database: Database, token: str | None):
    keys = ApiKeys(database)
    keys.create("dashboard", ["admin"])
    with pytest.raises(UnauthorizedError):
        authenticator(keys).authenticate(token)


def test_a_revoked_key_is_worthless_at_once(database: Database):
    keys = ApiKeys(database)
    info, key = keys.create("dashboard", ["admin"])
    authenticator(keys).authenticate(key)
    first = keys.revoke(info.id)
    with pytest.raises(UnauthorizedError):
        authenticator(keys).authenticate(key)
    assert keys.revoke(info.id).revoked_at == first.revoked_at


def test_revoking_a_key_that_is_not_there_says_so(database: Database):
    with pytest.raises(NotFoundError):
        ApiKeys(database).revoke(12)


def test_use_is_noted_at_most_once_a_minute(database: Database):
    now = [1000.0]
    keys = ApiKeys(database, clock=lambda: now[0])
    _, key = keys.create("dashboard", ["admin"])
    noted = []
    for moment in (1000.0, 1059.0, 1061.0):
        now[0] = moment
        authenticator(keys).authenticate(key)
        noted.append(keys.list()[0].last_used_at)
    assert noted == [1000.0, 1000.0, 1061.0]


@pytest.mark.parametrize(("name", "scopes"), [("", ["admin"]), ("x" * 201, ["admin"]), ("a", []), ("a", ["root"])])
def test_a_key_needs_a_name_and_scopes_that_exist(database: Database, name: str, scopes: list[str]):
    with pytest.raises(InvalidInputError):
        ApiKeys(database).create(name, scopes)


def test_without_authentication_everybody_is_the_local_principal(database: Database):
    nobody_asked = Authenticator(ApiKeys(database), required=False)
    assert nobody_asked.authenticate(None) is LOCAL
    assert nobody_asked.authenticate("tb_whatever") is LOCAL
    assert LOCAL.allows(Scope.ADMIN)
