"""Read back with pdfium, the engine of Chromium's viewer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from services.ocr.export import ExportPage, write
from services.ocr.export.characters import one_line
from services.ocr.page import Region
from tests.unit.services.ocr.export.pages import failed, of_regions, of_rows, page, region, regions, result, texts

LINES = (
    "水的化学式是____，密度（ ）。",
    "The quick brown fox: 50% (a) \\ <b>",
    "𠀀𠮷 😀 使用Python编程",
    "한국어 हिन्दी ไทย",
)


def made(*pages: ExportPage, title: str = "试卷") -> bytes:
    return b"".join(write("pdf", pages, title))


@contextmanager
def opened(data: bytes) -> Iterator[pdfium.PdfDocument]:
    document = pdfium.PdfDocument(data)
    try:
        yield document
    finally:
        document.close()


def text_of(document: pdfium.PdfDocument, number: int = 0) -> str:
    return document[number].get_textpage().get_text_range()


def characters(document: pdfium.PdfDocument) -> list[tuple[str, tuple[float, float]]]:
    """Each character of the first page with the middle of its box, in pixels."""
    textpage = document[0].get_textpage()
    found = []
    for number in range(textpage.count_chars()):
        x1, y1, x2, y2 = textpage.get_charbox(number)
        middle = ((x1 + x2) / 2 * 300 / 72, 800 - (y1 + y2) / 2 * 300 / 72)
        found.append((textpage.get_text_range(number, 1), middle))
    return found


def outside(found: Region, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    left, top, right, bottom = found.bbox
    return [(x, y) for x, y in points if not (left <= x <= right and top <= y <= bottom)]


def drawn(size: tuple[int, int] = (600, 800), file_format: str = "PNG", **options: object) -> bytes:
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).text((50, 50), "Words in print", "black", ImageFont.load_default(size=24))
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


def rotation(angle: float) -> np.ndarray:
    radians = np.radians(angle)
    return np.array([[np.cos(radians), np.sin(radians)], [-np.sin(radians), np.cos(radians)]])


def turned(upright: Region, angle: float) -> Region:
    """As on a page turned clockwise about its middle."""
    corners = (np.array(upright.polygon) - (300, 400)) @ rotation(angle) + (300, 400)
    return replace(upright, polygon=tuple((float(x), float(y)) for x, y in corners))


def test_text_comes_back_as_it_was_read_line_by_line() -> None:
    with opened(made(of_rows(*LINES))) as document:
        assert text_of(document).split("\r\n") == list(LINES)


@pytest.mark.parametrize("text", ["مرحبا بالعالم", "سعر 250 ريال", "سعر ٢٥٠ ريال", "שלום (א)"])
def test_a_line_that_runs_from_the_right_comes_back_as_it_was_read(text: str) -> None:
    with opened(made(of_rows(text))) as document:
        assert text_of(document) == text


def test_columns_come_back_in_reading_order_and_the_parts_of_a_row_with_a_blank() -> None:
    left = [[[region("left one", 10, 10, 200)], [region("left two", 10, 50, 200)]]]
    right = [[[region("A. 甲", 320, 10, 80), region("B. 乙", 450, 12, 80)]]]
    with opened(made(page(result([*left, *right])))) as document:
        assert text_of(document).split("\r\n") == ["left one", "left two", "A. 甲 B. 乙"]


@pytest.mark.parametrize("angle", [0, 0.5, 2, 4, -0.5, -2, -4])
@pytest.mark.parametrize("parts", [1, 4])
def test_rows_of_a_tilted_page_stay_rows(angle: float, parts: int) -> None:
    """Options in four columns: at 4 degrees the last one of a row is nearly as high as the first one of the next."""
    rows = [
        [turned(region(f"甲{letter}. 选项{row}乙", 60 + 480 / parts * at, 100 + 31 * row, 400 / parts, 26), angle)
         for at, letter in enumerate("ABCD"[:parts])]
        for row in range(8)
    ]  # fmt: skip
    with opened(made(page(result([rows])))) as document:
        expected = [" ".join(part.text for part in row) for row in rows]
        assert text_of(document).split("\r\n") == expected


def test_rows_whose_boxes_overlap_stay_rows() -> None:
    rows = [[region(f"第{row}行 of text", 60, 100 + 30 * row, 400, 36)] for row in range(5)]
    with opened(made(page(result([rows])))) as document:
        assert text_of(document).split("\r\n") == [row[0].text for row in rows]


def test_a_sentence_that_the_detector_parted_is_one_word_again() -> None:
    rows = [[region("2.-7的相反数是", 80, 268, 190, 36), region("，绝对值是", 256, 269, 250, 36)]]
    with opened(made(page(result([rows])))) as document:
        assert text_of(document) == "2.-7的相反数是，绝对值是"


@pytest.mark.parametrize("angle", [4, -4])
def test_the_parts_of_a_tilted_row_lie_over_their_print(angle: float) -> None:
    row = [
        turned(region(f"甲{letter}{letter}乙", 60 + 130 * at, 390, 90, 26), angle) for at, letter in enumerate("ABCD")
    ]
    with opened(made(page(result([[row]])))) as document:
        centres = [centre for character, centre in characters(document) if character != " "]
    for at, part in enumerate(row):
        assert outside(part, centres[4 * at : 4 * at + 4]) == []


@pytest.mark.parametrize("angle", [0, 3, -4, 90, 180, 270])
def test_each_character_lies_inside_its_region(angle: float) -> None:
    tilted = turned(region("使用Python编程 and more", 150, 385, 300, 30), angle)
    with opened(made(page(result([[[tilted]]])))) as document:
        found = characters(document)
    assert "".join(character for character, _ in found) == tilted.text
    centres = [centre for _, centre in found]
    assert outside(tilted, centres) == []
    along = [float((np.array(point) @ rotation(angle).T)[0]) for point in centres]
    assert along == sorted(along)


def test_what_is_selected_is_three_quarters_as_high_as_its_region() -> None:
    with opened(made(of_rows("selected"))) as document:
        textpage = document[0].get_textpage()
        assert textpage.count_rects() == 1
        x1, y1, x2, y2 = (value * 300 / 72 for value in textpage.get_rect(0))
    assert (x1, 800 - y2, x2, 800 - y1) == pytest.approx((10, 12.5, 90, 27.5), abs=0.5)


@pytest.mark.parametrize("options", [{"file_format": "PNG"}, {"file_format": "JPEG", "quality": 80}])
def test_the_page_looks_as_its_picture_and_the_text_does_not_show(options: dict[str, object]) -> None:
    image = drawn(**options)  # type: ignore[arg-type]
    found = replace(of_rows(*LINES), image=lambda: image)
    with opened(made(found)) as document:
        shown = document[0].render(scale=300 / 72).to_pil().convert("RGB")
    expected = Image.open(io.BytesIO(image)).convert("RGB")
    assert shown.size == expected.size
    # Two decoders of JPEG may differ by a little.
    assert int(np.abs(np.asarray(shown, int) - np.asarray(expected, int)).max()) <= 8


def test_a_jpeg_is_passed_through() -> None:
    image = drawn(file_format="JPEG")
    assert image in made(replace(of_rows("x"), image=lambda: image))


@pytest.mark.parametrize(
    ("dpi", "pixels", "points"),
    [
        (300.0, (2480, 3508), (595.2, 841.9)),
        (None, (2480, 3508), (595.0, 841.7)),  # as long as A4
        (None, (960, 480), (720, 360)),  # 96 dpi
        (1.0, (960, 480), (720, 360)),  # not a resolution
        (72.0, (20_000, 10), (14_400, 7.2)),  # the longest side that viewers take
    ],
)
def test_a_page_is_as_large_as_its_resolution_says(
    dpi: float | None, pixels: tuple[int, int], points: tuple[float, float]
) -> None:
    found = replace(result([[[region("x", 0, 0)]]], *pixels), dpi=dpi)
    with opened(made(page(found))) as document:
        assert document[0].get_size() == pytest.approx(points, abs=0.1)


def test_a_page_that_failed_shows_its_picture_or_says_so() -> None:
    image = drawn((300, 200))
    with opened(made(failed(1, image=lambda: image), failed(2))) as document:
        assert document[0].get_size() == pytest.approx((225, 150))
        assert text_of(document, 0) == ""
        assert text_of(document, 1) == "Page 2 was not read."


def test_a_broken_picture_costs_the_picture_alone() -> None:
    with opened(made(replace(of_rows("still there"), image=lambda: b"broken"))) as document:
        assert text_of(document) == "still there"


def test_the_same_pages_make_the_same_file() -> None:
    image = drawn()
    once, again = (made(replace(of_rows(*LINES), image=lambda: image)) for _ in range(2))
    assert once == again


def test_a_picture_is_asked_for_when_its_page_comes() -> None:
    asked: list[int] = []
    image = drawn((60, 80))

    def of(number: int) -> ExportPage:
        return page(None, number, image=lambda: asked.append(number) or image)  # type: ignore[func-returns-value]

    chunks = write("pdf", (of(number) for number in (1, 2, 3)), "t")
    next(chunks)
    assert asked == []
    next(chunks)
    assert asked == [1]


def test_the_language_is_said_when_all_pages_share_it() -> None:
    english = page(replace(of_rows("x").result, language="english"), 2)  # type: ignore[type-var]
    assert b"/Lang (zh)" in made(of_rows("x"), of_rows("y"))
    assert b"/Lang" not in made(of_rows("x"), english)


def test_thousands_of_regions_are_one_page() -> None:
    rows = [
        [[region(f"第{number}格", 10 + 60 * (number % 9), 5 + 10 * (number // 9), 50, 8)]] for number in range(5_000)
    ]
    with opened(made(page(result(rows, height=6_000)))) as document:
        assert text_of(document).count("格") == 5_000


@settings(deadline=None)
@given(st.lists(regions, max_size=5), texts)
def test_whatever_was_read_the_file_opens_and_keeps_its_title(found: list[Region], title: str) -> None:
    with opened(made(of_regions(found), failed(2, title), title=title)) as document:
        assert len(document) == 2
        assert document.get_metadata_value("Title") == one_line(title)
        text_of(document)


def test_no_pages_are_still_a_file() -> None:
    assert made().endswith(b"%%EOF\n")
