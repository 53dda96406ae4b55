"""Who one is, and API keys over REST."""

from __future__ import annotations

import pytest

from tests.integration.web.conftest import ServicesOf, client_of

NEW = {"name": "phone", "scopes": ["tasks:read", "ocr"]}


@pytest.fixture
def guarded(services_of: ServicesOf):
    return services_of(auth="required")


@pytest.fixture
def admin(guarded):
    return client_of(guarded, x_api_key=guarded.auth.keys.create("admin", ["admin"])[1])


def test_a_key_hears_who_it_is_and_what_it_may(guarded):
    info, key = guarded.auth.keys.create("phone", ["ocr"])
    me = client_of(guarded, x_api_key=key).get("/api/me").json["data"]
    assert (me["id"], me["name"], me["kind"], me["scopes"]) == (f"key:{info.id}", "phone", "key", ["ocr"])
    assert me["auth_required"] is True


def test_without_authentication_everybody_is_local_and_may_do_everything(quick_client):
    me = quick_client.get("/api/me").json["data"]
    assert (me["id"], me["kind"], me["auth_required"]) == ("local", "local", False)
    assert "admin" in me["scopes"]


def test_who_has_no_key_is_nobody(guarded):
    assert client_of(guarded).get("/api/me").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/keys"),
        ("POST", "/api/keys"),
        ("DELETE", "/api/keys/1"),
        ("GET", "/api/server"),
        ("POST", "/api/server/checks"),
    ],
)
def test_keys_and_the_servers_state_are_for_administrators(guarded, method: str, path: str):
    client = client_of(guarded, x_api_key=guarded.auth.keys.create("writer", ["tasks:write", "banks:write"])[1])
    assert (
        client.open(path, method=method, json=NEW if path == "/api/keys" and method == "POST" else None).status_code
        == 403
    )


def test_a_key_that_was_made_opens_the_door_until_it_is_revoked(guarded, admin):
    made = admin.post("/api/keys", json=NEW)
    assert made.status_code == 201
    info = made.json["data"]
    client = client_of(guarded, x_api_key=info["key"])
    assert client.get("/api/tasks").status_code == 200
    assert admin.delete(f"/api/keys/{info['id']}").json["data"]["revoked_at"] is not None
    assert client.get("/api/tasks").status_code == 401


def test_the_list_shows_beginnings_and_never_a_key(admin):
    made = [admin.post("/api/keys", json=NEW).json["data"] for _ in range(3)]
    first = admin.get("/api/keys?limit=2").json
    assert [key["id"] for key in first["data"]] == [made[2]["id"], made[1]["id"]]
    assert first["meta"]["total"] == 4
    rest = admin.get(f"/api/keys?cursor={first['meta']['next_cursor']}")
    assert [key["name"] for key in rest.json["data"]] == ["phone", "admin"]
    assert made[0]["key"] not in rest.text
    assert made[0]["key"].startswith(rest.json["data"][0]["prefix"])


def test_a_repeated_request_makes_no_second_key_and_shows_none(guarded, admin):
    first, again = (admin.post("/api/keys", json=NEW, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert first.json["data"]["key"].startswith("tb_")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["data"] == first.json["data"] | {"key": None}
    assert len(guarded.auth.keys.list()) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x", "scopes": []},
        {"name": " ", "scopes": ["ocr"]},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": "admin"},
    ],
)
def test_a_key_needs_a_name_and_scopes_that_exist(admin, body):
    answer = admin.post("/api/keys", json=body)
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID_INPUT")


def test_revoking_a_key_that_is_not_there_is_404(admin):
    assert admin.delete("/api/keys/99").status_code == 404
