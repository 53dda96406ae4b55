"""Many viewers in one process: `python -m tests.benchmarks.push_latency.viewers PORT CLIENTS SECONDS TASK_ID…`.

They speak WebSocket by hand over epoll, so that this process takes next to nothing of the machine. It prints a line
when all have joined, and at the end {received, gaps, p50, p99, worst} in milliseconds from the event's timestamp.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time

_TIMESTAMP = re.compile(rb'"timestamp":([\d.]+)')
_SEQ = re.compile(rb'"seq":(\d+)')
_PROGRESS = b'42["task_progress"'


class Viewer:
    """`delays` in seconds; `gaps` counts events that did not follow on the one before."""

    def __init__(self, port: int, task_id: int) -> None:
        self.delays: list[float] = []
        self.gaps = 0
        self._last_seq: int | None = None
        self._buffer = b""
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
            % (port, b"dGhlIHNhbXBsZSBub25jZQ==")
        )
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.sock.recv(4096)
        self._buffer = self._buffer.partition(b"\r\n\r\n")[2]
        self.send(b'40{"lobby":false}')
        self.send(b'420["join_task",{"task_id":%d}]' % task_id)
        while not any(packet.startswith(b"430") for packet in self.packets()):
            pass

    def send(self, packet: bytes) -> None:
        key = os.urandom(4)
        masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(packet))
        self.sock.sendall(bytes([0x81, 0x80 | len(packet)]) + key + masked)

    def packets(self) -> list[bytes]:
        data = self.sock.recv(1 << 18)
        if not data:
            raise ConnectionError("the server let a viewer go")
        self._buffer += data
        packets: list[bytes] = []
        while (packet := self._next()) is not None:
            packets.append(packet)
        return packets

    def take(self, packet: bytes, now: float, began: float) -> None:
        if packet == b"2":
            self.send(b"3")
        if not packet.startswith(_PROGRESS):
            return
        stamp, number = _TIMESTAMP.search(packet), _SEQ.search(packet)
        assert stamp is not None
        assert number is not None
        seq = int(number[1])
        self.gaps += self._last_seq is not None and seq != self._last_seq + 1
        self._last_seq = seq
        if float(stamp[1]) > began:  # what came while others were still joining has waited for us
            self.delays.append(now - float(stamp[1]))

    def _next(self) -> bytes | None:
        if len(self._buffer) < 2:
            return None
        length, start = self._buffer[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(self._buffer[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(self._buffer[2:10], "big"), 10
        if len(self._buffer) < start + length:
            return None
        packet, self._buffer = self._buffer[start : start + length], self._buffer[start + length :]
        return packet


def main(port: int, clients: int, seconds: float, *tasks: int) -> None:
    viewers = [Viewer(port, tasks[number % len(tasks)]) for number in range(clients)]
    with selectors.DefaultSelector() as selector:
        for viewer in viewers:
            selector.register(viewer.sock, selectors.EVENT_READ, viewer)
        print("joined", flush=True)
        began, end = time.time(), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                viewer = key.data
                packets = viewer.packets()
                now = time.time()
                for packet in packets:
                    viewer.take(packet, now, began)
    print(json.dumps(summary(viewers)), flush=True)


def summary(viewers: list[Viewer]) -> dict[str, float]:
    delays = sorted(1000 * delay for viewer in viewers for delay in viewer.delays)

    def quantile(share: float) -> float:
        return round(delays[min(len(delays) - 1, int(share * len(delays)))], 2)

    return {
        "received": len(delays),
        "gaps": sum(viewer.gaps for viewer in viewers),
        "p50": quantile(0.5),
        "p99": quantile(0.99),
        "worst": round(delays[-1], 2),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), *map(int, sys.argv[4:]))
