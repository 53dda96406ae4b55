from __future__ import annotations

from hypothesis import given

from services.ocr.export import ExportPage, write
from tests.unit.services.ocr.export.pages import exported, failed, of_rows, texts


def test_pages_are_parted_by_a_form_feed() -> None:
    assert exported("txt", of_rows("一、选择题", "1. H2O"), of_rows("two")) == "一、选择题\n1. H2O\n\ftwo\n"


def test_a_page_that_failed_says_so_in_a_line() -> None:
    text = exported("txt", of_rows("one"), failed(2, "Not a\npicture."))
    assert text == "one\n\f[Page 2 (scan.png, page 2) was not read. INVALID_IMAGE: Not a picture.]\n"


def test_a_page_that_is_still_to_be_read_says_that() -> None:
    assert exported("txt", ExportPage(3, "scan.png", 1, None)) == "[Page 3 (scan.png, page 1) was not read yet.]\n"


def test_blanks_keep_their_width() -> None:
    assert exported("txt", of_rows("（　　）____ x    y")) == "（　　）____ x    y\n"


@given(texts)
def test_no_text_can_fake_a_page_or_break_the_encoding(text: str) -> None:
    assert exported("txt", of_rows(text), of_rows("next")).count("\f") == 1


def test_pages_are_taken_one_at_a_time() -> None:
    taken = []

    def pages() -> object:
        for number in range(3):
            taken.append(number)
            yield of_rows(str(number))

    chunks = write("txt", pages(), "t")  # type: ignore[arg-type]
    assert isinstance(of_rows(""), ExportPage)
    assert [(next(chunks), len(taken)) for _ in range(2)] == [(b"0\n", 1), (b"\f1\n", 2)]
