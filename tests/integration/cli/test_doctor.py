import importlib.util
import json
import os
import socket

import pytest

from services.cameras.source_spec import FIRST_DEVICE
from services.config import Settings
from services.ocr import models_store
from services.ocr.models_store import EASYOCR_WEIGHTS, Weights
from web.cli import ocr_checks
from web.cli.checks import examine

# What TASKBEAM_CAMERAS=auto finds depends on the machine.
CAMERA = ["camera 0" if os.access(FIRST_DEVICE, os.R_OK | os.W_OK) else "cameras"]


def findings(**settings):
    return {finding.check: finding for finding in examine(Settings(**settings))}


def test_a_fresh_machine_is_well(taskbeam, data_dir):
    done = taskbeam("doctor")

    assert done.returncode == 0, done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith(("warn", "fail"))]
    assert not (data_dir / "taskbeam.db").exists()


def test_doctor_in_json_says_the_same(inside):
    found = json.loads(inside("doctor", "--json")[1])

    assert {finding["check"] for finding in found} == {
        "data directory",
        "disk space",
        "database",
        "clock",
        "redis",
        "port",
        "access",
        "worker process",
        "OCR engine rapidocr",
        "OCR engine easyocr",
        "OCR engine tesseract",
        *CAMERA,
    }
    assert {finding["state"] for finding in found} <= {"ok", "note"}
    assert all(finding["remedy"] for finding in found if finding["state"] == "note")


def test_a_database_that_does_not_answer_fails_once_with_its_remedy(taskbeam, environment):
    environment["TASKBEAM_DATABASE_URL"] = "postgresql://user:hunter2@127.0.0.1:1/name"

    done = taskbeam("doctor")

    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("fail")] == ["fail database"]
    assert "TASKBEAM_DATABASE_URL" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_a_migrated_postgres_is_well_and_its_clock_is_compared(tmp_path, postgres_url):
    found = findings(data_dir=tmp_path, database_url=postgres_url, port=0)

    assert found["database"].state == "ok"
    assert "newest revision" in found["database"].detail
    assert found["clock"].state == "ok"
    assert found["clock"].detail.endswith("the database")


def test_a_port_that_another_program_has_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = findings(data_dir=tmp_path, port=taken.getsockname()[1])

    assert found["port"].state == "fail"
    assert "TASKBEAM_PORT" in found["port"].remedy


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    found = findings(data_dir=tmp_path / "file" / "below", port=0)

    assert found["data directory"].state == "fail"
    assert "TASKBEAM_DATA_DIR" in found["data directory"].remedy


def test_a_redis_that_does_not_answer_is_named(tmp_path):
    found = findings(data_dir=tmp_path, redis_url="redis://127.0.0.1:1/0", port=0)

    assert found["redis"].state == "fail"
    assert "TASKBEAM_REDIS_URL" in found["redis"].remedy


@pytest.mark.parametrize(("auth", "words"), [("off", "open to everybody"), ("auto", "there is none yet")])
def test_access_beyond_loopback_is_warned_of(tmp_path, auth, words):
    found = findings(data_dir=tmp_path, host="0.0.0.0", port=0, auth=auth, database_url=f"sqlite:///{tmp_path}/new.db")

    assert found["access"].state == "warn"
    assert words in found["access"].detail


def test_the_default_engine_is_loaded_for_a_test(tmp_path):
    found = ocr_checks.rapidocr(Settings(data_dir=tmp_path))

    assert found.state == "ok"
    assert "PP-OCR" in found.detail


def test_an_engine_without_its_weights_is_but_a_note_with_its_remedy(tmp_path):
    if importlib.util.find_spec("easyocr") is None:
        pytest.skip("EasyOCR is not installed (requirements.txt)")

    found = ocr_checks.easyocr(Settings(data_dir=tmp_path))

    assert (found.state, str(tmp_path) in found.detail) == ("note", True)
    assert found.remedy.endswith("python app.py doctor --fetch-models")


def test_weights_that_do_not_load_are_found_out(tmp_path):
    if importlib.util.find_spec("easyocr") is None:
        pytest.skip("EasyOCR is not installed (requirements.txt)")
    folder = tmp_path / "models" / "easyocr"
    folder.mkdir(parents=True)
    for name in EASYOCR_WEIGHTS:
        (folder / name).write_bytes(b"half a download")

    found = ocr_checks.easyocr(Settings(data_dir=tmp_path))

    assert found.state == "note"
    assert "damaged" in found.detail


def test_a_program_that_is_not_installed_is_but_a_note(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    found = ocr_checks.tesseract(Settings(data_dir=tmp_path))

    assert found.state == "note"
    assert "apt-get install tesseract-ocr" in found.remedy


def test_languages_that_tesseract_lacks_are_named(tmp_path, monkeypatch):
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\n[ $1 = --list-langs ] && echo eng || echo tesseract 5.3.0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    found = ocr_checks.tesseract(Settings(data_dir=tmp_path))

    assert found.state == "note"
    assert "without chi_sim" in found.detail


def test_models_that_cannot_be_fetched_end_the_command_with_what_to_do(inside, data_dir, monkeypatch):
    with socket.socket() as unused:  # bound and not listening: refused at once
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/craft.zip"
        monkeypatch.setattr(models_store, "easyocr_weights", lambda: (Weights("craft_mlt_25k.pth", url, ""),))

        status, out, err = inside("doctor", "--fetch-models")

    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"doctor: {url} cannot be fetched (")
    assert f"or copy craft_mlt_25k.pth and zh_sim_g2.pth from a machine that has them into {data_dir}" in err


def test_each_configured_camera_is_opened(tmp_path):
    found = findings(data_dir=tmp_path, port=0, cameras=["door=test:320x240@20", "gone=/nowhere.mp4"])

    assert (found["camera door"].state, found["camera door"].detail) == ("ok", "gives 320 x 240 pixels")
    assert found["camera gone"].state == "warn"
    assert "/nowhere.mp4" in found["camera gone"].detail
    assert "TASKBEAM_CAMERAS" in found["camera gone"].remedy
