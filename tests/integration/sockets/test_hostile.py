"""Whatever a client sends, it gets an answer, and nobody else notices."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.sockets.conftest import Subject

BAD_REFERENCES: list[list[Any]] = [
    [],
    [None],
    [5],
    ["5"],
    [[]],
    [{}],
    [{"task_id": None}],
    [{"task_id": "five"}],
    [{"task_id": ""}],
    [{"task_id": "٥"}],
    [{"task_id": " 5"}],
    [{"task_id": "9" * 5000}],
    [{"task_id": 5.5}],
    [{"task_id": True}],
    [{"task_id": 0}],
    [{"task_id": -1}],
    [{"task_id": 2**63}],
    [{"task_id": 10**30}],
    [{"task_id": [5]}],
    [{"task_id": {"task_id": 5}}],
]


@pytest.mark.parametrize("event", ["join_task", "leave_task", "start_task", "cancel_task"])
def test_what_names_no_task_is_refused_with_a_code_and_a_sentence(subject: Subject, event: str) -> None:
    client = subject.connect()
    for arguments in BAD_REFERENCES:
        answer = client.call(event, *arguments)
        assert (answer["ok"], answer["code"]) == (False, "INVALID_INPUT"), arguments
        assert answer["message"].endswith(".")
    assert len(client.named("error")) == len(BAD_REFERENCES)


@pytest.mark.parametrize("last_seq", ["3", -1, 1.5, True, 2**63, [], {}])
def test_a_last_seq_that_is_no_count_is_refused(subject: Subject, last_seq: Any) -> None:
    answer = subject.connect().call("join_task", {"task_id": 1, "last_seq": last_seq})
    assert answer["code"] == "INVALID_INPUT"
    assert "last_seq" in answer["message"]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("task_created", {}),
        ("task_created", {"id": ""}),
        ("task_created", {"id": {}}),
        ("task_created", {"id": "x" * 201}),
        ("task_created", {"id": "a\0b"}),
        ("task_created", {"id": "x", "total": -1}),
        ("task_created", {"id": "x", "formData": "y" * 40_000}),
        ("task_created", {"id": "x", "formData": nested(30)}),
        ("task_created", {"id": "x", "formData": nested(400)}),
        ("task_created", {"id": "x", "formData": {"a": ["b\0"]}}),
        ("task_progress", {"id": "x"}),
        ("task_progress", {"id": "x", "progress": "50"}),
        ("task_progress", {"id": "x", "progress": -0.1}),
        ("task_progress", {"id": "x", "progress": 100.1}),
        ("task_progress", {"id": "x", "progress": 5, "message": "m" * 20_000}),
        ("task_progress", {"id": "x", "progress": 5, "message": {}}),
        ("task_completed", {"id": "x", "result": ["r" * 300_000]}),
        ("task_failed", {"id": "x", "error": 5}),
    ],
)
def test_a_report_that_cannot_be_kept_is_refused(subject: Subject, event: str, payload: Any) -> None:
    assert subject.connect().call(event, payload)["code"] == "INVALID_INPUT"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "9" * 400])
def test_a_number_that_is_no_number_ends_the_connection_as_any_broken_json_does(subject: Subject, number: str) -> None:
    client = subject.connect()
    client.send_raw('42["task_progress",{"id":"x","progress":' + number + "}]")
    client.wait(lambda: not client.is_open)


@pytest.mark.parametrize(
    "event", ["message", "trigger_event", "_connect", "__init__", "server", "", "x" * 500, "error"]
)
def test_an_event_nobody_listens_to_is_unknown(subject: Subject, event: str) -> None:
    assert subject.connect().call(event, {"task_id": 1})["code"] == "UNKNOWN_EVENT"


def test_binary_where_text_is_due_is_refused(subject: Subject) -> None:
    client = subject.connect()
    client.call("task_created", {"id": "bin"})
    client.send_raw('451-["task_completed",{"id":"bin","result":{"_placeholder":true,"num":0}}]')
    client._socket.send_binary(b"\x00\x01")
    assert client.wait_event("error")["code"] == "INVALID_INPUT"
    assert client.call("task_completed", {"id": "bin"})["ok"]


def test_fields_that_look_like_ours_do_not_hide_ours(subject: Subject) -> None:
    viewer, client = subject.connect(), subject.connect()
    viewer.wait_event("active_tasks")
    forged = {"status": "completed", "seq": 99, "last_seq": 99, "owner": "admin", "kind": "dedup", "timestamp": 0}
    task_id = client.call("task_created", {"id": "forger", **forged})["id"]
    created = viewer.wait(lambda: [each for each in viewer.named("task_created") if each["id"] == task_id])[0]
    assert (created["status"], created["seq"], created["last_seq"], created["owner"]) == ("running", 1, 1, "local")
    assert created["kind"] == "external"
    assert created["timestamp"] > 0


def test_more_messages_than_the_rate_allows_are_refused_until_time_has_passed(
    start_subject: Callable[..., Subject],
) -> None:
    subject = start_subject("rate_limit=30/minute")
    client = subject.connect()
    answers = [client.call("leave_lobby") for _ in range(40)]
    assert [answer["ok"] for answer in answers[:20]] == [True] * 20
    assert answers[-1]["code"] == "RATE_LIMIT_EXCEEDED"


def test_noise_from_many_clients_leaves_no_traceback_and_a_server_that_answers(subject: Subject) -> None:
    task_id = subject.external()
    events = ["join_task", "leave_task", "join_lobby", "task_created", "task_progress", "cancel_task", "nonsense"]

    def make_noise(seed: int) -> None:
        dice = random.Random(seed)
        with subject.connect() as client:
            for _ in range(150):
                payload = dice.choice([None, [], {"task_id": task_id, "last_seq": dice.randint(-1, 9)}, {"id": "n"}, 5])
                client.emit(dice.choice(events), payload)
            client.settle()

    noise = [threading.Thread(target=make_noise, args=(seed,)) for seed in range(6)]
    for thread in noise:
        thread.start()
    for thread in noise:
        thread.join()
    assert subject.connect().call("join_lobby")["ok"]
