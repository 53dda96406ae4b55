"""Files that may not be decoded, through each door of a real server: refused with their code, at no cost."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pypdfium2 as pdfium
import pytest
import requests
from PIL import Image

from services.ocr.engines.registry import STUB_VARIABLE
from tests.integration.websockets.client import OcrClient
from tests.pages import draw_page
from tests.server import Server

MOST_MEMORY = 100  # MiB that refusing a file may cost
CODES = {
    "bomb_12000.png": "IMAGE_TOO_LARGE",
    "bomb_20000.png": "IMAGE_TOO_LARGE",
    "bomb_60000.png": "IMAGE_TOO_LARGE",
    "giant_page.pdf": "IMAGE_TOO_LARGE",
    "truncated.jpg": "INVALID_IMAGE",
    "text.png": "INVALID_IMAGE",
    "script.jpg": "INVALID_IMAGE",
    "zip.pdf": "INVALID_IMAGE",
    "drawing.svg": "INVALID_IMAGE",
    "empty.png": "INVALID_IMAGE",
}
STATUS = {"IMAGE_TOO_LARGE": 413}  # else 422
WIDE_GIF = b"GIF89a" + bytes(7) + b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x08\x01\0\0;"
STUB = {"requirements": json.dumps({"engines": ["stub"]})}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its one worker has read a page: what it costs to begin is paid."""
    with Server(tmp_path_factory.mktemp("hostile"), TASKBEAM_WORKERS="1", **{STUB_VARIABLE: "1"}) as server:
        assert recognize(server, draw_page(["warm"])).json()["data"]["text"] == "warm"
        assert recognize(server, a_pdf(1)).status_code == 422  # pdfium is there now
        yield server


@pytest.fixture(params=["shared", "made"])
def hostile(request: pytest.FixtureRequest) -> Mapping[str, tuple[bytes, str]]:
    """{name: (content, code)}"""
    if request.param == "made":
        return made()
    folder: Path = request.getfixturevalue("shared_data") / "ocr" / "hostile"
    assert {path.name for path in folder.iterdir()} == set(CODES)
    return {path.name: (path.read_bytes(), CODES[path.name]) for path in folder.iterdir()}


def made() -> Mapping[str, tuple[bytes, str]]:
    """Each says that it is something that it is not, or unpacks to much more than it is."""
    return {
        "wide.png": (png(2**31 - 1, 9), "IMAGE_TOO_LARGE"),
        "none.png": (png(0, 0), "IMAGE_TOO_SMALL"),
        "text_bomb.png": (png(40, 40, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**27), 9))), "INVALID_IMAGE"),
        "wide.gif": (WIDE_GIF, "IMAGE_TOO_LARGE"),
        "film.gif": (film(2_001), "IMAGE_TOO_LARGE"),
        "tiny.png": (encoded(Image.new("RGB", (2, 2))), "IMAGE_TOO_SMALL"),
        "huge.bmp": (b"BM" + struct.pack("<IIIIiiHHI", 60, 0, 54, 40, 2**31 - 1, -(2**31), 1, 24, 0) + bytes(24),
                     "IMAGE_TOO_LARGE"),
        "huge.webp": (b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff" * 6, "IMAGE_TOO_LARGE"),
        "postscript.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file 100 string readstring pop ==\n",
                           "INVALID_IMAGE"),
        "cut.pdf": (a_pdf(1)[:300], "INVALID_IMAGE"),
        "thick.pdf": (a_pdf(2_001), "IMAGE_TOO_LARGE"),
        "page.html": (b"<html><img src='http://127.0.0.1/'></html>", "INVALID_IMAGE"),
    }  # fmt: skip


def test_a_waiting_client_is_told_the_code(server: Server, hostile: Mapping[str, tuple[bytes, str]]) -> None:
    with unharmed(server):
        for name, (content, code) in hostile.items():
            answer = recognize(server, content)
            assert (name, answer.json()["code"]) == (name, code)
            assert (name, answer.status_code) == (name, STATUS.get(code, 422))


def test_a_task_lists_each_with_its_code_and_reads_the_page_between_them(
    server: Server, hostile: Mapping[str, tuple[bytes, str]]
) -> None:
    with unharmed(server):
        files = {name: content for name, (content, _) in hostile.items()} | {"good.png": draw_page(["between"])}
        parts = [("files[]", (name, content)) for name, content in files.items()]
        made = requests.post(f"{server.url}/api/ocr/tasks", files=parts, data=STUB, timeout=60)
        task = server.await_status(made.json()["data"]["id"])
        pages = server.call("GET", f"/api/ocr/tasks/{task['id']}/pages")["data"]
    assert task["status"] == "completed"
    assert pages[-1]["result"]["text"] == "between"
    assert {page["file_name"]: page["error"]["code"] for page in pages[:-1]} == {
        name: code for name, (_, code) in hostile.items()
    }


def test_a_socket_s_client_is_told_the_code_and_stays(server: Server, hostile: Mapping[str, tuple[bytes, str]]) -> None:
    with unharmed(server), OcrClient(server.port) as client:
        for name, (content, _) in hostile.items():
            client.request(content, name)
        for name, (_, code) in hostile.items():
            assert (name, client.end_of(name)["data"]["error_code"]) == (name, code)
        assert client.recognize(draw_page(["still here"]))["data"]["result"]["text"] == "still here"


def recognize(server: Server, content: bytes) -> requests.Response:
    return requests.post(f"{server.url}/api/ocr/recognize", files={"file": content}, data=STUB, timeout=30)


@contextmanager
def unharmed(server: Server) -> Iterator[None]:
    """The same processes are there afterwards, and none of them ever needed much memory."""
    before = {process.pid: peak(process) for process in processes(server)}
    yield
    after = {process.pid: peak(process) for process in processes(server)}
    assert set(after) == set(before)
    assert max(after[pid] - before[pid] for pid in before) < MOST_MEMORY
    assert "Traceback" not in server.log


def processes(server: Server) -> list[psutil.Process]:
    assert server.process is not None
    parent = psutil.Process(server.process.pid)
    return [parent, *(child for child in parent.children() if "services.runners.worker" in child.cmdline())]


def peak(process: psutil.Process) -> float:
    """MiB; 0 where the system does not say (then nothing is compared)."""
    status = Path(f"/proc/{process.pid}/status")
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024 if status.exists() else 0.0


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, more: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 41 * 40))
    return b"\x89PNG\r\n\x1a\n" + header + more + rows + chunk(b"IEND", b"")


def film(frames: int) -> bytes:
    """A GIF whose pictures have one colour and differ by their place."""
    pictures = [Image.new("P", (16, 16), number % 2) for number in range(2)] * (frames // 2 + 1)
    return encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:frames], optimize=False)


def a_pdf(pages: int) -> bytes:
    """Blank A6 pages."""
    document = pdfium.PdfDocument.new()
    for _ in range(pages):
        document.new_page(298, 420)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
