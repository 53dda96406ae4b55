"""The transport with a small application on it, as a process of its own: `python -m … '{"option": value}'`.

Prints its port, then serves until SIGTERM. What a test wants of it goes over HTTP; the sockets are only watched.
"""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import flask  # noqa: E402
import flask_socketio  # noqa: E402
import psutil  # noqa: E402

from web.transport.http import Deadlines  # noqa: E402
from web.transport.origin import OriginPolicy  # noqa: E402
from web.transport.push import Push  # noqa: E402
from web.transport.rawsocket import RawWebSocket, close_websockets, raw_websocket  # noqa: E402
from web.transport.server import listen, serve  # noqa: E402
from web.transport.socketio import create_socketio  # noqa: E402
from web.transport.stop import StopEvent  # noqa: E402


def main(options: dict[str, Any]) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    app = flask.Flask(__name__)
    socketio = create_socketio(app, **options.get("socketio", {}))
    push = Push(socketio)
    handled: list[Any] = []
    add_http_routes(app, handled)
    add_push_routes(app, socketio, push)
    add_events(socketio, handled)
    add_raw_websockets(app, options.get("raw", {}), handled)
    listener = listen("127.0.0.1", 0)
    if "send_buffer" in options:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options["send_buffer"])
    stop = StopEvent()
    stop.on_signals()
    print(listener.getsockname()[1], flush=True)

    def say_goodbye() -> None:
        socketio.close_clients()
        close_websockets(app)

    eventlet.spawn_after(0, limit_descriptors, options.get("descriptors"))
    serve(
        listener,
        app,
        tls=tuple(options["tls"]) if "tls" in options else None,
        max_connections=options.get("max_connections", 5000),
        stop=stop,
        on_stop=say_goodbye,
        deadlines=Deadlines(**options.get("deadlines", {})),
    )
    print("stopped", flush=True)


def limit_descriptors(number: int | None) -> None:
    if number is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


def add_http_routes(app: flask.Flask, handled: list[Any]) -> None:
    @app.get("/")
    def index() -> dict[str, Any]:
        sock = flask.request.environ["eventlet.input"].get_socket()
        return {"no_delay": bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)), "url": flask.request.url}

    @app.post("/echo")
    def echo() -> bytes:
        return flask.request.get_data()

    @app.post("/ignore")
    def ignore() -> str:
        return "ignored"

    @app.get("/slow/<float:seconds>")
    def slow(seconds: float) -> str:
        eventlet.sleep(seconds)
        return "done"

    @app.get("/fail")
    def fail() -> str:
        raise RuntimeError("a secret in a traceback")

    @app.get("/handled")
    def get_handled() -> list[Any]:
        return handled


def add_push_routes(app: flask.Flask, socketio: Any, push: Push) -> None:
    @app.get("/stats")
    def stats() -> dict[str, Any]:
        return {**push.stats(), "rss": psutil.Process(os.getpid()).memory_info().rss, "peak": peak()}

    @app.post("/emit")
    def emit() -> dict[str, Any]:
        """`steps`: emits in order, without a pause; each `times` times with its number in `n`."""
        request = flask.request.get_json()
        began = time.perf_counter()
        reached = [reach for step in request["steps"] for reach in run_step(socketio, push, step)]
        return {"reached": reached, "seconds": time.perf_counter() - began}


def peak() -> int:
    """The most memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run_step(socketio: Any, push: Push, step: dict[str, Any]) -> list[int]:
    reached = []
    for number in range(step.get("first", 0), step.get("first", 0) + step.get("times", 1)):
        data = {"n": number, "pad": "x" * step.get("pad", 0), **step.get("data", {})}
        if "binary" in step:
            data["binary"] = bytes(step["binary"])
        if step.get("by") == "socketio":
            socketio.emit(step["event"], data, to=step.get("rooms"), namespace=step.get("namespace", "/"))
        else:
            arguments = {name: step[name] for name in step if name in PUSH_ARGUMENTS}
            reached.append(push.emit(step["event"], data, **arguments))
    return reached


PUSH_ARGUMENTS = {"rooms", "sids", "skip_rooms", "skip_sids", "coalesce", "namespace"}


def add_events(socketio: Any, handled: list[Any]) -> None:
    for namespace in ("/", "/other"):

        @socketio.on("connect", namespace=namespace)
        def connect(auth: Any = None) -> None:
            if auth and auth.get("refuse"):
                eventlet.sleep(auth["refuse"])
                raise flask_socketio.ConnectionRefusedError("refused", {"code": "UNAUTHORIZED"})

        @socketio.on("disconnect", namespace=namespace)
        def disconnect(reason: str) -> None:
            handled.append(["disconnect", reason])

        @socketio.on("join", namespace=namespace)
        def join(data: Any) -> dict[str, Any]:
            eventlet.sleep(data.get("takes", 0))
            flask_socketio.join_room(data["room"])
            handled.append(["join", data["room"]])
            return {"ok": True, "sid": flask.request.sid}

        @socketio.on("leave", namespace=namespace)
        def leave(data: Any) -> dict[str, Any]:
            flask_socketio.leave_room(data["room"])
            handled.append(["leave", data["room"]])
            return {"ok": True}

    @socketio.on("echo")
    def echo(data: Any) -> Any:
        return data

    @socketio.on("ask_me")
    def ask_me(question: Any) -> Any:
        return {"answered": socketio.call("question", question, to=flask.request.sid, timeout=5)}

    @socketio.on("throw_me_out")
    def throw_me_out() -> None:
        flask_socketio.disconnect()


def add_raw_websockets(app: flask.Flask, options: dict[str, Any], handled: list[Any]) -> None:
    def echo(websocket: RawWebSocket) -> None:
        while True:
            message = websocket.receive()
            if message == "fail":
                raise RuntimeError("the handler failed")
            websocket.send(message)

    def busy(websocket: RawWebSocket) -> None:
        eventlet.sleep(3)
        while True:
            handled.append(len(websocket.receive()))

    def stream(websocket: RawWebSocket) -> None:
        while True:
            websocket.send(bytes(100_000))

    policy = OriginPolicy().allows
    limits: dict[str, Any] = {"check_origin": policy, "max_message_bytes": 8_000_000, **options}
    for rule, handler in (("/raw", echo), ("/busy", busy), ("/stream", stream)):
        raw_websocket(app, rule, handler, **limits)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
