"""Our server for the benchmark: a room, and events into it at a rate or as fast as it can."""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import flask_socketio  # noqa: E402
from flask import Flask  # noqa: E402

from web.transport.push import Push  # noqa: E402
from web.transport.server import listen, serve  # noqa: E402
from web.transport.socketio import create_socketio  # noqa: E402
from web.transport.stop import StopEvent  # noqa: E402


def main() -> None:
    payload = json.loads((Path(__file__).parents[2] / "node/fanout/payload.json").read_text())
    app = Flask(__name__)
    socketio = create_socketio(app)
    push = Push(socketio)

    def run(events: int, rate: float) -> None:
        began = time.monotonic()
        for number in range(events):
            push.emit("task_progress", {"n": number, **payload, "timestamp": time.time()}, rooms=["room"])
            eventlet.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()) if rate else 0)

    @socketio.on("join_task")
    def join(_: Any) -> dict[str, bool]:
        flask_socketio.join_room("room")
        return {"ok": True}

    @socketio.on("go")
    def go(scenario: dict[str, Any]) -> dict[str, bool]:
        eventlet.spawn(run, scenario["events"], scenario["rate"])
        return {"ok": True}

    stop = StopEvent()
    stop.on_signals()
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    serve(listener, app, stop=stop)


if __name__ == "__main__":
    main()
