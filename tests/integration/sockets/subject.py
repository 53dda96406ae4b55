"""The server under test, with the kind of task that tests script, and calls that make a task's past quickly.

`python -m tests.integration.sockets.subject DATA_DIR [setting=value …]` prints its port and serves until it is stopped.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
import eventlet

eventlet.monkey_patch()

from eventlet import tpool  # noqa: E402
from flask import Flask, request  # noqa: E402
from sqlalchemy import delete  # noqa: E402

from models import TaskEventRow  # noqa: E402
from models.schema import upgrade  # noqa: E402
from services.auth import LOCAL  # noqa: E402
from services.bootstrap import Services, build_services  # noqa: E402
from services.config import Settings  # noqa: E402
from services.tasks.external import Report  # noqa: E402
from tests.factories import TEST_KINDS  # noqa: E402
from web.factory import create_app  # noqa: E402
from web.transport.push import Push  # noqa: E402
from web.transport.server import listen, serve  # noqa: E402
from web.transport.stop import StopEvent  # noqa: E402


def _add_levers(app: Flask, services: Services, push: Push) -> None:
    @app.post("/test/tasks")
    def create() -> dict[str, object]:
        asked = request.get_json()
        return services.tasks.create(asked["kind"], asked["name"], asked.get("params", {}), by=LOCAL)

    @app.post("/test/external/<int:task_id>/progress/<int:count>")
    def progress(task_id: int, count: int) -> dict[str, object]:
        """Events as fast as they can be recorded, letting others run between."""
        for step in range(count):
            services.external.report(task_id, Report(progress=100 * step / count), by=LOCAL)
            eventlet.sleep(0)
        return {}

    @app.post("/test/tasks/<int:task_id>/compact/<int:seq>")
    def compact(task_id: int, seq: int) -> dict[str, object]:
        with services.database.transaction() as session:
            session.execute(delete(TaskEventRow).where(TaskEventRow.task_id == task_id, TaskEventRow.seq <= seq))
        return {}

    @app.get("/test/push")
    def stats() -> dict[str, int]:
        return push.stats()

    @app.post("/test/keys")
    def key() -> dict[str, object]:
        asked = request.get_json()
        info, text = services.auth.keys.create(asked["name"], asked["scopes"])
        return {"id": info.id, "key": text}

    @app.delete("/test/keys/<int:key_id>")
    def revoke(key_id: int) -> dict[str, object]:
        services.auth.keys.revoke(key_id)
        return {}


def main(data_dir: str, *given: str) -> None:
    settings = Settings(data_dir=Path(data_dir), port=0, workers=2, **dict(each.split("=", 1) for each in given))  # type: ignore[arg-type]
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    services = build_services(settings, offload=tpool.execute, kinds=TEST_KINDS)
    upgrade(services.database)
    app = create_app(services)
    _add_levers(app, services, Push(app.extensions["socketio"]))
    services.start()
    listener = listen(settings.host, settings.port)
    stop = StopEvent()
    stop.on_signals()
    print(listener.getsockname()[1], flush=True)
    serve(listener, app, stop=stop)
    services.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
