"""What every answer has in common, refusals and accidents included."""

from __future__ import annotations

import logging

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from models.session import DatabaseBusyError
from services.bootstrap import Services
from services.errors import ConfigurationError, TaskbeamError, UnitError, WorkerLostError
from tests.integration.web.conftest import ServicesOf, client_of
from web.errors import STATUS, explain


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "NOT_FOUND"),
        ("GET", "/api/", 404, "NOT_FOUND"),
        ("GET", "/static/nothing.js", 404, "NOT_FOUND"),
        ("GET", "/static/../factory.py", 404, "NOT_FOUND"),
        ("PUT", "/api/tasks", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", "/api/tasks", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_every_refusal_is_problem_json(quick_client: FlaskClient, method: str, path: str, status: int, code: str):
    answer = quick_client.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.json
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert (problem["status"], problem["code"]) == (status, code)
    if status == 405:
        assert answer.headers["Allow"]


def test_an_accident_says_nothing_but_the_request_it_was_logged_under(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def explode(_query: object) -> None:
        raise ZeroDivisionError("secret of the house")

    monkeypatch.setattr(type(services.tasks), "list", lambda _self, query: explode(query))
    with caplog.at_level(logging.ERROR):
        answer = client_of(services).get("/api/tasks", headers={"X-Request-Id": "my-request.1"})
    assert (answer.status_code, answer.json["code"]) == (500, "SERVER_ERROR")
    assert answer.headers["X-Request-Id"] == "my-request.1"
    assert b"secret" not in answer.data
    assert b"Traceback" not in answer.data
    assert "secret of the house" in caplog.text


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "ü"])
def test_a_request_id_of_the_client_is_kept_only_if_it_is_harmless(quick_client: FlaskClient, given: str):
    headers = {"X-Request-Id": given.encode().decode("latin-1")}
    assert len(quick_client.get("/healthz", headers=headers).headers["X-Request-Id"]) == 16


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/tasks", "/nothing", "/static/js/home.js"])
def test_every_answer_is_closed_to_foreign_content(quick_client: FlaskClient, path: str):
    headers = quick_client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_what_the_api_says_is_not_cached(quick_client: FlaskClient):
    assert quick_client.get("/api/tasks").headers["Cache-Control"] == "no-store"


def test_head_and_options_are_answered(quick_client: FlaskClient):
    assert quick_client.head("/api/tasks").status_code == 200
    assert "GET" in quick_client.options("/api/tasks").headers["Allow"]


def all_errors(base: type[TaskbeamError] = TaskbeamError) -> list[type[TaskbeamError]]:
    return [base, *(error for child in base.__subclasses__() for error in all_errors(child))]


@pytest.mark.parametrize("kind", all_errors())
def test_every_error_of_ours_has_a_status(kind: type[TaskbeamError]):
    error = kind.__new__(kind)
    Exception.__init__(error, "a sentence")
    if kind.__name__ == "RateLimitExceededError":
        error.retry_after = 1.0
    if hasattr(kind, "problems") or "Input" in str(kind.__mro__):
        error.problems = ()
    fault = explain(error)
    nearest = next(one for one in kind.__mro__ if one in STATUS)
    assert (fault.status, fault.code, fault.message) == (STATUS[nearest], kind.code, "a sentence")


@pytest.mark.parametrize("error", [UnitError("x"), WorkerLostError("x", -9), ConfigurationError("x")])
def test_an_error_that_is_no_fault_of_the_client_is_a_500(error: TaskbeamError):
    assert explain(error).status == 500


@pytest.mark.parametrize(
    "error",
    [
        DatabaseBusyError("x"),
        OperationalError("SELECT secret", {}, Exception("host db.local")),
        PoolTimeoutError("QueuePool limit of db.local"),
    ],
)
def test_a_database_that_does_not_answer_is_a_503_without_its_details(error: Exception):
    fault = explain(error)
    assert (fault.status, fault.code) == (503, "UNAVAILABLE")
    assert "secret" not in fault.message
    assert "db.local" not in fault.message


def test_the_server_is_alive_before_it_is_ready(services: Services):
    client = client_of(services)
    assert client.get("/healthz").json["data"]["status"] == "alive"
    not_ready = client.get("/readyz")
    assert (not_ready.status_code, not_ready.json["code"]) == (503, "UNAVAILABLE")
    assert "no worker process is running" in not_ready.json["detail"]
    assert "database" not in not_ready.json["detail"]


def test_a_dead_redis_is_named_by_readiness_and_stops_nothing_else(services_of: ServicesOf):
    client = client_of(services_of(redis_url="redis://:secret@127.0.0.1:1/0"))
    detail = client.get("/readyz").json["detail"]
    assert "redis: " in detail
    assert "secret" not in detail
    assert client.get("/api/tasks").status_code == 200


def test_the_figures_count_tasks_requests_and_workers(services: Services):
    client = client_of(services)
    client.post("/api/external/tasks", json={"task_name": "render"})
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'taskbeam_tasks{status="running"} 1.0' in lines
    assert 'taskbeam_tasks{status="failed"} 0.0' in lines
    assert "taskbeam_workers_busy 0.0" in lines
    assert any(line.startswith("taskbeam_http_request_seconds_count") and "external" in line for line in lines)


def test_words_that_are_no_methods_are_no_labels_of_the_figures(quick_client: FlaskClient):
    for number in range(3):
        assert quick_client.open("/healthz", method=f"WORD{number}").status_code == 405
    assert "WORD" not in quick_client.get("/metrics").text
