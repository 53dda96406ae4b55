from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.version import VERSION
from tests.conftest import ROOT
from tests.integration.web.conftest import ServicesOf, client_of
from web.dashboard_files import ADDRESSES
from web.schemas.socket import INCOMING, OUTGOING

# Pages for people and files for them; everything else is part of the API.
NOT_IN_THE_API = {
    "/",
    "/api/docs",
    "/camera",
    "/static/<path:filename>",
    "/static/dashboard/<path:name>",
    "/ws/camera",
    "/ws/ocr",
}


def refs_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        for inner in part.values():
            yield from refs_in(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from refs_in(inner)


def resolved(document: Any, ref: str) -> Any:
    for name in ref.removeprefix("#/").split("/"):
        document = document[name]
    return document


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/asyncapi.json"])
def test_every_reference_leads_somewhere(quick_client: FlaskClient, path: str):
    document = quick_client.get(path).json
    assert document["info"]["version"] == VERSION
    refs = set(refs_in(document))
    assert len(refs) > 20
    for ref in refs:
        resolved(document, ref)


def test_every_route_is_documented_and_every_documented_call_is_served(quick_client: FlaskClient):
    documented = {
        (path, method.upper())
        for path, operations in quick_client.get("/api/openapi.json").json["paths"].items()
        for method in operations
    }
    pages = NOT_IN_THE_API | {f"/{address}{rest}" for address in ADDRESSES for rest in ("", "/<path:rest>")}
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in quick_client.application.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in pages
    }
    assert documented == served


def test_each_place_in_a_path_is_a_parameter_that_is_described(quick_client: FlaskClient):
    for path, operations in quick_client.get("/api/openapi.json").json["paths"].items():
        for operation in operations.values():
            described = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert set(re.findall(r"[{<](?:\w+:)?(\w+)[}>]", path)) == described, path


def test_operation_ids_are_unique(quick_client: FlaskClient):
    paths = quick_client.get("/api/openapi.json").json["paths"]
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(set(ids)) == len(ids)


def test_every_write_takes_an_idempotency_key_and_every_list_pages(quick_client: FlaskClient):
    for operations in quick_client.get("/api/openapi.json").json["paths"].values():
        for method, operation in operations.items():
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert ("Idempotency-Key" in names) == (method in {"post", "patch", "delete"}), operation["operationId"]
            if "cursor" in names:
                assert "limit" in names


def test_a_token_is_documented_where_one_is_needed(services_of: ServicesOf):
    document = client_of(services_of(auth="required")).get("/api/openapi.json").json
    assert document["components"]["securitySchemes"].keys() == {"bearer", "api_key"}
    assert document["paths"]["/api/tasks"]["get"]["security"] == [{"bearer": []}, {"api_key": []}]
    assert "401" in document["paths"]["/api/tasks"]["get"]["responses"]
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_without_authentication_no_token_is_asked_for(quick_client: FlaskClient):
    document = quick_client.get("/api/openapi.json").json
    assert "securitySchemes" not in document["components"]
    assert "401" not in document["paths"]["/api/tasks"]["get"]["responses"]


def test_every_socket_event_is_documented_with_its_answer(quick_client: FlaskClient):
    document = quick_client.get("/api/asyncapi.json").json
    messages = document["channels"]["tasks"]["messages"]
    assert {f"client.{name}" for name in INCOMING} | {f"server.{name}" for name in OUTGOING} <= messages.keys()
    assert {name for name in document["operations"] if name.startswith("receive.")} == {
        f"receive.{name}" for name in INCOMING
    }


def test_the_version_is_said_the_same_everywhere():
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("path", ["/", "/camera", "/api/docs"])
@pytest.mark.parametrize(
    ("asked", "lang"), [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en", "en"), ("fr", "en"), ("", "en")]
)
def test_a_page_speaks_the_language_of_the_browser(quick_client: FlaskClient, path: str, asked: str, lang: str):
    answer = quick_client.get(path, headers={"Accept-Language": asked})
    assert f'<html lang="{lang}">' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/camera", "/api/docs"])
def test_another_language_can_be_asked_for(quick_client: FlaskClient, path: str):
    assert '<html lang="zh">' in quick_client.get(f"{path}?lang=zh", headers={"Accept-Language": "en"}).text
    assert '<html lang="en">' in quick_client.get(f"{path}?lang=<script>").text


@pytest.mark.parametrize("path", ["/", "/camera", "/api/docs"])
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(quick_client: FlaskClient, path: str):
    page = quick_client.get(path).text
    executed = [tag for tag in re.findall(r"<script\b[^>]*>", page) if "application/json" not in tag]
    assert executed
    assert all(" src=" in tag for tag in executed)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    for link in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert link.startswith(("/", "?")), link
        if link.startswith("/"):
            assert quick_client.get(link.partition("?")[0]).status_code in (200, 503), link


def test_both_languages_have_all_words():
    english, chinese = (json.loads((Path(ROOT) / f"web/texts/{lang}.json").read_text("utf-8")) for lang in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[name])), name


def test_the_first_page_says_how_to_import_from_a_shell(quick_client: FlaskClient):
    page = quick_client.get("/").text
    assert "curl -F file=@questions.csv http://127.0.0.1:5000/api/banks/1/import" in page
