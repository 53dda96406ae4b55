from __future__ import annotations

import pytest

from models import Database
from tests.factories import TaskHouse


@pytest.fixture
def house(database: Database) -> TaskHouse:
    return TaskHouse(database)
