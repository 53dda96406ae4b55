"""The AsyncAPI document says what is really sent."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from tests.integration.sockets.client import Client
from tests.integration.sockets.conftest import Subject
from web.asyncapi import build_document
from web.schemas.socket import INCOMING, OUTGOING


def validator(document: dict[str, Any], message: str) -> jsonschema_rs.Validator:
    payload = document["components"]["messages"][message]["payload"]
    return jsonschema_rs.validator_for({**payload, "components": document["components"]})


def decide_about_duplicates(subject: Subject, client: Client) -> None:
    """A dedup task's only cluster, by somebody else than the client, who watches."""
    same = {"stem": "1 + 1 = ?", "answer": "2", "subject_name": "reviewed"}
    subject.call("POST", "/api/banks/1/questions", {"questions": [same, same]})
    wish = {"task_name": "all", "filters": {"subject_name": "reviewed"}, "auto_start": True}
    task_id = subject.call("POST", "/api/dedup/tasks", wish)["data"]["id"]
    client.wait(lambda: task_id in [each["id"] for each in client.named("task_completed")])
    client.call("join_task", {"task_id": task_id})
    [cluster] = subject.call("GET", f"/api/dedup/tasks/{task_id}/clusters")["data"]
    path = f"/api/dedup/tasks/{task_id}/clusters/{cluster['id']}/decision"
    subject.call("POST", path, {"action": "merge"})
    subject.call("POST", path, {"action": "keep_all"})
    client.wait_event("decision", count=2)


def with_a_documented_kind(value: Any) -> Any:
    """The kind that tests script is in no document."""
    if isinstance(value, list):
        return [with_a_documented_kind(each) for each in value]
    if isinstance(value, dict):
        return {
            key: "dedup" if (key, inner) == ("kind", "sleep") else with_a_documented_kind(inner)
            for key, inner in value.items()
        }
    return value


def test_every_event_and_every_ack_is_as_the_document_has_it(subject: Subject) -> None:
    document = build_document(version="0", auth_required=False)
    client = subject.connect()
    lobby = subject.connect()
    asked: dict[int, str] = {}

    def call(event: str, **payload: Any) -> Any:
        number = client.ask(event, payload)
        asked[number] = event
        return client.answer(number)

    task_id = subject.scripted({"ticks": 3})
    for event in ("join_task", "start_task", "leave_task"):
        call(event, task_id=task_id)
    client.wait(lambda: task_id in [each["id"] for each in client.named("task_completed")])
    failing = call("task_created", id="a", formData={})["id"]
    call("join_task", task_id=failing, last_seq=0)
    call("task_progress", id="a", progress=1)
    call("task_failed", id="a", error="out of paper")
    call("task_created", id="b")
    call("task_completed", id="b", result={})
    cancelled = subject.scripted({"sleep": 60})
    call("start_task", task_id=cancelled)
    client.wait(
        lambda: (cancelled, "running") in [(each["id"], each["status"]) for each in client.named("task_status")]
    )
    call("pause_task", task_id=cancelled)
    call("resume_task", task_id=cancelled)
    call("cancel_task", task_id=cancelled)
    call("retry_task", task_id=cancelled)
    call("cancel_task", task_id=cancelled)
    decide_about_duplicates(subject, client)
    call("leave_lobby")
    call("join_lobby")
    assert set(asked.values()) == INCOMING.keys()
    lobby.wait(lambda: failing in [each["id"] for each in lobby.named("task_failed")])
    call("start_task", task_id=cancelled)  # refused
    for name, data in (*client.events, *lobby.events):
        validator(document, f"server.{name}").validate(with_a_documented_kind(data))
    for number, answer in [data for name, data in client.log if name == "ack" and data[0] in asked]:
        validator(document, f"client.{asked[number]}.ack").validate(answer)
    assert {name for name, _ in (*client.events, *lobby.events)} == OUTGOING.keys()
