"""join_task: the log's sequence, without gap or repeat."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing

from tests.integration.sockets.conftest import Subject
from tests.integration.transport.clients import SocketIOClient


def test_a_join_answers_the_present_state_and_then_each_event_as_it_happens(subject: Subject) -> None:
    task_id = subject.external()
    client = subject.connect(auth={"lobby": False})
    assert client.call("join_task", {"task_id": task_id}) == {"ok": True, "last_seq": 1, "recovered": True}
    (status,) = client.named("task_status")
    assert (status["task_id"], status["id"], status["status"], status["seq"]) == (task_id, task_id, "running", None)
    assert status["data"]["last_seq"] == 1
    subject.report(task_id, progress=50)
    subject.report(task_id, status="completed", result={"answer": 42})
    client.wait_event("task_completed")
    assert client.of_task(task_id) == [(2, "task_progress"), (3, "task_status"), (4, "task_completed")]
    assert client.named("task_completed")[0]["result"] == {"answer": 42}


def test_a_join_with_last_seq_is_sent_everything_it_missed_before_its_ack(subject: Subject) -> None:
    task_id = subject.external()
    subject.burst(task_id, 250)
    client = subject.connect()
    assert client.call("join_task", {"task_id": task_id, "last_seq": 0}) == {
        "ok": True,
        "last_seq": 251,
        "recovered": True,
    }
    assert client.of_task(task_id) == subject.log_of(task_id)


def test_events_recorded_during_a_replay_neither_overtake_it_nor_come_twice(subject: Subject) -> None:
    task_id = subject.external()
    subject.burst(task_id, 700)
    writer = threading.Thread(target=subject.burst, args=(task_id, 500))
    # Members of the lobby, which hears of the same task meanwhile.
    clients = [subject.connect() for _ in range(4)]
    writer.start()
    asked = [client.ask("join_task", {"task_id": str(task_id), "last_seq": 0}) for client in clients]
    answers = [client.answer(number) for client, number in zip(clients, asked, strict=True)]
    writer.join()
    subject.report(task_id, status="completed")
    log = subject.log_of(task_id)
    assert any(answer["last_seq"] < log[-3][0] for answer in answers), "the writer was done before any join was"
    for client in clients:
        client.wait_event("task_completed")
        joined = client.of_task(task_id)
        start = joined.index((1, "task_created"))  # the lobby's events came before
        assert joined[start:] == log


def test_who_leaves_and_joins_while_events_are_recorded_misses_none_and_has_none_twice(subject: Subject) -> None:
    task_id = subject.external()
    clients = [subject.connect(auth={"lobby": False}) for _ in range(3)]
    writer = threading.Thread(target=subject.burst, args=(task_id, 400))
    writer.start()
    while writer.is_alive():
        for client in clients:
            client.call("leave_task", {"task_id": task_id})
            seen = client.of_task(task_id)
            client.call("join_task", {"task_id": task_id, "last_seq": seen[-1][0] if seen else 0})
    subject.report(task_id, status="completed")
    for client in clients:
        client.wait_event("task_completed")
        assert client.of_task(task_id) == subject.log_of(task_id)


def test_a_client_that_never_left_and_one_that_comes_back_have_seen_the_same(subject: Subject) -> None:
    task_id = subject.external()
    stayed = subject.connect()
    stayed.call("join_task", {"task_id": task_id, "last_seq": 0})
    seen: list[tuple[int, str]] = []
    for _ in range(5):
        with subject.connect(auth={"lobby": False}) as visitor:
            visitor.call("join_task", {"task_id": task_id, "last_seq": seen[-1][0] if seen else 0})
            subject.burst(task_id, 30)
            visitor.wait_seq(task_id, (seen[-1][0] if seen else 1) + 10)
        seen += visitor.of_task(task_id)
    visitor = subject.connect(auth={"lobby": False})
    visitor.call("join_task", {"task_id": task_id, "last_seq": seen[-1][0]})
    subject.report(task_id, status="failed", error="out of paper")
    for client in (stayed, visitor):
        client.wait_event("task_error")
    log = subject.log_of(task_id)
    assert log == seen + visitor.of_task(task_id)
    assert log == stayed.of_task(task_id)[-len(log) :]


def test_joining_twice_gives_each_its_own_whole_replay(subject: Subject) -> None:
    task_id = subject.external()
    subject.burst(task_id, 450)
    client = subject.connect(auth={"lobby": False})
    asked = [client.ask("join_task", {"task_id": task_id, "last_seq": last_seq}) for last_seq in (0, 400)]
    assert [client.answer(number)["last_seq"] for number in asked] == [451, 451]
    seqs = [seq for seq, _ in client.of_task(task_id)]
    assert seqs == [*range(1, 452), *range(401, 452)]
    subject.report(task_id, progress=100)
    client.wait_seq(task_id, 452)
    client.settle()
    assert [seq for seq, _ in client.of_task(task_id)] == [*seqs, 452]


def test_leaving_ends_a_replay_and_nothing_of_the_task_comes_after(subject: Subject) -> None:
    task_id = subject.external()
    subject.burst(task_id, 700)
    client = subject.connect(auth={"lobby": False})
    join = client.ask("join_task", {"task_id": task_id, "last_seq": 0})
    client.emit("leave_task", {"task_id": task_id})
    assert client.answer(join)["code"] == "LEFT"
    subject.report(task_id, progress=100)
    client.settle()
    names = [name for name, _ in client.events]
    assert "task_progress" not in names[names.index("left") :]
    assert client.named("left")[0] == {"message": f"You left task {task_id}.", "task_id": task_id}
    assert client.named("error") == []


def test_a_client_that_goes_away_during_a_replay_leaves_nothing_behind(subject: Subject) -> None:
    task_id = subject.external()
    subject.burst(task_id, 700)
    with subject.connect(auth={"lobby": False}) as client:
        client.ask("join_task", {"task_id": task_id, "last_seq": 0})
        client.wait_seq(task_id, 50)
    subject.report(task_id, progress=100)
    other = subject.connect(auth={"lobby": False})
    assert other.call("join_task", {"task_id": task_id, "last_seq": 700})["ok"]


def test_a_last_seq_that_the_log_never_had_gets_the_snapshot(subject: Subject) -> None:
    task_id = subject.external()
    client = subject.connect()
    assert client.call("join_task", {"task_id": task_id, "last_seq": 17}) == {
        "ok": True,
        "last_seq": 1,
        "recovered": False,
    }
    subject.report(task_id, progress=50)
    client.wait_seq(task_id, 2)


def test_a_log_that_no_longer_reaches_back_gives_the_snapshot_and_never_a_part(subject: Subject) -> None:
    task_id = subject.external()
    subject.burst(task_id, 50)
    subject.call("POST", f"/test/tasks/{task_id}/compact/20")
    client = subject.connect(auth={"lobby": False})
    answer = client.call("join_task", {"task_id": task_id, "last_seq": 10})
    assert answer == {"ok": True, "last_seq": 51, "recovered": False}
    assert client.of_task(task_id) == []
    assert client.named("task_status")[-1]["data"]["last_seq"] == 51
    assert client.call("join_task", {"task_id": task_id, "last_seq": 20})["recovered"]
    assert [seq for seq, _ in client.of_task(task_id)] == list(range(21, 52))


def test_a_replay_goes_out_as_fast_as_its_reader_reads(subject: Subject) -> None:
    # Larger than what the kernel's buffers of both sides hold, so that the rest has to wait somewhere.
    task_id = subject.external(meta={"ballast": "x" * 20_000})
    subject.burst(task_id, 700)
    with closing(SocketIOClient(subject.port, receive_buffer=4096, auth={"lobby": False})) as slow:
        slow.emit("join_task", {"task_id": task_id, "last_seq": 0}, ack=1)
        time.sleep(2)
        stats = subject.call("GET", "/test/push")
        assert 0 < stats["queued_messages"] <= 400  # a quarter of the outbox, and a chunk
        assert stats["dropped_clients"] == 0
        seqs = []
        while (packet := str(slow.read_packet())) != '431[{"ok":true,"last_seq":701,"recovered":true}]':
            seqs.append(json.loads(packet[2:])[1].get("seq"))
    assert [seq for seq in seqs if seq] == list(range(1, 702))


def test_a_task_that_is_not_there_is_refused_with_an_error_and_in_the_ack(subject: Subject) -> None:
    client = subject.connect()
    answer = client.call("join_task", {"task_id": 2**62})
    assert answer == {"ok": False, "code": "NOT_FOUND", "message": f"There is no task {2**62}."}
    assert client.named("error") == [{"code": answer["code"], "message": answer["message"]}]


def test_a_deleted_task_ends_quietly_for_those_who_watch_it(subject: Subject) -> None:
    task_id = subject.external()
    client = subject.connect()
    client.call("join_task", {"task_id": task_id})
    subject.report(task_id, status="completed")
    subject.call("DELETE", f"/api/tasks/{task_id}")
    assert client.call("join_task", {"task_id": task_id, "last_seq": 1})["code"] == "NOT_FOUND"
    assert client.call("leave_task", {"task_id": task_id})["ok"]
