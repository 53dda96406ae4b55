from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.integration.web.conftest import ServicesOf, client_of
from web.body import MAX_JSON_BYTES

TASKS = "/api/external/tasks"


def send(client: FlaskClient, body: bytes, content_type: str = "application/json"):
    return client.post(TASKS, data=body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"task_name": "a"',
        b'{"task_name": "a"} trailing',
        b'{"task_name": NaN}',
        b'{"task_name": "a", "meta": {"x": NaN}}',
        b'{"task_name": "a", "meta": {"x": Infinity}}',
        b'{"task_name": "a", "meta": {"x": 1e999}}',
        b'{"task_name": "a\xff"}',
        b'{"task_name": "\\ud800"}',
        b'{"task_name": "a\\u0000b"}',
        b'{"task_name": "a", "meta": {"x": ["\\u0000"]}}',
        b'{"task_name": "a", "meta": {"\\u0000": 1}}',
        b'{"task_name": ""}',
        b'{"task_name": "   "}',
        b'{"task_name": 5}',
        b'{"task_name": "a", "total": "5"}',
        b'{"task_name": "a", "total": -1}',
        b'{"task_name": "a", "total": 9223372036854775808}',
        b'{"task_name": "a", "total": 1.5}',
        b'{"task_name": "a", "total": true}',
        b'{"task_name": "a", "unknown": 1}',
        b'{"task_name": "' + b"x" * 501 + b'"}',
        b'{"task_name": "a", "meta": ' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"}",
        b'{"task_name": "a", "meta": ' + b'{"a":' * 240 + b"1" + b"}" * 240 + b"}",
        b"[" * 100_000,
        b"\xef\xbb\xbf",
        b"\x00",
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_a_body_that_is_wrong_is_refused_with_its_reason(quick_client: FlaskClient, body: bytes):
    answer = send(quick_client, body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "INVALID_INPUT"
    assert answer.json["errors"][0]["message"]
    assert len(answer.data) < 2000


@pytest.mark.parametrize(
    "body",
    [
        b'{"task_name": "a", "task_name": "b"}',
        b'{"task_name": "\\ud83d\\ude00 \xe2\x80\xae rtl"}',
        b'{"task_name": "a", "meta": {"x": 123456789012345678901234567890}}',
        b'{"task_name": "a", "meta": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}",
        b'  {"task_name": "a"}\n',
        b'{"task_name": "a", "total": 5.0}',
    ],
)
def test_a_body_that_is_odd_but_right_is_taken(quick_client: FlaskClient, body: bytes):
    assert send(quick_client, body).status_code == 201


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_json_body_must_say_that_it_is_json(quick_client: FlaskClient, content_type: str):
    answer = send(quick_client, b'{"task_name": "a"}', content_type)
    assert (answer.status_code, answer.json["code"]) == (415, "UNSUPPORTED_FORMAT")


def test_a_charset_may_be_named(quick_client: FlaskClient):
    assert send(quick_client, b'{"task_name": "a"}', "application/json; charset=utf-8").status_code == 201


def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(quick_client: FlaskClient):
    body = b'{"task_name": "a"}'
    assert send(quick_client, body.ljust(MAX_JSON_BYTES)).status_code == 201
    too_large = send(quick_client, body.ljust(MAX_JSON_BYTES + 1))
    assert (too_large.status_code, too_large.json["code"]) == (413, "TOO_LARGE")


def test_a_chunked_body_is_read_and_bounded_too(quick_client: FlaskClient):
    def chunked(body: bytes):
        return quick_client.post(
            TASKS,
            input_stream=io.BytesIO(body),
            content_type="application/json",
            headers={"Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True},  # as the server says of such a body
        )

    assert chunked(b'{"task_name": "a"}').status_code == 201
    assert chunked(b'{"task_name": "a"}'.ljust(MAX_JSON_BYTES + 1)).status_code == 413


def test_a_call_without_a_body_refuses_one_that_says_something(quick_client: FlaskClient):
    assert quick_client.post("/api/tasks/1/start", json={"priority": 5}).status_code == 422
    assert quick_client.post("/api/tasks/1/start", json={}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "limit=",
        "limit=1&limit=2",
        "cursor=tampered",
        "cursor=djE6MQ==",
        "cursor=%00",
        "q=%00",
        "status=dead",
        "kind=else",
        "colour=red",
        "created_after=nan",
        "created_after=inf",
        "created_after=1e300",
        "q=" + "x" * 501,
    ],
)
def test_a_query_that_is_wrong_is_refused(quick_client: FlaskClient, query: str):
    answer = quick_client.get(f"/api/tasks?{query}")
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID_INPUT")
    assert answer.json["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("path", ["0", "-1", "1.5", "x", "9223372036854775808", "9" * 30, "٣", "%00", "1/"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_id_that_cannot_be_one_is_not_found(quick_client: FlaskClient, method: str, path: str):
    answer = quick_client.open(f"/api/tasks/{path}", method=method)
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")


def test_the_largest_id_is_only_not_there(quick_client: FlaskClient):
    answer = quick_client.get("/api/tasks/9223372036854775807")
    assert answer.json["detail"] == "There is no task 9223372036854775807."


FORM = "multipart/form-data; boundary=b"
FILE_PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nstem\r\n1+1\r\n'


def text_part(name: str, value: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"


END = b"--b--\r\n"


def form(client: FlaskClient, body: bytes, content_type: str = FORM):
    return client.post("/api/banks/1/import", data=body, content_type=content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 422),
        (b"", "multipart/form-data; boundary=\xe4", 422),
        (b"", FORM, 422),
        (b"garbage", FORM, 422),
        (FILE_PART, FORM, 422),
        (FILE_PART + FILE_PART + END, FORM, 422),
        (FILE_PART.replace(b'name="file"', b'name="other"') + END, FORM, 422),
        (END, FORM, 422),
        (b"--b\r\n" + b"X-Long: " + b"y" * 10**6 + b"\r\n", FORM, 413),
        (FILE_PART + text_part("task_name", b"x" * 300_000) + END, FORM, 413),
        (FILE_PART + text_part("task_name", b"a\x00") + END, FORM, 422),
        (FILE_PART + text_part("format", b"csv") * 2 + END, FORM, 422),
        (FILE_PART + text_part("format", b"csv") * 30 + END, FORM, 413),
    ],
)
def test_a_broken_form_is_refused_and_leaves_nothing(
    quick_client: FlaskClient, tmp_path: Path, body: bytes, content_type: str, status: int
):
    answer = form(quick_client, body, content_type)
    assert answer.status_code == status, answer.data
    assert [path.name for path in (tmp_path / "uploads").glob("*")] == []


def test_a_file_beyond_the_limit_is_refused_whether_or_not_its_length_was_said(services_of: ServicesOf, tmp_path: Path):
    client = client_of(services_of(max_upload_mb=1))
    body = FILE_PART + b"x" * (3 * 2**20) + b"\r\n--b--\r\n"
    assert form(client, body).status_code == 413
    chunked = client.post(
        "/api/banks/1/import",
        input_stream=io.BytesIO(body),
        content_type=FORM,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},  # as the server says of such a body
    )
    assert (chunked.status_code, chunked.json["code"]) == (413, "TOO_LARGE")
    assert [path.name for path in (tmp_path / "uploads").glob("*")] == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\temp\\a.csv", "a\x00b\x1bc.csv", "题库.csv", "x" * 1000])
def test_the_name_of_an_upload_is_shown_and_never_opened(quick_client: FlaskClient, tmp_path: Path, name: str):
    data = {"file": (io.BytesIO("题干\n甲\n".encode()), name)}
    answer = quick_client.post("/api/banks/1/import", data=data)
    assert answer.status_code == 201
    shown = answer.json["data"]["params"]["file_name"]
    assert "/" not in shown
    assert "\\" not in shown
    assert shown.isprintable()
    [kept] = (tmp_path / "uploads").iterdir()
    assert kept.name != shown


def test_what_a_dying_server_left_of_an_upload_is_removed_at_the_next_start(services_of: ServicesOf, tmp_path: Path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "cut-off.part").write_bytes(b"half")
    (uploads / "whole.upload").write_bytes(b"all")
    client_of(services_of())
    assert [path.name for path in uploads.iterdir()] == ["whole.upload"]
