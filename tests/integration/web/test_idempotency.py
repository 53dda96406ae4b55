from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from services.bootstrap import Services
from tests.integration.web.conftest import client_of

KEY = {"Idempotency-Key": "a-key-of-the-client"}
NEW_TASK = {"task_name": "render"}


def test_a_write_that_is_asked_again_is_answered_again_and_not_done_again(client: FlaskClient):
    first = client.post("/api/external/tasks", json=NEW_TASK, headers=KEY)
    second = client.post("/api/external/tasks", json=NEW_TASK, headers=KEY)
    assert (second.status_code, second.data) == (201, first.data)
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (None, "true")
    assert second.headers["Location"] == first.headers["Location"]
    assert second.content_type == "application/json"
    assert client.get("/api/tasks").json["meta"]["total"] == 1


def test_another_body_under_the_same_key_is_refused(client: FlaskClient):
    client.post("/api/external/tasks", json=NEW_TASK, headers=KEY)
    other = client.post("/api/external/tasks", json={"task_name": "other"}, headers=KEY)
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_another_call_under_the_same_key_is_refused(client: FlaskClient):
    client.post("/api/external/tasks", json=NEW_TASK, headers=KEY)
    assert client.post("/api/banks", json={"name": "a"}, headers=KEY).status_code == 422


def test_a_deletion_is_replayed_too(client: FlaskClient):
    bank_id = client.post("/api/banks", json={"name": "a"}).json["data"]["id"]
    answers = [client.delete(f"/api/banks/{bank_id}", headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]


def test_an_upload_is_the_same_when_its_file_is(client: FlaskClient, tmp_path):
    def send(content: bytes):
        data = {"file": (io.BytesIO(content), "bank.csv")}
        return client.post("/api/banks/1/import", data=data, headers=KEY)

    csv = "题干,答案\n甲,乙\n".encode()
    assert send(csv).data == send(csv).data
    assert send(csv + "丙,丁\n".encode()).status_code == 422
    assert client.get("/api/tasks").json["meta"]["total"] == 1
    assert len(list((tmp_path / "uploads").iterdir())) == 1


def test_a_write_that_failed_may_be_tried_again_with_its_key(client: FlaskClient):
    assert client.delete("/api/banks/1", headers=KEY).status_code == 409
    assert client.delete("/api/banks/1", headers=KEY).status_code == 409
    assert client.post("/api/banks", json={"name": "a"}, headers=KEY).status_code == 201


def test_a_key_must_be_visible_ascii_of_at_most_200_characters(client: FlaskClient):
    for key in ("", " ", "a b", "x" * 201, "ключ"):
        answer = client.post(
            "/api/external/tasks", json=NEW_TASK, headers={"Idempotency-Key": key.encode().decode("latin-1")}
        )
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key"), key


def test_a_file_that_a_task_took_stays_when_the_answer_cannot_be_kept(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_arguments: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(services.idempotency, "finish", fail)
    client = client_of(services)
    file = {"file": (io.BytesIO(b'{"stem": "kept"}\n'), "bank.jsonl")}
    assert client.post("/api/banks/1/import", data=file, headers={"Idempotency-Key": "k"}).status_code == 500
    (task,) = client.get("/api/tasks").json["data"]
    assert task["status"] == "queued"
    assert len(list((services.settings.data_dir / "uploads").iterdir())) == 1
