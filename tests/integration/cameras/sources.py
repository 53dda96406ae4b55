"""Cameras that tests are: an MJPEG server on loopback that can vanish or hang, and video files."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from services.cameras import stamp


def picture(number: int = 1, width: int = 320, height: int = 240) -> np.ndarray:
    pixels = np.full((height, width, 3), 90, np.uint8)
    stamp.write(pixels, time.time(), number)
    return pixels


def jpeg(number: int = 1, width: int = 320, height: int = 240, quality: int = 80) -> bytes:
    encoded = cv2.imencode(".jpg", picture(number, width, height), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return bytes(encoded.tobytes())


def stamped(data: bytes) -> tuple[float, int]:
    """(time, number) that a frame bears."""
    read = stamp.read(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    assert read is not None
    return read


def video(path: Path, frames: int = 10, fps: float = 20.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (320, 240))
    for number in range(1, frames + 1):
        writer.write(picture(number))
    writer.release()
    return path


class MjpegCamera:
    """Streams stamped JPEGs to whoever connects, unless told otherwise.

    Attributes:
        connections: how many have come.
        sent: the JPEGs, newest last.
        silent: accepts and says nothing.
        between: a part that is sent before each picture.
        spoil: what is done to each picture.
        answer: said in place of a stream.
        demand: the login that is asked for, as in `WWW-Authenticate`; `logins` are those that were given.
    """

    def __init__(self, fps: float = 20.0, size: tuple[int, int] = (320, 240), quality: int = 80) -> None:
        self.connections = 0
        self.sent: list[bytes] = []
        self.silent = False
        self.between = b""
        self.spoil: Callable[[bytes], bytes] = bytes
        self.answer = b""
        self.demand = b""
        self.logins: list[bytes] = []
        self._fps, self._size, self._quality = fps, size, quality
        self._clients: list[socket.socket] = []
        self._number = 0
        self._listener: socket.socket | None = None
        self.port = 0
        self.come()

    @property
    def url(self) -> str:
        return f"http://user:word@127.0.0.1:{self.port}/stream"

    def come(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def vanish(self) -> None:
        """Nobody listens any more, and who was connected is cut off."""
        assert self._listener is not None
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        for client in self._clients:
            client.close()
        self._clients = []

    def close(self) -> None:
        if self._listener is not None:
            self.vanish()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            self._answer(client, client.recv(65536))

    def _answer(self, client: socket.socket, request: bytes) -> None:
        if self.demand and b"\r\nAuthorization: " not in request:
            client.sendall(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + self.demand + b"\r\n\r\n")
            return
        self.logins += [line for line in request.split(b"\r\n") if line.startswith(b"Authorization: ")]
        if self.answer:
            client.sendall(self.answer)
            return
        while self.silent:
            time.sleep(0.05)
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=edge\r\n\r\n")
        while True:
            time.sleep(1 / self._fps)
            if not self.silent:
                self._send_one(client)

    def _send_one(self, client: socket.socket) -> None:
        self._number += 1
        data = self.spoil(jpeg(self._number, *self._size, self._quality))
        self.sent = [*self.sent[-50:], data]
        client.sendall(self.between)
        client.sendall(b"--edge\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data) + data + b"\r\n")


_SDP = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track1\r\n"


class RtspCamera:
    """Streams stamped JPEGs over RTSP, as RFC 2435 packs them, inside the RTSP connection."""

    def __init__(self, fps: float = 20.0) -> None:
        self.requests: list[bytes] = []
        self._fps = fps
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/stream"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while request := client.recv(65536):
                method = request.split(b" ", 1)[0]
                self.requests.append(method)
                number = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq"))
                client.sendall(b"RTSP/1.0 200 OK\r\n" + number + b"\r\nSession: 1\r\n" + self._more(method))
                if method == b"PLAY":
                    self._play(client)

    def _more(self, method: bytes) -> bytes:
        if method == b"DESCRIBE":
            return b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(_SDP) + _SDP
        if method == b"SETUP":
            return b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
        return b"Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"

    def _play(self, client: socket.socket) -> None:
        sequence = 0
        for number in range(1, 10_000):
            time.sleep(1 / self._fps)
            tables, scan = _tables_and_scan(jpeg(number))
            for start in range(0, len(scan), 1200):
                sequence += 1
                piece = scan[start : start + 1200]
                last = start + 1200 >= len(scan)
                head = struct.pack(
                    ">BBHII", 0x80, 26 | 0x80 * last, sequence & 0xFFFF, int(number * 90_000 / self._fps), 7
                )
                kind = start.to_bytes(4, "big") + bytes([1, 255, 320 // 8, 240 // 8])
                packet = head + kind + (b"\0\0\0\x80" + tables if start == 0 else b"") + piece
                client.sendall(b"$\0" + len(packet).to_bytes(2, "big") + packet)


def _tables_and_scan(data: bytes) -> tuple[bytes, bytes]:
    """The two quantisation tables of a JPEG, and what follows its header."""
    tables, position = b"", 2
    while True:
        marker, end = data[position + 1], position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDB:
            segment = data[position + 4 : end]
            tables += b"".join(segment[start + 1 : start + 65] for start in range(0, len(segment), 65))
        if marker == 0xDA:
            return tables, data[end:-2]
        position = end
