"""Many viewers of a camera in one process:
`python -m tests.benchmarks.camera_viewers PORT CLIENTS SECONDS WISH [stall | silent | glass]`.

They speak Socket.IO by hand over epoll, ack each frame as soon as its last byte is there, and keep nothing of it, so
that this process takes little of the machine. `stall`: they stop reading after their first second. `silent`: they
never ack. `glass`: every tenth picture's own clock is read, after the run. It prints a line when all watch, and at the
end {frames, kilobytes: of each, fps: [of each viewer], p50, p99, worst, glass_p99, lost}, in seconds from the frame's
timestamp.
"""

from __future__ import annotations

import io
import json
import os
import re
import selectors
import socket
import statistics
import struct
import sys
import time
from contextlib import closing

import numpy as np
from PIL import Image

from services.cameras import stamp

_FRAME = re.compile(rb'451-/camera,(\d+)\["frame",.*?"timestamp":([\d.]+)')
_GLASS_EVERY = 10


class Viewer:
    """`received`: (Unix seconds at the last byte, the frame's timestamp)."""

    def __init__(self, port: int, wish: bytes, *, keeps: bool, acks: bool) -> None:
        self.received: list[tuple[float, float]] = []
        self.kept: list[tuple[float, bytes]] = []
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._keeps, self._acks = keeps, acks
        self.bytes = 0
        self._buffer = bytearray()
        self._head: tuple[bytes, float] | None = None
        self.sock.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            % port
        )
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.sock.recv(4096)
        del self._buffer[: self._buffer.index(b"\r\n\r\n") + 4]
        self._send(b"40/camera,")
        self._send(b'42/camera,0["watch",%s]' % wish)

    def read(self) -> None:
        data = self.sock.recv(1 << 18)
        if not data:
            raise ConnectionError("the server let a viewer go")
        self._buffer += data
        while self._next():
            pass

    def _next(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 10 and (len(buffer) < 2 or len(buffer) < 2 + (buffer[1] & 127)):
            return False
        length, at = buffer[1], 2
        if length == 126:
            (length,), at = struct.unpack_from("!H", buffer, 2), 4
        elif length == 127:
            (length,), at = struct.unpack_from("!Q", buffer, 2), 10
        if len(buffer) < at + length:
            return False
        if buffer[0] & 15 == 2:
            self.bytes += length
            self._take(bytes(buffer[at : at + length]) if self._keeps else b"")
        else:
            self._hear(bytes(buffer[at : at + length]))
        del buffer[: at + length]
        return True

    def _hear(self, packet: bytes) -> None:
        if packet == b"2":
            self._send(b"3")
        elif head := _FRAME.match(packet):
            self._head = head[1], float(head[2])

    def _take(self, jpeg: bytes) -> None:
        assert self._head is not None
        number, timestamp = self._head
        now = time.time()
        self.received.append((now, timestamp))
        if jpeg and len(self.received) % _GLASS_EVERY == 0:
            self.kept.append((now, jpeg))
        if self._acks:
            self._send(b"43/camera,%s[]" % number)

    def _send(self, packet: bytes) -> None:
        assert len(packet) < 126
        key = os.urandom(4)
        masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(packet))
        self.sock.sendall(bytes([0x81, 0x80 | len(packet)]) + key + masked)


def main(port: str, clients: str, seconds: str, wish: str, mode: str = "") -> None:
    options = {"keeps": mode == "glass", "acks": mode != "silent"}
    viewers = [Viewer(int(port), wish.encode(), **options) for _ in range(int(clients))]
    selector = selectors.DefaultSelector()
    for viewer in viewers:
        selector.register(viewer.sock, selectors.EVENT_READ, viewer)
    lost = _run(selector, lambda: all(viewer.received for viewer in viewers), 60.0)
    print("all watch", flush=True)
    _run(selector, lambda: False, 4.0 if mode == "silent" else 1.0)  # until it is known that they do not ack
    for viewer in viewers:
        viewer.received.clear()
        viewer.kept.clear()
        viewer.bytes = 0
    if mode == "stall":
        time.sleep(float(seconds))
    else:
        lost += _run(selector, lambda: False, float(seconds))
    print(json.dumps(_figures(viewers, lost, float(seconds))), flush=True)
    for viewer in viewers:
        with closing(viewer.sock):
            pass


def _run(selector: selectors.BaseSelector, is_done: object, seconds: float) -> int:
    lost, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline and not is_done():  # type: ignore[operator]
        for key, _ in selector.select(0.05):
            try:
                key.data.read()
            except OSError:
                selector.unregister(key.fileobj)
                lost += 1
    return lost


def _figures(viewers: list[Viewer], lost: int, seconds: float) -> dict[str, object]:
    delays = sorted(now - timestamp for viewer in viewers for now, timestamp in viewer.received)
    glass = sorted(now - _clock_of(jpeg) for viewer in viewers for now, jpeg in viewer.kept)
    return {
        "frames": len(delays),
        "kilobytes": sum(viewer.bytes for viewer in viewers) / 1e3 / max(1, len(delays)),
        "fps": [round(len(viewer.received) / seconds, 1) for viewer in viewers],
        "p50": statistics.median(delays) if delays else None,
        "p99": _quantile(delays, 0.99),
        "worst": delays[-1] if delays else None,
        "glass_p99": _quantile(glass, 0.99),
        "lost": lost,
    }


def _clock_of(jpeg: bytes) -> float:
    found = stamp.read(np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")))
    assert found is not None, "a picture without a clock"
    return found[0]


def _quantile(ordered: list[float], part: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else None


if __name__ == "__main__":
    main(*sys.argv[1:])
