"""Fan-out: who gets an event, in what order, by which transport."""

from __future__ import annotations

import pytest

from tests.integration.transport.clients import PollingClient, SocketIOClient
from tests.integration.transport.conftest import Server


def test_a_client_in_several_rooms_gets_an_event_once(server: Server) -> None:
    client = SocketIOClient(server.port)
    client.join("once-a")
    client.join("once-b")
    answer = server.emit(
        {"event": "news", "rooms": ["once-a", "once-b"], "sids": [client.sids["/"]]},
        {"event": "end", "rooms": ["once-a"]},
    )
    assert answer["reached"] == [1, 1]
    assert [client.read_event()[0], client.read_event()[0]] == ["news", "end"]


def test_skipped_rooms_and_clients_get_nothing(server: Server) -> None:
    kept, in_skipped_room, skipped = (SocketIOClient(server.port) for _ in range(3))
    for client in (kept, in_skipped_room, skipped):
        client.join("all")
    in_skipped_room.join("skipped")
    step = {"event": "news", "rooms": ["all"], "skip_rooms": ["skipped"], "skip_sids": [skipped.sids["/"]]}
    assert server.emit(step, {"event": "end", "rooms": ["all"]})["reached"] == [1, 3]
    assert [client.read_event()[0] for client in (kept, kept, in_skipped_room, skipped)] == [
        "news",
        "end",
        "end",
        "end",
    ]


def test_without_rooms_everyone_in_the_namespace_is_reached_and_nobody_else(start_server) -> None:
    server = start_server()
    both = SocketIOClient(server.port, namespaces=("/", "/other"))
    other = SocketIOClient(server.port, namespaces=("/other",))
    assert server.emit({"event": "news"}, {"event": "news", "namespace": "/other"})["reached"] == [1, 2]
    assert [both.read_event(), both.read_event(), other.read_event()] == [["news", {"n": 0, "pad": ""}]] * 3


def test_a_client_whose_connect_handler_still_decides_is_not_part_of_everyone(start_server) -> None:
    server = start_server()
    client = SocketIOClient(server.port, namespaces=())
    client.send('40{"refuse":1.0}')
    while server.stats()["clients"] == 0:
        pass
    assert server.emit({"event": "secret"})["reached"] == [0]
    assert str(client.read_packet()).startswith("44")


def test_unknown_rooms_and_namespaces_reach_nobody(server: Server) -> None:
    steps = [{"event": "news", "rooms": ["nobody"]}, {"event": "news", "namespace": "/unknown"}]
    assert server.emit(*steps)["reached"] == [0, 0]


def test_push_and_python_socketio_keep_one_order(server: Server) -> None:
    websocket, polling = SocketIOClient(server.port), PollingClient(server.port)
    websocket.join("order")
    polling.join("order")
    steps = [
        {"event": "news", "rooms": ["order"], "first": number, "by": "socketio" if number % 3 else "push"}
        for number in range(60)
    ]
    server.emit(*steps)
    for client in (websocket, polling):
        assert list(range(60)) == [client.read_event()[1]["n"] for _ in range(60)]


@pytest.mark.parametrize("by", ["push", "socketio"])
def test_a_polling_viewer_beside_a_websocket_viewer_gets_binary_data(server: Server, by: str) -> None:
    # engineio caches a packet's first encoding, whichever transport asked for it.
    clients = [SocketIOClient(server.port), PollingClient(server.port), SocketIOClient(server.port)]
    for client in clients:
        client.join(f"binary-{by}")
    server.emit({"event": "frame", "rooms": [f"binary-{by}"], "binary": [0, 1, 254, 255], "by": by})
    for client in clients:
        assert client.read_event() == ["frame", {"n": 0, "pad": "", "binary": b"\x00\x01\xfe\xff"}]


def test_a_connection_answers_the_server_s_own_questions_while_a_handler_waits(server: Server) -> None:
    client = SocketIOClient(server.port)
    client.emit("ask_me", "why", ack=7)
    question = str(client.read_packet())
    assert question.endswith('["question","why"]')
    client.send(f'43{question[2 : question.index("[")]}["because"]')
    assert client.read_packet() == '437[{"answered":"because"}]'


def test_a_client_thrown_out_by_a_handler_is_told(server: Server) -> None:
    client = SocketIOClient(server.port)
    client.emit("throw_me_out")
    assert client.read_packet() == "41"


def test_events_of_one_client_are_handled_in_their_order(start_server) -> None:
    # With a greenthread for each event the leave overtakes the join it follows, and the client stays in the room.
    server = start_server()
    client = SocketIOClient(server.port)
    client.emit("join", {"room": "brief", "takes": 0.3})
    client.emit("leave", {"room": "brief"}, ack=5)
    assert client.read_packet() == '435[{"ok":true}]'
    assert server.get("/handled") == [["join", "brief"], ["leave", "brief"]]


def test_what_a_client_sent_just_before_it_left_is_still_handled(start_server) -> None:
    server = start_server()
    client = SocketIOClient(server.port)
    client.emit("join", {"room": "first", "takes": 0.2})
    client.emit("join", {"room": "last"})
    client.close()
    while len(handled := server.get("/handled")) < 3:
        pass
    assert handled == [["join", "first"], ["join", "last"], ["disconnect", "transport close"]]


def test_a_burst_of_a_polling_client_s_own_events_is_taken_whole(server: Server) -> None:
    # engineio refuses a body of more than 16 packets, answers 200 and loses them.
    client = PollingClient(server.port)
    assert client.post("\x1e".join(f'42{number}["echo",{number}]' for number in range(100, 160))) == 200
    assert [f"43{number}[{number}]" for number in range(100, 160)] == [client.read_packet() for _ in range(60)]
