from __future__ import annotations

import datetime as dt
import json
import math

import pytest
from engineio.packet import MESSAGE, Packet

from web.transport import jsoncodec
from web.transport.engine import MalformedPacketError, SocketPacket
from web.transport.frames import BINARY, TEXT, decode_frames
from web.transport.message import Message, encode_event, of_engine_packet


def test_an_event_is_one_text_frame_in_utf8() -> None:
    ((opcode, payload),) = decode_frames(encode_event("news", {"题": 1}, "/").frames)
    assert opcode == TEXT
    assert payload.decode() == '42["news",{"题":1}]'


def test_namespace_arguments_and_their_absence_are_written_as_the_protocol_has_them() -> None:
    def text(*arguments: object) -> str:
        return encode_event(*arguments).encode()  # type: ignore[arg-type]

    assert text("news", (1, [2]), "/camera") == '42/camera,["news",1,[2]]'
    assert text("news", None, "/") == '42["news"]'


def test_bytes_anywhere_travel_behind_the_event() -> None:
    message = encode_event("frame", {"a": b"\x00", "deep": [{"b": bytearray(b"\x01")}]}, "/")
    first, *attachments = decode_frames(message.frames)
    head = '452-["frame",{"a":{"_placeholder":true,"num":0},"deep":[{"b":{"_placeholder":true,"num":1}}]}]'
    assert first == (TEXT, head.encode())
    assert attachments == [(BINARY, b"\x00"), (BINARY, b"\x01")]


def test_the_polling_form_has_base64_where_the_websocket_form_has_bytes() -> None:
    message = encode_event("frame", b"\x00\xff", "/")
    assert message.encode().split("\x1e")[1] == "bAP8="
    assert message.encode() is message.encode()


def test_python_socketio_s_packets_are_encoded_once_for_both_transports() -> None:
    packet = Packet(MESSAGE, b"\x00\xff")
    assert of_engine_packet(packet).encode() == "bAP8="
    assert list(decode_frames(of_engine_packet(packet).frames)) == [(BINARY, b"\x00\xff")]
    assert of_engine_packet(packet) is of_engine_packet(packet)


def test_a_message_knows_its_size_on_the_wire() -> None:
    assert Message.of_packets(["2", b"ab"]).size == 3 + 4


def test_json_that_no_browser_reads_is_never_written() -> None:
    assert json.loads(jsoncodec.dumps({"nan": math.nan, 1: "integer key", "at": (1, 2)})) == {
        "nan": None,
        "1": "integer key",
        "at": [1, 2],
    }
    assert jsoncodec.dumps(dt.date(2026, 1, 2)) == '"2026-01-02"'
    with pytest.raises(TypeError):
        jsoncodec.dumps_with_attachments({"what": object()})


@pytest.mark.parametrize(
    ("packet", "wire"),
    [
        (SocketPacket(0, {"sid": "x"}, "/"), '0{"sid":"x"}'),
        (SocketPacket(1, namespace="/camera"), "1/camera,"),
        (SocketPacket(2, ["e", 1], "/", id=7), '27["e",1]'),
        (SocketPacket(3, [1], "/camera", id=7), "3/camera,7[1]"),
        (SocketPacket(3, [b"x"], id=7), ['61-7[{"_placeholder":true,"num":0}]', b"x"]),
        (SocketPacket(2, ["e", b"x", b"y"]), None),
    ],
)
def test_packets_are_encoded_as_python_socketio_does(packet: SocketPacket, wire: object) -> None:
    if wire is None:
        wire = ['52-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', b"x", b"y"]
    assert packet.encode() == wire


@pytest.mark.parametrize(
    "wire",
    [
        "2{}",
        "2",
        "2[]",
        "2[1]",
        '2["e"',
        "3{}",
        "x",
        "",
        "51000000000-[]",
        '511-["e"]',
        "2" + "[" * 9999,
        '2["\\ud800"]',
    ],
)
def test_nonsense_is_one_kind_of_error(wire: str) -> None:
    with pytest.raises(MalformedPacketError):
        SocketPacket(encoded_packet=wire or "2")


def test_what_a_client_may_send_is_read() -> None:
    packet = SocketPacket(encoded_packet='2/camera,12["watch",{"camera_id":1}]')
    assert (packet.namespace, packet.id, packet.data) == ("/camera", 12, ["watch", {"camera_id": 1}])
    binary = SocketPacket(encoded_packet='51-["e",{"_placeholder":true,"num":0}]')
    assert binary.add_attachment(b"x")
    assert binary.data == ["e", b"x"]
