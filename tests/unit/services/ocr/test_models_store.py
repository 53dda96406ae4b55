import hashlib
import importlib.util
import io
import socket
import time
import zipfile

import pytest

from services.errors import ModelLoadError
from services.ocr import models_store
from services.ocr.models_store import Weights, easyocr_folder, easyocr_weights, fetch_easyocr, missing_weights

WHOLE = b"weights of a network"


@pytest.fixture
def archive(tmp_path):
    """A file: URL of an archive with one file, and what is expected of it."""

    def write(content=WHOLE, name="net.pth"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as opened:
            opened.writestr(name, content)
        path = tmp_path / "net.zip"
        path.write_bytes(packed.getvalue())
        return (Weights("net.pth", path.as_uri(), hashlib.md5(WHOLE).hexdigest()),)

    return write


def fetch(folder, weights):
    said = []
    fetch_easyocr(folder, said.append, weights)
    return said


def test_weights_are_fetched_unpacked_and_checked(tmp_path, archive):
    folder = tmp_path / "models"

    said = fetch(folder, archive())

    assert (folder / "net.pth").read_bytes() == WHOLE
    assert [path.name for path in folder.iterdir()] == ["net.pth"]
    assert said[0].startswith("fetching net.pth from file://")


def test_weights_that_are_there_and_whole_are_not_fetched_again(tmp_path, archive):
    (tmp_path / "net.pth").write_bytes(WHOLE)

    assert fetch(tmp_path, [archive()[0]._replace(url="file:///nowhere")]) == ["net.pth is there"]


def test_damaged_weights_are_replaced(tmp_path, archive):
    (tmp_path / "net.pth").write_bytes(b"half")

    fetch(tmp_path, archive())

    assert (tmp_path / "net.pth").read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [(b"other", "net.pth", "does not hold the file"), (WHOLE, "other.pth", "cannot be fetched")],
)
def test_an_archive_that_is_not_the_one_expected_leaves_nothing_behind(tmp_path, archive, content, name, words):
    folder = tmp_path / "models"

    with pytest.raises(ModelLoadError, match=words):
        fetch(folder, archive(content, name))

    assert list(folder.iterdir()) == []


def test_without_a_net_it_says_where_to_copy_the_files_to(tmp_path):
    with socket.socket() as unused:  # bound and not listening: refused at once
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/net.zip"
        with pytest.raises(ModelLoadError, match="Run this again where there is a net, or copy .* into") as caught:
            fetch(tmp_path, [Weights("net.pth", url, "")])

    assert str(tmp_path) in caught.value.message


def test_a_server_that_says_nothing_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(models_store, "_TIMEOUT", 0.2)
    began = time.monotonic()

    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ModelLoadError, match="timed out"):
        fetch(tmp_path, [Weights("net.pth", f"http://127.0.0.1:{silent.getsockname()[1]}/net.zip", "")])

    assert time.monotonic() - began < 30


@pytest.mark.skipif(importlib.util.find_spec("easyocr") is None, reason="EasyOCR is not installed (requirements.txt)")
def test_the_names_looked_for_are_those_that_easyocr_uses():
    weights = easyocr_weights()

    assert tuple(each.file_name for each in weights) == models_store.EASYOCR_WEIGHTS
    assert all(each.url.startswith("https://") and len(each.md5) == 32 for each in weights)


def test_weights_lie_in_the_data_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("TASKBEAM_DATA_DIR", str(tmp_path))

    assert easyocr_folder() == tmp_path / "models" / "easyocr"
    assert easyocr_folder(tmp_path / "other") == tmp_path / "other" / "models" / "easyocr"
    assert models_store.worker_environment(tmp_path) == {"TASKBEAM_DATA_DIR": str(tmp_path)}


def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "zh_sim_g2.pth").touch()

    assert missing_weights(tmp_path) == ["craft_mlt_25k.pth"]
