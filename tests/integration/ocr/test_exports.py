"""Exports read by other programs (poppler, qpdf), of pages that were really read, and of very many pages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pypdfium2 as pdfium
import pytest

from services.ocr.decoding.decode import open_document
from services.ocr.export import EXPORT_FORMATS, ExportPage, write
from services.ocr.export.rows import text_of
from services.ocr.page import PageResult, Region, rows_of
from services.ocr.pipeline import read_page
from services.ocr.requirements import Requirements
from tests.unit.services.ocr.export.pages import HOSTILE, failed, of_rows, page, region, result

XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module", params=["mix_it__clean.png", "en_reading__skew.png"])
def read(request: pytest.FixtureRequest, shared_data: Path) -> ExportPage:
    file = shared_data / "ocr" / request.param
    with open_document(file) as document:
        found = read_page(document.page(1), Requirements())
    return ExportPage(1, file.name, 1, found, image=file.read_bytes)


def made(path: Path, *pages: ExportPage) -> Path:
    path.write_bytes(b"".join(write("pdf", pages, "试卷")))
    return path


def run(program: str, *arguments: str | Path) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def lines_of(found: PageResult) -> list[str]:
    lines = (text_of(row) for rows in rows_of(found) for row in rows)
    return [re.sub(" +", " ", line) for line in lines if line]


def test_a_page_that_was_read_is_copied_from_its_pdf_line_by_line(read: ExportPage, tmp_path: Path) -> None:
    path = made(tmp_path / "read.pdf", read)
    document = pdfium.PdfDocument(path)
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert read.result is not None
    assert text.split("\r\n") == lines_of(read.result)
    assert run("pdftotext", "-raw", path, "-").strip("\n\f").split("\n") == lines_of(read.result)


@pytest.mark.parametrize("format_name", ["txt", "json", "md", "tsv", "hocr", "alto"])
def test_every_format_holds_all_that_was_read(read: ExportPage, format_name: str) -> None:
    text = b"".join(write(format_name, [read], "试卷")).decode()
    assert read.result is not None
    for part in read.result.regions:
        assert [word for word in re.findall(r"\w+", part.text, re.ASCII) if word not in text] == []


def test_poppler_finds_each_word_inside_its_region(tmp_path: Path) -> None:
    rows = [
        [region("水的化学式是____，", 50, 60, 300, 40), region("密度", 400, 60, 80, 40)],
        [region("The quick brown fox", 50, 140, 400, 40)],
        [Region(((60, 300), (459, 272), (462, 312), (63, 340)), "tilted 斜行 line", 0.9)],
    ]
    document = ET.fromstring(run("pdftotext", "-bbox", made(tmp_path / "a.pdf", page(result([rows]))), "-"))
    words = [(word.text or "", _pixels(word)) for word in document.iter(f"{XHTML}word")]
    parts = [part for row in rows for part in row]
    # Poppler parts tilted words further, and gives them in an order of its own.
    assert sorted("".join(text for text, _ in words)) == sorted("".join("".join(part.text.split()) for part in parts))
    for text, (x, y) in words:
        left, top, right, bottom = next(part.bbox for part in parts if text in part.text)
        assert left <= x <= right
        assert top <= y <= bottom


def _pixels(word: ET.Element) -> tuple[float, float]:
    x1, y1, x2, y2 = (float(word.get(key, "")) * 300 / 72 for key in ("xMin", "yMin", "xMax", "yMax"))
    return (x1 + x2) / 2, (y1 + y2) / 2


def test_qpdf_finds_no_fault(tmp_path: Path, shared_data: Path) -> None:
    image = (shared_data / "ocr" / "zh_exam_blanks__photo.jpg").read_bytes()
    path = made(tmp_path / "a.pdf", of_rows(*HOSTILE), failed(2, "%)\\", lambda: image), failed(3))
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", path)


def test_poppler_shows_the_picture_and_no_text(tmp_path: Path, shared_data: Path) -> None:
    image = (shared_data / "ocr" / "zh_exam_blanks__photo.jpg").read_bytes()
    with_text = ExportPage(1, "a.jpg", 1, of_rows("some text").result, image=lambda: image)
    without = ExportPage(1, "a.jpg", 1, of_rows().result, image=lambda: image)
    shown = []
    for number, found in enumerate([with_text, without]):
        path = made(tmp_path / f"{number}.pdf", found)
        run("pdftoppm", "-r", "72", path, path.with_suffix(""))
        (picture,) = tmp_path.glob(f"{number}-*.ppm")
        shown.append(picture.read_bytes())
    assert shown[0] == shown[1]


@pytest.mark.parametrize("format_name", EXPORT_FORMATS)
def test_the_memory_for_very_many_pages_is_that_of_a_few(format_name: str) -> None:
    def pages(count: int) -> Iterator[ExportPage]:
        for number in range(1, count + 1):
            found = result([[[region(f"第 {number} 页 {row}", 10, 30 * row, 300)] for row in range(10)]])
            yield ExportPage(number, "a.pdf", number, found)

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in write(format_name, pages(count), "t"):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(120) - peak(20) < 100 * 1_500  # what a PDF's table of objects and tree of pages need


def test_a_json_of_many_pages_is_one_array() -> None:
    pages = (of_rows("x") for _ in range(100))
    assert len(json.loads(b"".join(write("json", pages, "t")))) == 100
