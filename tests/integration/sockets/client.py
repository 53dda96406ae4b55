"""A Socket.IO client that keeps everything it was sent, in order."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import websocket

SECONDS = 20.0  # nothing a test waits for takes longer, unless it hangs
TASK_EVENTS = (
    "task_created",
    "task_status",
    "task_progress",
    "task_completed",
    "task_error",
    "task_failed",
    "task_cancelled",
)


class RefusedError(Exception):
    """`connect_error`; `answer` is the packet's content."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(str(answer))
        self.answer = answer


class TurnedAwayError(Exception):
    """The connection ended before the namespace was entered; `code` and `reason` of the WebSocket's close frame."""

    def __init__(self, payload: bytes) -> None:
        self.code, self.reason = int.from_bytes(payload[:2]), payload[2:].decode()
        super().__init__(f"{self.code} {self.reason}")


class Client:
    """Socket.IO protocol 5 over a WebSocket, read by a thread. `events`: (name, data); `log` also has the acks."""

    def __init__(
        self,
        port: int,
        *,
        auth: Any = None,
        headers: dict[str, str] | None = None,
        query: str = "",
        host: str | None = None,
    ) -> None:
        self.log: list[tuple[str, Any]] = []
        self._changed = threading.Condition()
        self._acks = 0
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket{query}"
        self._socket = websocket.create_connection(
            url, header=headers, host=host, suppress_origin=True, timeout=SECONDS
        )
        self._packet()  # engine.io's welcome
        self._socket.send("40" if auth is None else "40" + json.dumps(auth))
        opcode, payload = self._socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self._socket.shutdown()
            raise TurnedAwayError(payload)
        answer = payload.decode()
        if answer.startswith("44"):
            self._socket.shutdown()
            raise RefusedError(json.loads(answer[2:]))
        self.sid = json.loads(answer[2:])["sid"]
        self.is_open = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket.sock is None:
            return
        with suppress(OSError):
            self._socket.sock.shutdown(socket.SHUT_RDWR)  # without a word: how most clients go
        self._reader.join(SECONDS)
        self._socket.shutdown()

    @property
    def events(self) -> list[tuple[str, Any]]:
        return [each for each in list(self.log) if each[0] != "ack"]

    def named(self, *names: str) -> list[Any]:
        return [data for name, data in self.events if name in names]

    def of_task(self, task_id: int) -> list[tuple[int, str]]:
        """(seq, event) of the task's events, the answers to joins left out."""
        return [
            (data["seq"], name)
            for name, data in self.events
            if name in TASK_EVENTS and data["id"] == task_id and data["seq"] is not None
        ]

    def emit(self, event: str, *data: Any) -> None:
        self._socket.send("42" + json.dumps([event, *data]))

    def send_raw(self, packet: str | bytes) -> None:
        self._socket.send(packet)

    def ask(self, event: str, *data: Any) -> int:
        """Emits; gives the number by which `answer` finds the ack."""
        self._acks += 1
        self._socket.send(f"42{self._acks}" + json.dumps([event, *data]))
        return self._acks

    def answer(self, number: int) -> Any:
        return self.wait(
            lambda: next((data[1] for name, data in self.log if name == "ack" and data[0] == number), None)
        )

    def call(self, event: str, *data: Any) -> Any:
        return self.answer(self.ask(event, *data))

    def wait(self, look: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """What `look` gives once it gives something."""
        with self._changed:
            assert self._changed.wait_for(look, seconds), self.log[-20:]
        return look()

    def wait_event(self, name: str, count: int = 1) -> Any:
        return self.wait(lambda: self.named(name)[count - 1 :])[0]

    def wait_seq(self, task_id: int, seq: int) -> None:
        self.wait(lambda: any(each[0] >= seq for each in self.of_task(task_id)))

    def settle(self) -> None:
        """Everything sent before has come when the answer to a question has."""
        self.call("leave_task", {"task_id": 2**62})

    def _packet(self) -> str:
        while (packet := str(self._socket.recv())) in ("2", "6"):
            self._socket.send("3")
        return packet

    def _read(self) -> None:
        try:
            while True:
                self._take(self._packet())
        except (websocket.WebSocketException, OSError):
            pass
        with self._changed:
            self.is_open = False
            self._changed.notify_all()

    def _take(self, packet: str) -> None:
        with self._changed:
            if packet.startswith("42"):
                name, *data = json.loads(packet[2:])
                self.log.append((name, data[0] if data else None))
            elif packet.startswith("43"):
                head, _, content = packet[2:].partition("[")
                self.log.append(("ack", (int(head), json.loads("[" + content)[0])))
            elif packet.startswith("41"):
                self.log.append(("disconnected", None))
            self._changed.notify_all()
