"""Clients made by hand, so that they can be slow, rude or broken: WebSocket, Socket.IO over it, and long-polling."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import ssl
import struct
from typing import Any

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
SECONDS = 20.0  # nothing a test waits for takes longer, unless it hangs


_open: list[socket.socket] = []


def close_all() -> None:
    while _open:
        _open.pop().close()


def connect(port: int, *, tls: bool = False, receive_buffer: int | None = None) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(SECONDS)
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)  # before the handshake fixes the window
    sock.connect(("127.0.0.1", port))
    _open.append(unverified().wrap_socket(sock) if tls else sock)
    return _open[-1]


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, mask: bool = True, reserved: int = 0) -> bytes:
    first = (0x80 if final else 0) | reserved | opcode
    length, masked = len(payload), 0x80 if mask else 0
    if length < 126:
        head = struct.pack("!BB", first, masked | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, masked | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked | 127, length)
    if not mask:
        return head + payload
    key = os.urandom(4)
    lanes = int.from_bytes((key * (length // 4 + 1))[:length], "little")
    return head + key + (int.from_bytes(payload, "little") ^ lanes).to_bytes(length, "little")


class RawClient:
    """A WebSocket connection; `read_frame` gives (opcode, payload), or None at the end of the stream."""

    def __init__(self, port: int, path: str, headers: dict[str, str] | None = None, **options: Any) -> None:
        self.sock = connect(port, **options)
        lines = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self._buffer = b""
        self.response = self._read_head()

    @property
    def status(self) -> int:
        return int(self.response.split()[1])

    def send(self, data: str | bytes, **options: Any) -> None:
        opcode, payload = (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)
        self.sock.sendall(frame(opcode, payload, **options))

    def send_frame(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        self.sock.sendall(frame(opcode, payload, **options))

    def read_frame(self) -> tuple[int, bytes] | None:
        try:
            first, second = self._exactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self._exactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._exactly(8))
            return first & 0x4F, self._exactly(length)
        except (EOFError, ConnectionError, ssl.SSLEOFError):
            return None

    def read_message(self) -> str | bytes | None:
        """The next text or binary message; None once the connection closes."""
        while (got := self.read_frame()) is not None and got[0] != CLOSE:
            if got[0] in (TEXT, BINARY):
                return got[1].decode() if got[0] == TEXT else got[1]
        return None

    def read_close(self) -> tuple[int | None, str]:
        """Read on to the end and close: the close frame's code and reason; (None, "") if there was none."""
        code: tuple[int | None, str] = (None, "")
        while (got := self.read_frame()) is not None:
            if got[0] == CLOSE:
                code = (int.from_bytes(got[1][:2], "big"), got[1][2:].decode())
        self.close()
        return code

    def read_rest(self) -> bytes:
        rest = self._buffer
        try:
            while data := self.sock.recv(65536):
                rest += data
        except ConnectionError:
            pass
        return rest

    def close(self) -> None:
        self.sock.close()

    def _read_head(self) -> str:
        while b"\r\n\r\n" not in self._buffer:
            data = self.sock.recv(4096)
            if not data:
                raise EOFError(self._buffer)
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head.decode()

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


class SocketIOClient(RawClient):
    """Socket.IO over a WebSocket. `read_event` gives [name, data], attachments in their places."""

    def __init__(self, port: int, *, namespaces: tuple[str, ...] = ("/",), auth: Any = None, **options: Any) -> None:
        super().__init__(port, "/socket.io/?EIO=4&transport=websocket", **options)
        self.open = json.loads(str(self.read_message())[1:])
        self._acks = 0
        self.sids: dict[str, str] = {}
        for namespace in namespaces:
            self.join_namespace(namespace, auth)

    def join_namespace(self, namespace: str, auth: Any = None) -> None:
        where = "" if namespace == "/" else f"{namespace},"
        self.send(f"40{where}{'' if auth is None else json.dumps(auth)}")
        answer = str(self.read_packet())
        if answer.startswith(f"40{where}"):
            self.sids[namespace] = json.loads(answer[2 + len(where) :])["sid"]

    def emit(self, event: str, data: Any = None, *, namespace: str = "/", ack: int | str = "") -> None:
        where = "" if namespace == "/" else f"{namespace},"
        self.send(f"42{where}{ack}{json.dumps([event] if data is None else [event, data])}")

    def call(self, event: str, data: Any = None, *, namespace: str = "/") -> Any:
        """Emit and wait for the ack; events that come in between are dropped."""
        self._acks += 1
        where = "" if namespace == "/" else f"{namespace},"
        self.emit(event, data, namespace=namespace, ack=self._acks)
        head = f"43{where}{self._acks}"
        while not (answer := str(self.read_packet())).startswith(head):
            assert answer != "None"
        return json.loads(answer[len(head) :])[0]

    def join(self, room: str, *, namespace: str = "/") -> None:
        assert self.call("join", {"room": room}, namespace=namespace)["ok"]

    def read_packet(self) -> str | bytes | None:
        """The next packet but for engine.io's pings, which are answered."""
        while (message := self.read_message()) in ("2", "6"):
            if message == "2":
                self.send("3")
        return message

    def read_event(self) -> list[Any] | None:
        packet = self.read_packet()
        if packet is None or packet == "1":
            return None
        assert isinstance(packet, str)
        return decode_event(packet, self.read_packet)


def decode_event(packet: str, read_attachment: Any) -> list[Any]:
    kind, rest = packet[:2], packet[2:]
    count = 0
    if kind == "45":
        number, _, rest = rest.partition("-")
        count = int(number)
    if rest.startswith("/"):
        rest = rest.partition(",")[2]
    event: list[Any] = json.loads(rest[rest.index("[") :])
    attachments = [read_attachment() for _ in range(count)]
    assert all(isinstance(one, bytes) for one in attachments)
    return [put_back(item, attachments) for item in event]


def put_back(item: Any, attachments: list[bytes]) -> Any:
    if isinstance(item, dict):
        if item.get("_placeholder"):
            return attachments[item["num"]]
        return {key: put_back(value, attachments) for key, value in item.items()}
    return item


class PollingClient:
    """Socket.IO over long-polling."""

    def __init__(self, port: int, *, tls: bool = False) -> None:
        self.port, self.tls = port, tls
        self._packets: list[str] = []
        self.sid: str = ""
        self.sid = json.loads(self.read_packet()[1:])["sid"]
        self.post("40")
        assert self.read_packet().startswith("40")

    def request(self, method: str, body: bytes | None = None) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        options = {"context": unverified()} if self.tls else {}
        connection = kind("127.0.0.1", self.port, timeout=SECONDS, **options)
        session = f"&sid={self.sid}" if self.sid else ""
        connection.request(method, f"/socket.io/?EIO=4&transport=polling{session}", body)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def post(self, body: str) -> int:
        return self.request("POST", body.encode())[0]

    def poll(self) -> list[str]:
        status, body = self.request("GET")
        assert status == 200, body
        return body.decode().split("\x1e")

    def read_packet(self) -> str:
        while True:
            while not self._packets:
                self._packets = self.poll()
            packet = self._packets.pop(0)
            if packet == "2":
                self.post("3")
            elif packet != "6":
                return packet

    def read_event(self) -> list[Any]:
        return decode_event(self.read_packet(), lambda: base64.b64decode(self.read_packet()[1:]))

    def join(self, room: str) -> None:
        self.post(f'427["join",{{"room":"{room}"}}]')
        while not self.read_packet().startswith("437"):
            pass
