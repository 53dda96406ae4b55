"""A look at a file before it is imported, by a real worker."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from services.banks import imports
from services.bootstrap import Services
from tests.integration.web.conftest import ServicesOf, client_of

CSV = b"Question text;Right\nSky?;blue\n;green\n"
MAPPING = {"Question text": "stem", "Right": "answer"}


@pytest.fixture
def services(services_of: ServicesOf) -> Iterator[Services]:
    services = services_of()
    services.pool.start()
    yield services
    services.pool.close()


def preview(client: FlaskClient, content: bytes | None = CSV, name: str = "bank.csv", **fields: str):
    file = {} if content is None else {"file": (io.BytesIO(content), name)}
    return client.post("/api/banks/import/preview", data={**file, **fields}, content_type="multipart/form-data")


def start(client: FlaskClient, bank: int = 1, **fields: str):
    return client.post(f"/api/banks/{bank}/import", data=fields, content_type="multipart/form-data")


def uploads(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in (folder / "uploads").iterdir()]


def test_a_file_is_sent_once_looked_at_twice_and_imported(client: FlaskClient, tmp_path: Path):
    seen = preview(client).json["data"]
    assert (seen["has_stem"], seen["delimiter"], [one["name"] for one in seen["columns"]]) == (False, ";", [*MAPPING])
    token, mapping = seen["upload"]["token"], json.dumps(MAPPING)
    again = preview(client, None, upload=token, file_name="bank.csv", mapping=mapping).json["data"]
    assert [(row["stem"], row["answer"]) for row in again["questions"]] == [("Sky?", "blue")]
    assert [row["code"] for row in again["bad_rows"]] == ["missing"]
    task = start(client, upload=token, file_name="../bank.csv", mapping=mapping).json["data"]
    assert (task["status"], task["params"]["mapping"], task["params"]["file_name"]) == ("queued", MAPPING, "bank.csv")
    assert uploads(tmp_path) == [CSV]
    gone = start(client, upload=token, mapping=mapping)
    assert (gone.status_code, gone.json["code"]) == (404, "UPLOAD_GONE")


def test_an_import_that_cannot_begin_leaves_the_file_kept(client: FlaskClient):
    token = preview(client).json["data"]["upload"]["token"]
    assert start(client, bank=99, upload=token).status_code == 404
    assert start(client, upload=token).status_code == 415  # nobody said which column is the stem
    assert start(client, upload=token, mapping=json.dumps(MAPPING)).status_code == 201


@pytest.mark.parametrize(
    ("content", "fields", "status", "code"),
    [
        (CSV, {"mapping": '{"a": "colour"}'}, 422, "INVALID_INPUT"),
        (CSV, {"mapping": '["stem"]'}, 422, "INVALID_INPUT"),
        (CSV, {"mapping": "{"}, 422, "INVALID_INPUT"),
        (CSV, {"mapping": '{"a\\u0000": "stem"}'}, 422, "INVALID_INPUT"),
        (CSV, {"upload": "x"}, 422, "INVALID_INPUT"),
        (None, {}, 422, "INVALID_INPUT"),
        (None, {"upload": "../../etc/passwd"}, 404, "UPLOAD_GONE"),
        (CSV, {"format": "json"}, 422, "UNREADABLE_FILE"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), {}, 415, "UNSUPPORTED_FORMAT"),
    ],
    ids=["no field", "a list", "no JSON", "NUL", "two files", "no file", "a path", "another format", "a picture"],
)
def test_what_cannot_be_shown_is_refused_and_leaves_no_file(
    client: FlaskClient, tmp_path: Path, content: bytes | None, fields: dict[str, str], status: int, code: str
):
    answer = preview(client, content, **fields)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert not (tmp_path / "uploads").exists() or uploads(tmp_path) == []


def test_a_workbook_that_would_unpack_beyond_its_limit_is_refused(client: FlaskClient, tmp_path: Path):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
    content = bytearray(sink.getvalue())
    size = content.index(b"PK\x01\x02") + 24  # APPNOTE 4.3.12: "uncompressed size" in the directory
    content[size : size + 4] = (0xF0000000).to_bytes(4, "little")
    answer = preview(client, bytes(content), "bank.xlsx")
    assert (answer.status_code, answer.json["code"]) == (413, "TOO_LARGE")
    assert uploads(tmp_path) == []


def test_a_look_that_takes_too_long_ends_with_a_word_about_what_to_do(
    services_of: ServicesOf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imports, "_TARGET", "tests.integration.runners.targets:hold_the_interpreter")
    services = services_of(unit_timeout=0.2)
    services.pool.start()
    try:
        answer = preview(client_of(services))
    finally:
        services.pool.close()
    assert (answer.status_code, answer.json["code"]) == (504, "PROCESSING_TIMEOUT")
    assert "Import it unseen" in answer.json["detail"]
