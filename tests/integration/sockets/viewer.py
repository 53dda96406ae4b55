"""A viewer in namespace `/camera` that keeps what it was sent, and acks when it is told to."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import requests
import websocket

from tests.integration.sockets.client import SECONDS, RefusedError

NAMESPACE = "/camera"


class Viewer:
    """Socket.IO protocol 5 over a WebSocket. `frames` have their JPEG in `data`; `acks`: ack each frame at once."""

    def __init__(self, port: int, *, auth: Any = None, acks: bool = True, **connection: Any) -> None:
        self.acks = acks
        self.events: list[tuple[str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        self.unacked: list[int] = []
        self.answers: dict[int, Any] = {}
        self._changed = threading.Condition()
        self._asked = 0
        self._reading = threading.Event()
        self._reading.set()
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket",
            suppress_origin=True,
            timeout=SECONDS,
            **connection,
        )
        self._packet()
        self._socket.send(f"40{NAMESPACE}," + ("" if auth is None else json.dumps(auth)))
        answer = self._packet()
        if answer.startswith("44"):
            self._socket.shutdown()
            raise RefusedError(json.loads(answer.partition(",")[2]))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._reading.set()
        with suppress(OSError):
            self._socket.sock.shutdown(socket.SHUT_RDWR)
        self._reader.join(SECONDS)
        self._socket.shutdown()

    def call(self, event: str, *data: Any) -> Any:
        self._asked += 1
        number = self._asked
        self._socket.send(f"42{NAMESPACE},{number}" + json.dumps([event, *data]))
        return self.wait(lambda: self.answers.get(number))

    def ack(self, number: int) -> None:
        self._socket.send(f"43{NAMESPACE},{number}[]")

    def stop_reading(self) -> None:
        self._reading.clear()

    def go_on_reading(self) -> None:
        self._reading.set()

    def named(self, event: str) -> list[Any]:
        return [data for name, data in list(self.events) if name == event]

    def wait(self, look: Callable[[], Any], seconds: float = SECONDS) -> Any:
        with self._changed:
            assert self._changed.wait_for(look, seconds), (self.events[-5:], len(self.frames))
        return look()

    def wait_frames(self, count: int) -> list[dict[str, Any]]:
        self.wait(lambda: len(self.frames) >= count)
        return self.frames

    def _packet(self) -> str:
        while (packet := str(self._socket.recv())) in ("2", "6"):
            self._socket.send("3")
        return packet

    def _read(self) -> None:
        with suppress(websocket.WebSocketException, OSError):
            while True:
                self._reading.wait()
                self._take(self._packet())
        with self._changed:
            self.events.append(("gone", None))
            self._changed.notify_all()

    def _take(self, packet: str) -> None:
        attachment = self._socket.recv() if packet.startswith("45") else None
        head, _, body = packet.partition(",")
        number, _, content = body.partition("[")
        with self._changed:
            if head.startswith("43"):
                self.answers[int(number)] = json.loads("[" + content)[0]
            elif head.startswith(("42", "45")):
                self._take_event(number, attachment, *json.loads("[" + content))
            elif head.startswith("41"):
                self.events.append(("disconnected", None))
            self._changed.notify_all()

    def _take_event(self, number: str, attachment: Any, name: str, data: Any) -> None:
        if name != "frame":
            self.events.append((name, data))
            return
        self.frames.append({**data, "data": data["data"] if attachment is None else attachment})
        if self.acks:
            self.ack(int(number))
        else:
            self.unacked.append(int(number))


class PollingViewer:
    """The same over long-polling, one poll at a time."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"
        self.frames: list[dict[str, Any]] = []
        self._head: tuple[str, Any] | None = None
        self._session = requests.Session()
        welcome = self._session.get(self._url, timeout=SECONDS).text
        self._url += f"&sid={json.loads(welcome[1:])['sid']}"
        self.send(f"40{NAMESPACE},")
        self.poll()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.send("1")
        self._session.close()

    def send(self, packet: str) -> None:
        assert self._session.post(self._url, data=packet.encode(), timeout=SECONDS).ok

    def watch(self, **wish: Any) -> None:
        self.send(f"42{NAMESPACE}," + json.dumps(["watch", wish]))

    def poll(self) -> None:
        for packet in self._session.get(self._url, timeout=SECONDS).text.split("\x1e"):
            if packet.startswith("45"):
                head, _, content = packet.partition(",")[2].partition("[")
                self._head = (head, json.loads("[" + content)[1])
            elif packet.startswith("b") and self._head is not None:
                number, data = self._head
                self.frames.append({**data, "data": base64.b64decode(packet[1:])})
                self.send(f"43{NAMESPACE},{number}[]")
            elif packet == "2":
                self.send("3")
