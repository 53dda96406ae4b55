"""OCR over REST, computed by a real server's workers; what is refused needs none."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from PIL import Image

from services.ocr.engines.registry import STUB_VARIABLE
from services.ocr.export import EXPORT_FORMATS
from tests.pages import draw_page
from tests.server import Server

STUB = {"requirements": json.dumps({"engines": ["stub"]})}
PAPER = ["1. 什么是端口?", "2. 单项式的系数是____。"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("ocr"), TASKBEAM_WORKERS="1", **{STUB_VARIABLE: "1"}) as server:
        yield server


@pytest.fixture(scope="module")
def task(server: Server) -> dict[str, Any]:
    """Two pages that can be read and a file that cannot."""
    files = {"paper.png": draw_page(PAPER), "notes.png": b"not a picture", "cover.png": draw_page(["封面"])}
    made = start(server, files, task_name="three files")
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == f"/api/ocr/tasks/{made.json()['data']['id']}"
    return server.await_status(made.json()["data"]["id"])


def start(server: Server, files: dict[str, bytes], field: str = "files[]", **fields: str) -> requests.Response:
    parts = [(field, (name, content, "image/png")) for name, content in files.items()]
    return requests.post(f"{server.url}/api/ocr/tasks", files=parts, data=STUB | fields, timeout=30)


def recognize(server: Server, content: bytes, **requirements: Any) -> requests.Response:
    fields = {"requirements": json.dumps({"engines": ["stub"]} | requirements)}
    return requests.post(f"{server.url}/api/ocr/recognize", files={"file": content}, data=fields, timeout=30)


def test_a_bad_file_fails_alone_and_is_listed(task: dict[str, Any]) -> None:
    assert (task["status"], task["total_pages"], task["processed_pages"]) == ("completed", 3, 3)
    result = task["result"]
    assert (result["completed"], result["failed"]) == (2, 1)
    (failed,) = result["failed_pages"]
    assert (failed["page"], failed["file_name"], failed["code"]) == (2, "notes.png", "INVALID_IMAGE")


def test_pages_are_listed_with_what_they_say(server: Server, task: dict[str, Any]) -> None:
    answer = server.call("GET", f"/api/ocr/tasks/{task['id']}/pages?limit=2")
    assert answer["meta"]["total"] == 3
    first, second = answer["data"]
    assert (first["status"], first["result"]["text"]) == ("completed", "\n".join(PAPER))
    assert (second["status"], second["result"], second["error"]["code"]) == ("failed", None, "INVALID_IMAGE")
    rest = server.call("GET", f"/api/ocr/tasks/{task['id']}/pages?cursor={answer['meta']['next_cursor']}")
    assert [page["page"] for page in rest["data"]] == [3]
    only_failed = server.call("GET", f"/api/ocr/tasks/{task['id']}/pages?status=failed")
    assert [page["page"] for page in only_failed["data"]] == [2]


def test_pages_are_listed_without_what_they_say_where_that_is_asked_for(server: Server, task: dict[str, Any]) -> None:
    pages = server.call("GET", f"/api/ocr/tasks/{task['id']}/pages?results=false")["data"]
    assert [page["status"] for page in pages] == ["completed", "failed", "completed"]
    assert [page["result"] for page in pages] == [None] * len(pages)


def test_the_pages_picture_has_the_pixels_that_its_regions_are_counted_in(server: Server, task: dict[str, Any]) -> None:
    result = server.call("GET", f"/api/ocr/tasks/{task['id']}/pages/1")["data"]["result"]
    path = f"{server.url}/api/ocr/tasks/{task['id']}/pages/1/image"
    whole, small = requests.get(path, timeout=30), requests.get(f"{path}?width=50", timeout=30)
    assert whole.headers["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(whole.content)).size == (result["width"], result["height"])
    assert Image.open(io.BytesIO(small.content)).width == 50


def test_a_picture_is_kept_by_browsers_only_once_it_is_known_how_it_stands(server: Server) -> None:
    made = start(server, {"a.png": draw_page(["a"], rotate=90), "b.png": draw_page(["b"], fail=True)})
    task = server.await_status(made.json()["data"]["id"])
    read, failed = (
        requests.get(f"{server.url}/api/ocr/tasks/{task['id']}/pages/{page}/image", timeout=30) for page in (1, 2)
    )
    assert "max-age" in read.headers["Cache-Control"]
    assert failed.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", list(EXPORT_FORMATS))
def test_every_format_can_be_downloaded(server: Server, task: dict[str, Any], name: str) -> None:
    answer = requests.get(f"{server.url}/api/ocr/tasks/{task['id']}/export?format={name}", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == EXPORT_FORMATS[name].media_type
    assert EXPORT_FORMATS[name].suffix in answer.headers["Content-Disposition"]
    if name == "pdf":
        assert answer.content.startswith(b"%PDF-")
    else:
        assert "系" in answer.content.decode()


def test_questions_are_cut_out_of_the_pages_into_a_bank(server: Server, task: dict[str, Any]) -> None:
    bank = server.call("POST", "/api/banks", {"name": "from pages"})["data"]["id"]
    body = {"bank_id": bank, "subject_name": "数学"}
    made = server.call("POST", f"/api/ocr/tasks/{task['id']}/questions", body)["data"]
    assert made["kind"] == "import"
    server.await_status(made["id"])
    questions = server.call("GET", f"/api/banks/{bank}/questions")["data"]
    assert [question["stem"] for question in questions] == ["什么是端口?", "单项式的系数是____。"]
    assert {question["subject_name"] for question in questions} == {"数学"}
    assert all("paper.png" in question["source"] for question in questions)


def test_a_persons_correction_stands_until_it_is_undone(server: Server, task: dict[str, Any]) -> None:
    path = f"/api/ocr/tasks/{task['id']}/pages/3"
    before = server.call("GET", path)["data"]
    changed = server.call("PATCH", f"{path}/regions/0", {"text": "正文", "revision": before["revision"]})["data"]
    assert (changed["result"]["text"], changed["revision"]) == ("正文", before["revision"] + 1)
    stale = requests.patch(
        f"{server.url}{path}/regions/0", json={"text": "x", "revision": before["revision"]}, timeout=9
    )
    assert stale.status_code == 409
    server.call("DELETE", f"{path}/corrections")
    assert server.call("GET", path)["data"]["result"]["text"] == before["result"]["text"] == "封面"


def test_a_box_that_was_corrected_is_read_again(server: Server, task: dict[str, Any]) -> None:
    path = f"/api/ocr/tasks/{task['id']}/pages/1"
    region = server.call("GET", path)["data"]["result"]["regions"][1]
    server.call("PATCH", f"{path}/regions/1", {"text": "wrong"})
    x1, y1, x2, y2 = region["bbox"]
    again = server.call("POST", f"{path}/regions", {"box": [x1 - 3, y1 - 3, x2 + 3, y2 + 3]})["data"]
    assert again["result"]["text"] == "\n".join(PAPER)
    server.call("DELETE", f"{path}/corrections")


def test_one_picture_is_read_while_its_sender_waits_and_known_the_second_time(server: Server) -> None:
    picture = draw_page(["known soon"])
    first, second = recognize(server, picture).json()["data"], recognize(server, picture).json()["data"]
    assert (first["text"], first["cached"], second["cached"]) == ("known soon", False, True)
    assert first["regions"] == second["regions"]
    assert recognize(server, picture, cache=False).json()["data"]["cached"] is False


def test_only_the_region_of_interest_is_read_and_ignored_areas_are_not(server: Server) -> None:
    picture = draw_page(["above", "below"])
    above, _ = recognize(server, picture).json()["data"]["regions"]
    whole = [0, 0, 5000, above["bbox"][3] + 2]
    assert recognize(server, picture, region=whole).json()["data"]["text"] == "above"
    assert recognize(server, picture, ignore=[above["bbox"]]).json()["data"]["text"] == "below"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "INVALID_IMAGE"),
        (b"GIF89a but no more", 422, "INVALID_IMAGE"),
        (b"<svg/>", 422, "INVALID_IMAGE"),
        (b"GIF89a" + bytes(10 * 2**20), 413, "IMAGE_TOO_LARGE"),
    ],
    ids=["empty", "cut off", "svg", "over 10 MB"],
)
def test_a_file_that_is_not_read_is_refused_with_its_code(
    server: Server, content: bytes, status: int, code: str
) -> None:
    answer = recognize(server, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_empty_page_says_so(server: Server) -> None:
    blank = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(blank, "PNG")
    answer = recognize(server, blank.getvalue())
    assert (answer.status_code, answer.json()["code"]) == (422, "NO_TEXT_DETECTED")


def test_files_may_come_under_the_names_that_clients_use(server: Server) -> None:
    for field in ("files[]", "files", "file"):
        assert (
            start(server, {"a.png": draw_page(["a"])}, field, auto_start="false").json()["data"]["status"] == "pending"
        )
    wrong = start(server, {"a.png": draw_page(["a"])}, "picture")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "files[]")


def test_nothing_is_made_where_no_file_is_a_picture(server: Server) -> None:
    before = server.call("GET", "/api/ocr/tasks")["meta"]["total"]
    answer = start(server, {"a.png": b"nothing", "b.pdf": b"either"})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_IMAGE")
    assert server.call("GET", "/api/ocr/tasks")["meta"]["total"] == before


@pytest.mark.parametrize(
    ("requirements", "field"),
    [
        ("{", "requirements"),
        ("[]", "requirements"),
        ('{"accuracy_requirement": "best"}', "requirements.accuracy_requirement"),
        ('{"region": [5, 5, 1, 9]}', "requirements"),
        ('{"pages": "three"}', "requirements.pages"),
        ('{"engines": ["magic"]}', "requirements.engines.0"),
    ],
)
def test_requirements_that_make_no_sense_are_refused_by_field(
    client: FlaskClient, requirements: str, field: str
) -> None:
    data = {"requirements": requirements, "files[]": (io.BytesIO(draw_page(["a"])), "a.png")}
    answer = client.post("/api/ocr/tasks", data=data)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_more_files_than_a_task_takes_are_refused(client: FlaskClient) -> None:
    files = [(io.BytesIO(b"x"), f"{number}.png") for number in range(201)]
    answer = client.post("/api/ocr/tasks", data={"files[]": files})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "files[]")


@pytest.mark.parametrize("path", ["pages", "pages/1", "pages/1/image", "export"])
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/api/ocr/tasks/999/{path}").status_code == 404
