from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

CSV = "题型,题干,A,B,答案\n单选题,天空是什么颜色？,蓝,绿,A\n单选题,,x,y,B\n".encode()


def upload(client: FlaskClient, content: bytes, name: str = "bank.csv", bank: int = 1, **fields: str):
    return client.post(f"/api/banks/{bank}/import", data={"file": (io.BytesIO(content), name), **fields})


def test_a_bank_is_made_renamed_and_deleted(client: FlaskClient):
    made = client.post("/api/banks", json={"name": "物理"})
    bank_id = made.json["data"]["id"]
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/banks/{bank_id}")
    renamed = client.patch(f"/api/banks/{bank_id}", json={"description": "高三"}).json["data"]
    assert (renamed["name"], renamed["description"]) == ("物理", "高三")
    assert [bank["name"] for bank in client.get("/api/banks?q=物").json["data"]] == ["物理"]
    assert client.delete(f"/api/banks/{bank_id}").status_code == 204
    assert client.get(f"/api/banks/{bank_id}").status_code == 404


def test_the_default_bank_is_there_and_stays(client: FlaskClient):
    assert client.get("/api/banks/1").json["data"]["name"] == "default"
    assert client.delete("/api/banks/1").status_code == 409


def test_two_banks_of_one_name_are_a_conflict(client: FlaskClient):
    client.post("/api/banks", json={"name": "a"})
    assert client.post("/api/banks", json={"name": "a"}).status_code == 409


def test_the_sample_bank_is_one_call_away_and_never_takes_a_name_twice(client: FlaskClient):
    made = client.post("/api/banks/sample", json={"name": "示例题库"})
    task = made.json["data"]
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/tasks/{task['id']}")
    assert (task["kind"], task["status"]) == ("import", "queued")
    assert client.get(f"/api/banks/{task['params']['bank_id']}").json["data"]["name"] == "示例题库"
    again = client.post("/api/banks/sample", json={"name": "示例题库"})
    assert (again.status_code, again.json["code"]) == (409, "CONFLICT")


def test_a_question_is_created_searched_changed_and_deleted(client: FlaskClient):
    made = client.post("/api/banks/1/questions", json={"stem": "1 + 1 = ?", "options": ["1", "2"], "answer": "B"})
    question = made.json["data"]
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/banks/1/questions/{question['id']}"
    assert (question["channel_code"], question["status"], question["options"]) == ("default", "active", ["1", "2"])
    found = client.get("/api/banks/1/questions?q=1 %2B 1").json
    assert [one["id"] for one in found["data"]] == [question["id"]]
    changed = client.patch(f"/api/banks/1/questions/{question['id']}", json={"type_name": "单选题"}).json["data"]
    assert (changed["type_name"], changed["stem"]) == ("单选题", "1 + 1 = ?")
    assert client.delete(f"/api/banks/1/questions/{question['id']}").status_code == 204
    assert client.get(f"/api/banks/1/questions/{question['id']}").status_code == 404
    assert client.get("/api/banks/1").json["data"]["question_count"] == 0


def test_many_questions_are_created_at_once_or_not_at_all(client: FlaskClient):
    made = client.post("/api/banks/1/questions", json={"questions": [{"stem": "a"}, {"stem": "b"}]})
    assert (made.status_code, [one["stem"] for one in made.json["data"]]) == (201, ["a", "b"])
    refused = client.post("/api/banks/1/questions", json={"questions": [{"stem": "c"}, {"stem": " "}, {"answer": "A"}]})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["questions.1.stem", "questions.2.stem"]
    assert client.get("/api/banks/1/questions").json["meta"]["total"] == 2


def test_the_groups_of_a_bank_are_counted(client: FlaskClient):
    questions = [{"stem": str(number), "subject_name": "数学" if number % 3 else "物理"} for number in range(6)]
    client.post("/api/banks/1/questions", json={"questions": questions})
    groups = client.get("/api/banks/1/groups").json["data"]
    assert [(group["subject_name"], group["questions"]) for group in groups] == [("数学", 4), ("物理", 2)]


def test_a_file_becomes_an_import_task(client: FlaskClient, tmp_path: Path):
    answer = upload(client, CSV, "题库.csv", subject_name="物理")
    task = answer.json["data"]
    assert (answer.status_code, task["kind"], task["status"]) == (201, "import", "queued")
    assert answer.headers["Location"] == f"/api/tasks/{task['id']}"
    assert task["params"]["defaults"] == {"subject_name": "物理"}
    assert task["params"]["format"] == "csv"
    [kept] = (tmp_path / "uploads").iterdir()
    assert kept.read_bytes() == CSV


@pytest.mark.parametrize(
    ("content", "name", "fields", "bank", "status"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "bank.csv", {}, 1, 415),
        (b"", "bank.csv", {}, 1, 415),
        (CSV, "bank.csv", {"format": "docx"}, 1, 422),
        (CSV, "bank.csv", {"colour": "red"}, 1, 422),
        (CSV, "bank.csv", {}, 99, 404),
    ],
    ids=["a picture", "empty", "unknown format", "unknown field", "no such bank"],
)
def test_a_refused_upload_leaves_no_file(
    client: FlaskClient, tmp_path: Path, content: bytes, name: str, fields: dict[str, str], bank: int, status: int
):
    assert upload(client, content, name, bank, **fields).status_code == status
    assert list((tmp_path / "uploads").iterdir()) == []


def test_the_questions_are_exported_as_a_file(client: FlaskClient):
    client.post("/api/banks/1/questions", json={"questions": [{"stem": "甲"}, {"stem": "乙"}]})
    answer = client.get("/api/banks/1/export?format=jsonl")
    assert answer.content_type == "application/x-ndjson"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="bank-1.jsonl"')
    assert [json.loads(line)["stem"] for line in answer.data.splitlines()] == ["甲", "乙"]


@pytest.mark.parametrize("file_format", ["json", "csv", "xlsx", "gift", "aiken"])
def test_every_format_can_be_downloaded(client: FlaskClient, file_format: str):
    client.post("/api/banks/1/questions", json={"stem": "甲", "options": ["a", "b"], "answer": "A"})
    answer = client.get(f"/api/banks/1/export?format={file_format}")
    assert answer.status_code == 200
    assert answer.data
