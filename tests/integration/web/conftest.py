"""The whole web layer over a real database, without a server: no task is computed, every call is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from models import Database
from services.bootstrap import Services, build_services
from services.config import Settings
from web.dashboard_files import DashboardFiles
from web.factory import create_app

ServicesOf = Callable[..., Services]


@pytest.fixture
def services(database: Database, tmp_path: Path) -> Iterator[Services]:
    """On both databases."""
    services = build_services(Settings(data_dir=tmp_path, workers=1), database=database)
    yield services
    services.database.close()  # nothing else was started


@pytest.fixture
def services_of(sqlite_url: str, tmp_path: Path) -> Iterator[ServicesOf]:
    """Services with the settings a test names, over a migrated SQLite database."""
    made: list[Services] = []

    def build(**settings: Any) -> Services:
        chosen = {"data_dir": tmp_path, "workers": 1, "database_url": sqlite_url} | settings
        made.append(build_services(Settings(**chosen)))
        return made[-1]

    yield build
    for services in made:
        services.database.close()  # nothing else was started


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return client_of(services)


@pytest.fixture
def quick_client(services_of: ServicesOf) -> FlaskClient:
    """For what the database has no part in."""
    return client_of(services_of())


class ApiClient(FlaskClient):
    """Calls the server by the name it has; a file that is sent is closed with the answer."""

    def open(self, *arguments: Any, **options: Any) -> Any:
        return super().open(*arguments, **{"base_url": "http://127.0.0.1:5000", "buffered": True} | options)


def client_of(services: Services, dashboard: DashboardFiles | None = None, **headers: str) -> FlaskClient:
    """Without a dashboard, whether one happens to be built here or not, unless it is given."""
    not_built = DashboardFiles(services.settings.data_dir / "not built")
    app = create_app(services, dashboard=dashboard or not_built)
    app.test_client_class = ApiClient
    client = app.test_client()
    for name, value in headers.items():
        client.environ_base[f"HTTP_{name.upper()}"] = value
    return client
