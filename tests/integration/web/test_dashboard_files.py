"""The built dashboard as browsers get it, and what stands in its place where it was not built."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.integration.web.conftest import ServicesOf, client_of
from web.dashboard_files import ADDRESSES, DashboardFiles

PAGE, SCRIPT = "<!doctype html><title>Taskbeam</title>", "console.log(1)" * 100


@pytest.fixture
def built(tmp_path: Path) -> DashboardFiles:
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    script = folder / "assets" / "index-abc123.js"
    script.write_text(SCRIPT)
    script.with_name(script.name + ".br").write_bytes(b"brotli's bytes")
    script.with_name(script.name + ".gz").write_bytes(gzip.compress(SCRIPT.encode()))
    return DashboardFiles(folder)


@pytest.fixture
def dashboard(services_of: ServicesOf, built: DashboardFiles) -> FlaskClient:
    return client_of(services_of(), dashboard=built)


@pytest.mark.parametrize(
    "path", ["/", *(f"/{address}" for address in ADDRESSES), "/tasks/7", "/duplicates/7", "/ocr/7"]
)
def test_every_address_of_the_dashboard_opens_its_page(dashboard: FlaskClient, path: str):
    answer = dashboard.get(path)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, PAGE, "text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_page_is_not_sent_again_to_who_has_it(dashboard: FlaskClient):
    tag = dashboard.get("/").headers["ETag"]
    answer = dashboard.get("/tasks", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br", "br", b"brotli's bytes"),
        ("gzip", "gzip", gzip.compress(SCRIPT.encode(), mtime=0)),
        ("gzip, br;q=0", "gzip", gzip.compress(SCRIPT.encode(), mtime=0)),
        ("", None, SCRIPT.encode()),
    ],
)
def test_a_script_comes_in_the_encoding_the_browser_takes(
    dashboard: FlaskClient, accepted: str, encoding: str | None, content: bytes
):
    answer = dashboard.get("/static/dashboard/assets/index-abc123.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert "Accept-Encoding" in answer.headers["Vary"]
    got = answer.data
    assert (gzip.decompress(got), encoding) == (SCRIPT.encode(), "gzip") if encoding == "gzip" else got == content


def test_a_file_whose_name_changes_with_its_content_may_be_kept_for_ever(dashboard: FlaskClient):
    answer = dashboard.get("/static/dashboard/assets/index-abc123.js")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["assets/gone.js", "../js/home.js", "assets/../../secret", "assets", ""])
def test_nothing_but_what_was_built_is_given(dashboard: FlaskClient, tmp_path: Path, name: str):
    (tmp_path / "secret").write_text("secret")
    answer = dashboard.get(f"/static/dashboard/{name}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/tasks", "/tasks/7", "/settings"])
def test_where_it_was_not_built_its_addresses_lead_to_the_first_page(quick_client: FlaskClient, path: str):
    answer = quick_client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert 'id="import-form"' in quick_client.get("/").text


def test_a_dashboard_built_while_the_server_runs_is_served(services_of: ServicesOf, built: DashboardFiles):
    page = built.folder / "index.html"
    page.unlink()
    client = client_of(services_of(), dashboard=built)
    assert client.get("/tasks").status_code == 302
    page.write_text(PAGE)
    assert client.get("/tasks").text == PAGE
