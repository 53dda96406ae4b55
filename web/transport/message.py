"""An outgoing message in its wire forms, each made once however many clients get it."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Sequence
from typing import Any

from engineio import packet as engineio_packet

from web.transport import frames, jsoncodec

_SEPARATOR = "\x1e"  # between the packets of one long-polling body (engine.io protocol 4)


class Message:
    """What one emit sends to one client: a Socket.IO packet together with its attachments.

    `key` names what it supersedes while it waits in an outbox (None: nothing); `frames` is the WebSocket form.
    """

    __slots__ = ("_polling", "frames", "key", "size")

    def __init__(self, wire: bytes, key: Hashable | None = None) -> None:
        self.frames = wire
        self.size = len(wire)
        self.key = key
        self._polling: str | None = None

    @classmethod
    def of_packets(cls, packets: Sequence[str | bytes], key: Hashable | None = None) -> Message:
        """`packets`: engine.io packets; text with its type digit in front, bytes as they are."""
        wire = [
            frames.encode_frame(frames.BINARY, part)
            if isinstance(part, bytes)
            else frames.encode_frame(frames.TEXT, part.encode())
            for part in packets
        ]
        return cls(wire[0] if len(wire) == 1 else b"".join(wire), key)

    def encode(self, b64: bool = True) -> str:  # noqa: ARG002 - engineio's Payload calls it so
        """The long-polling form. It is read back from the frames, for most messages never need it."""
        if self._polling is None:
            self._polling = _SEPARATOR.join(
                "b" + base64.b64encode(payload).decode() if opcode == frames.BINARY else payload.decode()
                for opcode, payload in frames.decode_frames(self.frames)
            )
        return self._polling


def encode_event(
    event: str, data: Any, namespace: str, key: Hashable | None = None, ack_id: int | None = None
) -> Message:
    """A Socket.IO EVENT; a tuple is sent as several arguments, None as none (as python-socketio does).

    With `ack_id` the client is asked for an ack, which comes under this number.
    """
    arguments = list(data) if isinstance(data, tuple) else [] if data is None else [data]
    text, attachments = jsoncodec.dumps_with_attachments([event, *arguments])
    head = f"5{len(attachments)}-" if attachments else "2"
    where = "" if namespace == "/" else f"{namespace},"
    number = "" if ack_id is None else ack_id
    return Message.of_packets([f"{engineio_packet.MESSAGE}{head}{where}{number}{text}", *attachments], key)


def of_engine_packet(packet: Any) -> Message:
    """Our form of a packet made by python-socketio or engineio, kept on the packet, which a room's members share.

    `Packet.encode` must not be used: it caches its first result, so that after a WebSocket client had a binary packet
    every long-polling client was given raw bytes instead of base64 (and got nothing).
    """
    message: Message | None = getattr(packet, "taskbeam_message", None)
    if message is None:
        encoded = packet.encode(b64=False)
        message = Message.of_packets([bytes(encoded) if isinstance(encoded, bytearray) else encoded])
        packet.taskbeam_message = message
    return message
