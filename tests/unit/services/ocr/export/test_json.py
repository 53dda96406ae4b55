from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given

from services.ocr.export import ExportPage
from services.ocr.page import PageResult
from tests.unit.services.ocr.export.pages import exported, failed, of_rows, page, texts


def test_each_page_is_as_rest_gives_it() -> None:
    first, second = json.loads(exported("json", of_rows("题目"), failed(2)))
    assert {key: first[key] for key in ("page", "file_name", "page_in_file", "status", "error")} == {
        "page": 1,
        "file_name": "scan.png",
        "page_in_file": 1,
        "status": "completed",
        "error": None,
    }
    assert PageResult.from_json(first["result"]) == of_rows("题目").result
    assert (second["status"], second["result"], second["error"]["code"]) == ("failed", None, "INVALID_IMAGE")


def test_a_page_that_is_still_to_be_read_has_not_failed() -> None:
    (waiting,) = json.loads(exported("json", ExportPage(1, "scan.png", 1, None)))
    assert (waiting["status"], waiting["error"], waiting["result"]) == ("pending", None, None)


def test_no_pages_are_an_empty_array() -> None:
    assert json.loads(exported("json")) == []


def test_fields_of_a_card_are_kept() -> None:
    card = replace(of_rows("张三").result, fields={"name": "张三", "lines": ["\ud800", {"a": 1}]})  # type: ignore[type-var]
    (found,) = json.loads(exported("json", page(card)))
    assert found["result"]["fields"] == {"name": "张三", "lines": ["\ufffd", {"a": 1}]}


@given(texts)
def test_any_text_comes_back_but_for_lone_surrogates(text: str) -> None:
    (found,) = json.loads(exported("json", of_rows(text)))
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert found["result"]["regions"][0]["text"] == expected
