"""Schemathesis against our own document: no 5xx, no answer that the document does not name, no wrong input taken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server

# Valid by its schema and refused for good reason: a cursor we never gave out, an Idempotency-Key that was used for
# another request, a file that holds no questions. No schema can say that, so this one check would report only those.
NOT_FOR_SCHEMAS = "positive_data_acceptance"

# The stream has no end. For a picture of a camera that the program made up (there is no such device) 503 is the true
# answer, after 8 s, and a server's fault to the program. test_cameras_api looks at these.
NEEDS_A_CAMERA = r"^/api/cameras/\{camera_id\}/(stream\.mjpg|snapshot\.jpg|ocr|recordings)$"

CSV = "题型,科目,题干,A,B,答案\n单选题,物理,力的单位是什么？,牛顿,库仑,A\n单选题,物理,1. 力的单位是什么?,牛顿,库仑,A\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With something of everything, so that ids which exist are asked about, too."""
    folder = tmp_path_factory.mktemp("server")
    settings = {"TASKBEAM_RATE_LIMIT": "100000/minute", "TASKBEAM_CAMERAS": "test:160x120@5"}
    with Server(folder, TASKBEAM_WORKERS="1", **settings) as server:
        bank = folder / "bank.csv"
        bank.write_text(CSV, "utf-8")
        server.await_status(server.upload("/api/banks/1/import", bank)["data"]["id"])
        task = server.call("POST", "/api/dedup/tasks", {"task_name": "all", "auto_start": True})["data"]
        server.await_status(task["id"])
        server.call("POST", "/api/external/tasks", {"task_name": "render", "total": 3})
        yield server


def run(server: Server, folder: Path, *options: str) -> None:
    program = Path(sys.executable).parent / "st"
    common = ["--checks", "all", "--exclude-checks", NOT_FOR_SCHEMAS, "--continue-on-failure", "--warnings", "off"]
    common += ["--exclude-path-regex", f"{NEEDS_A_CAMERA}|/api/server/checks"]  # which takes seconds
    finished = subprocess.run(
        [str(program), "run", f"{server.url}/api/openapi.json", *common, "--seed", "1", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-20_000:]
    assert "Traceback" not in server.log


@pytest.mark.timeout(600)
def test_every_answer_is_one_that_the_document_names(server: Server, tmp_path: Path):
    run(server, tmp_path, "--phases", "coverage,fuzzing,stateful", "--max-examples", "5")
