"""A server with many running tasks whose progress is made up: the page is measured, not the work behind it."""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

from models import Database  # noqa: E402
from models.schema import upgrade  # noqa: E402
from services.auth import LOCAL  # noqa: E402
from services.bootstrap import Services, build_services  # noqa: E402
from services.config import Settings  # noqa: E402
from services.tasks.event_log import LoggedEvent  # noqa: E402
from services.tasks.external import Report  # noqa: E402
from web.factory import create_app  # noqa: E402
from web.transport.server import listen, serve  # noqa: E402
from web.transport.stop import StopEvent  # noqa: E402

TOTAL = (
    1_000_000  # steps of a task; those it has done are the clock's milliseconds, so that the page shows how late it is
)
RATE = 1.9  # events per second and task: as often as the lobby hears of one, and never held back by it


def main(folder: Path, count: int) -> None:
    settings = Settings(data_dir=folder, workers=1, auth="off")
    database = Database(settings.sqlalchemy_url)
    upgrade(database)
    services = build_services(settings, database=database)
    ids = [_running(services, number) for number in range(count)]
    eventlet.spawn(_report, services, ids)
    stop = StopEvent()
    stop.on_signals()
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    serve(listener, create_app(services), stop=stop)


def _running(services: Services, number: int) -> int:
    task_id = int(services.external.create(f"Task {number}", by=LOCAL, total=TOTAL)["id"])
    services.external.report(task_id, Report(processed=1), by=LOCAL)
    return task_id


def _report(services: Services, ids: list[int]) -> None:
    began, sent = time.monotonic(), 0
    while True:
        for task_id in ids:
            now = time.time()
            figures = {
                "id": task_id,
                "kind": "external",
                "status": "running",
                "total": TOTAL,
                "unit": "step",
                "current_group": {"type_name": "单选题", "subject_name": "数学", "channel_code": "default"},
                "message": "verify",
                "processed": int(now * 1000) % TOTAL,
                "progress_percentage": now % 100,
                "progress": now % 100,
                "rate": 8123.0,
                "eta_seconds": 100.0,
                "seq": 10 + sent // len(ids),
                "timestamp": now,
                "task_id": task_id,
            }
            services.bus.publish(LoggedEvent(task_id, figures["seq"], "task_progress", figures, now))
            sent += 1
            eventlet.sleep(max(0.0, began + sent / (RATE * len(ids)) - time.monotonic()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
