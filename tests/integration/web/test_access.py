"""Who may ask: tokens, scopes, hosts, origins, rates."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.auth import Scope
from tests.integration.web.conftest import ServicesOf, client_of

OPEN = ["/", "/api/docs", "/healthz", "/api/openapi.json", "/api/asyncapi.json", "/static/icon.svg"]
NEW_TASK = {"task_name": "render"}


def key_of(services, *scopes: str) -> str:
    return services.auth.keys.create("a test", scopes)[1]


@pytest.fixture
def guarded(services_of: ServicesOf):
    return services_of(auth="required")


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/1", "/api/banks", "/metrics", "/api/tasks/1/events"])
def test_a_read_needs_a_token_when_authentication_is_on(guarded, path: str):
    answer = client_of(guarded).get(path)
    assert (answer.status_code, answer.json["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", OPEN)
def test_pages_documents_and_health_need_none(guarded, path: str):
    assert client_of(guarded).get(path).status_code == 200


def test_a_token_is_taken_from_either_header(guarded):
    key, client = key_of(guarded, "tasks:read"), client_of(guarded)
    for headers in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"bearer  {key}"}, {"X-API-Key": key}):
        assert client.get("/api/tasks", headers=headers).status_code == 200
    for headers in ({"Authorization": f"Basic {key}"}, {"Authorization": "Bearer "}, {"X-API-Key": key + "x"}):
        assert client.get("/api/tasks", headers=headers).status_code == 401


def test_a_token_in_the_address_is_not_taken(guarded):
    # Addresses are kept in histories and logs; only sockets, which browsers give no headers, take one there.
    assert client_of(guarded).get(f"/api/tasks?token={key_of(guarded, 'admin')}").status_code == 401


def test_a_revoked_token_is_refused(guarded):
    info, key = guarded.auth.keys.create("a test", ["admin"])
    client = client_of(guarded, x_api_key=key)
    assert client.get("/api/tasks").status_code == 200
    guarded.auth.keys.revoke(info.id)
    assert client.get("/api/tasks").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/tasks", Scope.TASKS_READ),
        ("POST", "/api/tasks/1/start", Scope.TASKS_WRITE),
        ("DELETE", "/api/tasks/1", Scope.TASKS_WRITE),
        ("POST", "/api/external/tasks", Scope.TASKS_WRITE),
        ("POST", "/api/banks", Scope.BANKS_WRITE),
        ("DELETE", "/api/banks/1", Scope.BANKS_WRITE),
        ("POST", "/api/banks/1/import", Scope.BANKS_WRITE),
        ("GET", "/metrics", Scope.TASKS_READ),
    ],
)
def test_each_call_needs_its_scope(guarded, method: str, path: str, scope: Scope):
    others = [other for other in Scope if other not in (scope, Scope.ADMIN)]
    refused = client_of(guarded, x_api_key=key_of(guarded, *others)).open(path, method=method)
    assert (refused.status_code, refused.json["code"]) == (403, "FORBIDDEN")
    assert scope in refused.json["detail"]
    for enough in (scope, Scope.ADMIN):
        answer = client_of(guarded, x_api_key=key_of(guarded, enough)).open(path, method=method)
        assert answer.status_code not in (401, 403)


def test_the_owner_of_a_task_is_its_principal(guarded):
    info, key = guarded.auth.keys.create("renderer", ["tasks:write"])
    task = client_of(guarded, x_api_key=key).post("/api/external/tasks", json=NEW_TASK).json["data"]
    assert task["owner"] == f"key:{info.id}"
    foreign = client_of(guarded, x_api_key=key_of(guarded, "tasks:write"))
    assert foreign.patch(f"/api/external/tasks/{task['id']}", json={"progress": 5}).status_code == 403


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:5000", "localhost:5000", "LOCALHOST", "[::1]:5000", "127.9.9.9", "taskbeam.localhost", "localhost."],
)
def test_loopback_is_answered_under_all_its_names(quick_client: FlaskClient, host: str):
    assert quick_client.get("/api/tasks", environ_overrides={"HTTP_HOST": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "localhost.evil.example", "[::1", "10.0.0.1"])
@pytest.mark.parametrize("path", ["/", "/api/tasks", "/healthz", "/socket.io/?EIO=4&transport=polling"])
def test_a_name_that_was_pointed_at_loopback_is_not_answered(quick_client: FlaskClient, host: str, path: str):
    answer = quick_client.get(path, environ_overrides={"HTTP_HOST": host})
    assert (answer.status_code, answer.json["code"]) == (403, "HOST_REFUSED")
    assert "TASKBEAM_CORS_ORIGINS" in answer.json["detail"]
    assert answer.headers["X-Request-Id"]


def test_a_name_that_was_allowed_is_answered(services_of: ServicesOf):
    client = client_of(services_of(cors_origins="http://exams.example:5000"))
    assert client.get("/api/tasks", environ_overrides={"HTTP_HOST": "exams.example:5000"}).status_code == 200


def test_with_tokens_any_name_is_answered(guarded):
    # A page that points its name here has no token, so the name need not protect us.
    client = client_of(guarded, x_api_key=key_of(guarded, "admin"))
    assert client.get("/api/tasks", environ_overrides={"HTTP_HOST": "exams.example"}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil.example", "http://127.0.0.1:5001", "http://localhost:5000", "http://127.0.0.1.evil.example"],
)
def test_a_foreign_page_cannot_write(quick_client: FlaskClient, origin: str):
    answer = quick_client.post("/api/external/tasks", json=NEW_TASK, headers={"Origin": origin})
    assert (answer.status_code, answer.json["code"]) == (403, "ORIGIN_REFUSED")
    assert quick_client.get("/api/tasks").json["meta"]["total"] == 0


@pytest.mark.parametrize("origin", ["null", "https://evil.example"])
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_foreign_page_cannot_open_a_socket(quick_client: FlaskClient, origin: str, transport: str):
    answer = quick_client.get(f"/socket.io/?EIO=4&transport={transport}", headers={"Origin": origin})
    assert answer.status_code == 403


def test_a_foreign_page_cannot_read_either(quick_client: FlaskClient):
    answer = quick_client.get("/api/tasks", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["http://127.0.0.1:5000", None])
def test_our_own_page_and_programs_can_write(quick_client: FlaskClient, origin: str | None):
    headers = {"Origin": origin} if origin else {}
    assert quick_client.post("/api/external/tasks", json=NEW_TASK, headers=headers).status_code == 201


def test_an_allowed_page_can_write_and_read_the_answer(services_of: ServicesOf):
    client = client_of(services_of(cors_origins="https://exams.example"))
    answer = client.post("/api/external/tasks", json=NEW_TASK, headers={"Origin": "https://exams.example"})
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "https://exams.example"
    assert "Idempotency-Replayed" in answer.headers["Access-Control-Expose-Headers"]
    refused = client.post("/api/tasks/9/start", headers={"Origin": "https://exams.example"})
    assert refused.headers["Access-Control-Allow-Origin"] == "https://exams.example"


def test_a_browser_is_told_before_it_asks(services_of: ServicesOf):
    client = client_of(services_of(cors_origins="https://exams.example"))
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "idempotency-key"}
    allowed = client.options("/api/banks/1", headers={"Origin": "https://exams.example", **asked})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (204, "https://exams.example")
    assert "PATCH" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in allowed.headers["Access-Control-Allow-Headers"]
    refused = client.options("/api/banks/1", headers={"Origin": "https://evil.example", **asked})
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_too_many_requests_are_refused_until_there_is_room_again(services_of: ServicesOf):
    client = client_of(services_of(rate_limit="3/hour"))
    answers = [client.get("/api/tasks") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json["code"] == "RATE_LIMIT_EXCEEDED"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 7200


def test_each_key_has_its_own_rate_and_strangers_have_another(services_of: ServicesOf):
    services = services_of(auth="required", rate_limit="2/hour")
    one, other = (client_of(services, x_api_key=key_of(services, "admin")) for _ in range(2))
    assert [one.get("/api/tasks").status_code for _ in range(3)] == [200, 200, 429]
    assert other.get("/api/tasks").status_code == 200
    assert [client_of(services).get("/api/tasks").status_code for _ in range(3)] == [401, 401, 429]
