"""The server under test, with less patience where a test says so, and calls that show what it holds.

`python -m tests.integration.websockets.subject DATA_DIR [module.CONSTANT=seconds …] [setting=value …]` prints its port
and that of `/ws/ocr` alone, and serves until it is stopped.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
os.environ["TASKBEAM_TEST_OCR_STUB"] = "1"
import eventlet

eventlet.monkey_patch()

import importlib  # noqa: E402
import time  # noqa: E402

import psutil  # noqa: E402
from eventlet import tpool  # noqa: E402
from flask import Flask, request  # noqa: E402

from models.schema import upgrade  # noqa: E402
from services.bootstrap import Services, build_services  # noqa: E402
from services.config import Settings  # noqa: E402
from services.metrics import Metrics  # noqa: E402
from tests.factories import TEST_KINDS  # noqa: E402
from web.extensions import OCR_SOCKET, say_goodbye  # noqa: E402
from web.factory import create_app  # noqa: E402
from web.transport.server import listen, serve  # noqa: E402
from web.transport.stop import StopEvent  # noqa: E402
from web.websockets import OCR_PATH  # noqa: E402
from web.websockets.port import only  # noqa: E402


class Hub:
    """How long the hub was ever kept from its other work, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0

    def watch(self) -> None:
        before = time.perf_counter()
        while True:
            eventlet.sleep(0.001)
            now = time.perf_counter()
            self.worst, before = max(self.worst, now - before - 0.001), now


def _add_levers(app: Flask, services: Services, hub: Hub) -> None:
    process = psutil.Process()

    @app.get("/test/state")
    def state() -> dict[str, object]:
        pool = services.pool.stats()
        figures = app.extensions[OCR_SOCKET].figures()
        worst, hub.worst = hub.worst, 0.0
        memory = process.memory_info().rss
        return {**figures, "busy": pool.busy, "waiting": pool.waiting, "rss": memory, "hub": worst}

    @app.post("/test/keys")
    def key() -> dict[str, object]:
        asked = request.get_json()
        info, text = services.auth.keys.create(asked["name"], asked["scopes"])
        return {"id": info.id, "key": text}

    @app.delete("/test/keys/<int:key_id>")
    def revoke(key_id: int) -> dict[str, object]:
        services.auth.keys.revoke(key_id)
        return {}


def _lose_patience(name: str, seconds: float) -> None:
    module, _, constant = name.rpartition(".")
    found = importlib.import_module(f"web.websockets.{module}")
    assert hasattr(found, constant), name
    setattr(found, constant, seconds)


def main(data_dir: str, *given: str) -> None:
    pairs = [each.split("=", 1) for each in given]
    for name, value in pairs:
        if "." in name:
            _lose_patience(name, float(value))
    chosen = {name: value for name, value in pairs if "." not in name}
    settings = Settings(data_dir=Path(data_dir), port=0, **{"workers": 2, **chosen})  # type: ignore[arg-type]
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    services = build_services(settings, offload=tpool.execute, kinds=TEST_KINDS)
    assert isinstance(services.metrics, Metrics)
    upgrade(services.database)
    app, hub = create_app(services), Hub()
    _add_levers(app, services, hub)
    services.start()
    listener, alone = listen(settings.host, 0), listen(settings.host, 0)
    stop = StopEvent()
    stop.on_signals()
    eventlet.spawn(hub.watch)
    other = eventlet.spawn(serve, alone, only(OCR_PATH, app, listener.getsockname()[1]), stop=stop)
    print(listener.getsockname()[1], alone.getsockname()[1], flush=True)
    serve(listener, app, stop=stop, on_stop=lambda: say_goodbye(app))
    other.wait()
    services.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
