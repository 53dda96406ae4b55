from __future__ import annotations

import pytest

from services.auth import ALL_SCOPES, LOCAL, Principal, Scope
from services.errors import ForbiddenError


def principal(*scopes: str) -> Principal:
    return Principal(id="key:1", name="a key", scopes=frozenset(scopes), kind="key")


def test_a_scope_that_is_there_is_enough():
    principal(Scope.TASKS_READ).require(Scope.TASKS_READ)


def test_a_scope_that_is_missing_is_named():
    with pytest.raises(ForbiddenError, match="tasks:write"):
        principal(Scope.TASKS_READ).require(Scope.TASKS_WRITE)


@pytest.mark.parametrize("scope", sorted(ALL_SCOPES))
def test_admin_implies_every_scope(scope: str):
    principal(Scope.ADMIN).require(scope)


@pytest.mark.parametrize("scope", sorted(ALL_SCOPES))
def test_without_authentication_everything_is_allowed(scope: str):
    LOCAL.require(scope)
