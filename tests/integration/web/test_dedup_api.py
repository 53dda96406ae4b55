"""Dedup over REST. The walk is computed by a real server's worker; refusals need none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from services.dedup.options import DedupOptions
from tests.server import HttpError, Server
from web.schemas.dedup import DedupOptionsIn

SAME = {"subject_name": "物理", "options": ["牛顿", "库仑", "伏特", "安培"]}
QUESTIONS: list[dict[str, Any]] = [
    {**SAME, "stem": "力的国际单位是什么？", "answer": "A"},
    {**SAME, "stem": "1. 力的国际单位是什么?", "answer": "A"},
    {**SAME, "stem": "力的国际单位是什么？", "answer": "B"},
    {**SAME, "stem": "光在真空中的传播速度约为每秒三十万千米，这句话对吗？", "answer": "C"},
    {"subject_name": "历史", "stem": "秦始皇统一六国是在哪一年？", "answer": "公元前221年"},
]


def test_a_dedup_task_is_created_as_the_wild_creates_it(client: FlaskClient):
    made = client.post("/api/dedup/tasks", json={"task_name": "first look"})
    task = made.json["data"]
    assert (made.status_code, task["status"], task["kind"]) == (201, "pending", "dedup")
    assert made.headers["Location"] == f"/api/dedup/tasks/{task['id']}"
    assert task["params"] == {"bank_id": 1, "filters": {}, "options": {}}
    assert client.get(f"/api/dedup/tasks/{task['id']}").json["data"] == task
    assert client.post(f"/api/dedup/tasks/{task['id']}/start").status_code == 202
    assert client.post(f"/api/dedup/tasks/{task['id']}/start").status_code == 409


def test_filters_options_and_start_are_taken_at_once(client: FlaskClient):
    body = {
        "task_name": "all at once",
        "bank_id": 1,
        "filters": {"subject_name": "物理"},
        "options": {"threshold": 0.9, "across": ["channel_code"]},
        "auto_start": True,
    }
    task = client.post("/api/dedup/tasks", json=body).json["data"]
    assert task["status"] == "queued"
    assert task["params"] == {"bank_id": 1, "filters": body["filters"], "options": body["options"]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"bank_id": 99}, "bank_id"),
        ({"filters": {"colour": "red"}}, "filters.colour"),
        ({"options": {"threshold": 2}}, "options.threshold"),
        ({"options": {"speed": "fast"}}, "options.speed"),
        ({"options": {"across": ["stem"]}}, "options.across.0"),
        ({"auto_start": "yes"}, "auto_start"),
    ],
)
def test_a_wrong_wish_is_refused_by_name(quick_client: FlaskClient, wrong: dict[str, Any], field: str):
    answer = quick_client.post("/api/dedup/tasks", json={"task_name": "a", **wrong})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_other_kinds_of_task_are_not_found_here(client: FlaskClient):
    other = client.post("/api/external/tasks", json={"task_name": "render"}).json["data"]["id"]
    for path in ("", "/groups", "/clusters", "/clusters/1"):
        assert client.get(f"/api/dedup/tasks/{other}{path}").status_code == 404
    assert client.post(f"/api/dedup/tasks/{other}/start").status_code == 404
    assert client.post(f"/api/dedup/tasks/{other}/clusters/decisions", json={"action": "merge"}).status_code == 404
    assert client.get("/api/dedup/tasks").json["meta"]["total"] == 0


def test_the_documented_options_are_those_of_the_method():
    method = {field.name: field.default for field in fields(DedupOptions)}
    documented = {name: field.get_default() for name, field in DedupOptionsIn.model_fields.items()}
    assert documented | {"across": ()} == method


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), TASKBEAM_WORKERS="1") as server:
        server.call("POST", "/api/banks/1/questions", {"questions": QUESTIONS})
        task = server.call("POST", "/api/dedup/tasks", {"task_name": "all", "auto_start": True})["data"]
        assert server.await_status(task["id"])["status"] == "completed"
        yield server


def clusters(server: Server, query: str = "") -> list[dict[str, Any]]:
    return list(server.call("GET", f"/api/dedup/tasks/1/clusters{query}")["data"])


def status_of(server: Server, question_id: int) -> tuple[str, int | None]:
    question = server.call("GET", f"/api/banks/1/questions/{question_id}")["data"]
    return question["status"], question["merged_into"]


def test_the_result_counts_what_was_found(server: Server):
    result = server.call("GET", "/api/dedup/tasks/1")["data"]["result"]
    assert (result["questions"], result["groups"], result["exact"]) == (5, 2, 1)


def test_each_group_says_what_was_found_in_it(server: Server):
    groups = server.call("GET", "/api/dedup/tasks/1/groups")["data"]
    assert [(group["subject_name"], group["questions"], group["exact"]) for group in groups] == [
        ("物理", 4, 1),
        ("历史", 1, 0),
    ]


def test_a_cluster_shows_its_members_and_their_difference(server: Server):
    [listed] = clusters(server, "?verdict=exact")
    shown = server.call("GET", f"/api/dedup/tasks/1/clusters/{listed['id']}")["data"]
    assert shown["representative_id"] == shown["members"][0]["question_id"]
    assert shown["members"][0]["similarity"] == 1
    exact = next(member for member in shown["members"][1:] if member["verdict"] == "exact")
    rebuilt = "".join(stretch for _, _, stretch in exact["diff"]["stem"])
    assert rebuilt == exact["question"]["stem"]


@pytest.mark.parametrize("query", ["?verdict=variant", "?subject_name=历史", "?decision=merge", "?min_similarity=1.1"])
def test_clusters_are_narrowed_by_filters(server: Server, query: str):
    if "1.1" in query:
        with pytest.raises(HttpError, match="422"):
            clusters(server, query)
    else:
        assert clusters(server, query) == []


def test_a_decision_merges_and_its_undoing_gives_back(server: Server):
    [cluster] = clusters(server, "?verdict=exact")
    path = f"/api/dedup/tasks/1/clusters/{cluster['id']}/decision"
    decided = server.call("POST", path, {"action": "merge"})["data"]["decision"]
    assert (decided["action"], decided["keep_id"], decided["by"]) == ("merge", cluster["representative_id"], "local")
    [merged] = [member["question_id"] for member in cluster["members"][1:] if member["verdict"] == "exact"]
    assert status_of(server, merged) == ("merged", cluster["representative_id"])
    assert server.call("DELETE", path)["data"]["decision"] is None
    assert status_of(server, merged) == ("active", None)
    with pytest.raises(HttpError, match="409"):
        server.call("DELETE", path)


def test_a_decision_about_a_stranger_is_refused(server: Server):
    [cluster] = clusters(server, "?verdict=exact")
    with pytest.raises(HttpError) as refused:
        server.call("POST", f"/api/dedup/tasks/1/clusters/{cluster['id']}/decision", {"action": "merge", "keep_id": 5})
    assert (refused.value.status, refused.value.problem["errors"][0]["field"]) == (422, "keep_id")


def test_many_clusters_are_counted_before_they_are_decided(server: Server):
    path = "/api/dedup/tasks/1/clusters/decisions"
    counted = server.call("POST", path, {"action": "merge", "filters": {"verdict": "exact"}, "dry_run": True})["data"]
    assert (counted["clusters"], counted["merged"], counted["decision_id"]) == (1, 1, None)
    assert clusters(server, "?decision=merge") == []
    done = server.call("POST", path, {"action": "merge", "filters": {"verdict": "exact"}})["data"]
    assert done == counted | {"decision_id": done["decision_id"]}
    [decided] = clusters(server, "?decision=merge")
    assert decided["decision"]["decision_id"] == done["decision_id"]
    whole = f"/api/dedup/tasks/1/decisions/{done['decision_id']}"
    assert server.call("DELETE", whole)["data"]["clusters"] == 1
    assert clusters(server, "?decision=merge") == []
    with pytest.raises(HttpError) as refused:
        server.call("DELETE", whole)
    assert (refused.value.status, refused.value.problem["code"]) == (409, "NOTHING_TO_UNDO")


def test_the_state_that_a_reviewer_has_seen_can_be_named(server: Server):
    [cluster] = clusters(server, "?verdict=exact")
    path = f"/api/dedup/tasks/1/clusters/{cluster['id']}/decision"
    decided = server.call("POST", path, {"action": "keep_all", "revision": cluster["revision"]})["data"]
    assert decided["replaced"] is None
    with pytest.raises(HttpError) as refused:
        server.call("POST", path, {"action": "merge", "revision": cluster["revision"]})
    assert (refused.value.status, refused.value.problem["code"]) == (409, "DECIDED_MEANWHILE")
    with pytest.raises(HttpError, match="DECIDED_MEANWHILE"):
        server.call("DELETE", f"{path}?revision={cluster['revision']}")
    assert server.call("DELETE", f"{path}?revision={decided['revision']}")["data"]["decision"] is None


def test_how_far_people_are_and_who_did_what_can_be_read(server: Server):
    [cluster] = clusters(server, "?verdict=exact")
    path = f"/api/dedup/tasks/1/clusters/{cluster['id']}/decision"
    server.call("POST", path, {"action": "merge"})
    review = server.call("GET", "/api/dedup/tasks/1/review")["data"]
    assert review["by_verdict"]["exact"] == {"clusters": 1, "decided": 1, "left": 0}
    server.call("DELETE", path)
    newest = server.call("GET", "/api/dedup/tasks/1/decisions?limit=2")["data"]
    assert [(act["action"], act["by"]) for act in newest] == [("undo", "local"), ("merge", "local")]
    rows = server.call("GET", "/api/tasks/1/events?after_seq=0&limit=500")["data"]
    assert [row["data"]["action"] for row in rows if row["event"] == "decision"][-2:] == ["merge", "undo"]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))


def test_thresholds_are_tried_before_a_task_is_started(server: Server):
    body = {"filters": {"subject_name": "物理"}, "thresholds": [0.9, 0.8]}
    shown = server.call("POST", "/api/dedup/preview", body)["data"]
    assert (shown["questions"], shown["is_whole"]) == (4, True)
    assert [(tried["threshold"], tried["exact"]) for tried in shown["thresholds"]] == [(0.8, 1), (0.9, 1)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"thresholds": []}, "thresholds"),
        ({"thresholds": [0.1]}, "thresholds.0"),
        ({"thresholds": [0.9] * 11}, "thresholds"),
        ({"sample": 1_000_000}, "sample"),
        ({"bank_id": 99}, "bank_id"),
        ({"options": {"across": ["stem"]}}, "options.across.0"),
    ],
)
def test_a_preview_that_cannot_be_is_refused_by_name(quick_client: FlaskClient, wrong: dict[str, Any], field: str):
    answer = quick_client.post("/api/dedup/preview", json=wrong)
    assert (answer.status_code, [error["field"] for error in answer.json["errors"]]) == (422, [field])


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "xlsx"])
@pytest.mark.parametrize("what", ["clusters", "unique"])
def test_what_was_found_can_be_downloaded(server: Server, file_format: str, what: str):
    answer = requests.get(f"{server.url}/api/dedup/tasks/1/export?format={file_format}&what={what}", timeout=10)
    assert answer.status_code == 200
    assert f'filename="dedup-1-{what}.{file_format}"' in answer.headers["Content-Disposition"]
    assert len(answer.content) > 100
