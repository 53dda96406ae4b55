"""A client of `/ws/ocr` that keeps everything it was sent, in order."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import websocket

SECONDS = 20.0  # nothing a test waits for takes longer, unless it hangs
STUB = {"engines": ["stub"]}
ENDS = ("ocr_complete", "ocr_error")


def base64_of(image: bytes) -> str:
    return base64.b64encode(image).decode()


class OcrClient:
    """Read by a thread. `messages` are whole envelopes; `code` is that of the close, None while it is open."""

    def __init__(
        self, port: int, *, headers: dict[str, str] | None = None, query: str = "", path: str = "/ws/ocr"
    ) -> None:
        self.messages: list[dict[str, Any]] = []
        self.code: int | None = None
        self._changed = threading.Condition()
        self.socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}{path}{query}", header=headers, suppress_origin=True, timeout=SECONDS
        )
        self.is_open = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Without a word: how most clients go."""
        if self.socket.sock is None:
            return
        with suppress(OSError):
            self.socket.sock.shutdown(socket.SHUT_RDWR)
        self._reader.join(SECONDS)
        self.socket.shutdown()

    def send(self, kind: str, data: Any = None, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": kind, "data": {} if data is None else data, **fields}))

    def send_raw(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.socket.send_binary(message)
        else:
            self.socket.send(message)

    def request(self, image: bytes | str, request_id: Any = None, **requirements: Any) -> None:
        text = image if isinstance(image, str) else base64_of(image)
        named = {} if request_id is None else {"id": request_id}
        self.send("ocr_request", {"image": text, "requirements": {**STUB, **requirements}}, **named)

    def batch(self, images: list[bytes | str], request_id: Any, **requirements: Any) -> None:
        texts = [image if isinstance(image, str) else base64_of(image) for image in images]
        data = {"images": texts, "requirements": {**STUB, "batch_processing": True, **requirements}}
        self.send("ocr_request", data, id=request_id)

    def recognize(self, image: bytes | str, request_id: Any = "only", **requirements: Any) -> dict[str, Any]:
        """Asks, and gives the whole answer that ends it."""
        self.request(image, request_id, **requirements)
        return self.end_of(request_id)

    def of_request(self, request_id: Any, *kinds: str) -> list[dict[str, Any]]:
        return [
            message
            for message in list(self.messages)
            if message["data"].get("request_id") == request_id and (not kinds or message["type"] in kinds)
        ]

    def end_of(self, request_id: Any, count: int = 1) -> dict[str, Any]:
        return self.ends_of(request_id, count)[-1]

    def ends_of(self, request_id: Any, count: int) -> list[dict[str, Any]]:
        ends: list[dict[str, Any]] = self.wait(
            lambda: (found := self.of_request(request_id, *ENDS)) and len(found) >= count and found
        )
        return ends

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in list(self.messages) if message["type"] == kind]

    def await_type(self, kind: str, count: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(lambda: self.of_type(kind)[count - 1 :])[0]
        return found

    def await_close(self) -> int | None:
        self.wait(lambda: not self.is_open)
        return self.code

    def wait(self, look: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """What `look` gives once it gives something."""
        with self._changed:
            assert self._changed.wait_for(look, seconds), [str(each)[:200] for each in self.messages[-10:]]
        return look()

    def settle(self) -> None:
        """Everything sent before was handled when this is answered."""
        pongs = len(self.of_type("pong"))
        self.send("ping")
        self.await_type("pong", pongs + 1)

    def _read(self) -> None:
        try:
            while True:
                opcode, content = self.socket.recv_data()
                with self._changed:
                    if opcode == websocket.ABNF.OPCODE_CLOSE:
                        self.code = int.from_bytes(content[:2], "big") or None
                        break
                    self.messages.append(json.loads(content))
                    self._changed.notify_all()
        except (websocket.WebSocketException, OSError):
            pass
        with self._changed:
            self.is_open = False
            self._changed.notify_all()
