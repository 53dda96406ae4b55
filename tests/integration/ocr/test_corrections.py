"""Pages that were read, looked at again: pictures, boxes, a person's word."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image

from services.auth import LOCAL
from services.errors import ConflictError, InvalidInputError, NoTextDetectedError, NotFoundError, TaskbeamError
from tests.integration.ocr.conftest import OcrHouse
from tests.pages import draw_page

LINES = ["the first line", "the second line", "the third line"]


@pytest.fixture
def task_id(house: OcrHouse) -> int:
    return int(house.read(draw_page(LINES))["id"])


def test_a_person_corrects_a_line_and_the_page_says_so(house: OcrHouse, task_id: int) -> None:
    page = house.ocr.correct(task_id, 1, 1, "  THE  SECOND\nline ")
    assert page == house.ocr.page(task_id, 1)
    assert page["result"]["text"] == "the first line\nTHE SECOND line\nthe third line"
    region = page["result"]["regions"][1]
    assert (region["text"], region["confidence"], region["engine"]) == ("THE SECOND line", 1.0, "person")
    assert page["revision"] == 1
    assert page["revised_at"] is not None


def test_an_empty_text_takes_a_region_away(house: OcrHouse, task_id: int) -> None:
    result = house.ocr.correct(task_id, 1, 0, " ")["result"]
    assert (result["text"], len(result["regions"])) == ("the second line\nthe third line", 2)
    assert sorted(index for rows in result["paragraphs"] for row in rows for index in row) == [0, 1]


def test_a_box_is_read_again_and_takes_the_place_of_what_it_covers(house: OcrHouse, task_id: int) -> None:
    before = house.ocr.correct(task_id, 1, 1, "nonsense")["result"]
    page = house.ocr.reread(task_id, 1, before["regions"][1]["bbox"])
    assert page["result"]["text"] == "\n".join(LINES)
    assert [region["engine"] for region in page["result"]["regions"]] == ["stub"] * 3
    assert page["revision"] == 2


def test_a_box_over_several_lines_reads_each(house: OcrHouse, task_id: int) -> None:
    for _ in range(2):
        house.ocr.correct(task_id, 1, 0, "")
    result = house.ocr.page(task_id, 1)["result"]
    assert result["text"] == "the third line"
    page = house.ocr.reread(task_id, 1, [0, 0, result["width"], result["height"]])
    assert page["result"]["text"] == "\n".join(LINES)


def test_a_box_counts_in_pixels_of_the_upright_page(house: OcrHouse) -> None:
    task_id = house.read(draw_page(LINES, rotate=180))["id"]
    result = house.ocr.page(task_id, 1)["result"]
    assert (result["rotation"], result["text"]) == (180, "\n".join(LINES))
    house.ocr.correct(task_id, 1, 2, "wrong")
    assert house.ocr.reread(task_id, 1, result["regions"][2]["bbox"])["result"]["text"] == "\n".join(LINES)


def test_corrections_are_undone_together(house: OcrHouse, task_id: int) -> None:
    first = house.ocr.page(task_id, 1)
    house.ocr.correct(task_id, 1, 0, "one")
    house.ocr.correct(task_id, 1, 1, "two")
    page = house.ocr.undo_corrections(task_id, 1)
    assert page == {**first, "revision": 3}
    assert house.ocr.undo_corrections(task_id, 1) == page


def test_a_correction_of_an_older_page_is_refused(house: OcrHouse, task_id: int) -> None:
    house.ocr.correct(task_id, 1, 0, "one", revision=0)
    with pytest.raises(ConflictError):
        house.ocr.correct(task_id, 1, 0, "uno", revision=0)
    assert house.ocr.correct(task_id, 1, 0, "uno", revision=1)["revision"] == 2


def test_of_corrections_at_the_same_time_none_is_lost_unsaid(house: OcrHouse, task_id: int) -> None:
    outcomes: list[int | TaskbeamError] = []

    def correct(region: int) -> None:
        try:
            outcomes.append(house.ocr.correct(task_id, 1, region, f"corrected {region}")["revision"])
        except TaskbeamError as error:
            outcomes.append(error)

    callers = [threading.Thread(target=correct, args=(region,)) for region in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    done = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert all(isinstance(outcome, int | ConflictError) for outcome in outcomes)
    page = house.ocr.page(task_id, 1)
    assert sum(region["engine"] == "person" for region in page["result"]["regions"]) == len(done) == page["revision"]


def test_what_cannot_be_corrected_is_refused_and_changes_nothing(house: OcrHouse, task_id: int) -> None:
    before = house.ocr.page(task_id, 1)
    width, height = before["result"]["width"], before["result"]["height"]
    for error, call in (
        (NotFoundError, lambda: house.ocr.correct(task_id, 1, 3, "x")),
        (NotFoundError, lambda: house.ocr.correct(task_id, 2, 0, "x")),
        (NotFoundError, lambda: house.ocr.undo_corrections(task_id, 2)),
        (InvalidInputError, lambda: house.ocr.reread(task_id, 1, [width + 5, 0, width + 50, 50])),
        (NoTextDetectedError, lambda: house.ocr.reread(task_id, 1, [0, height - 20, 40, height])),
    ):
        with pytest.raises(error):
            call()
    assert house.ocr.page(task_id, 1) == before


def test_a_page_that_was_not_read_cannot_be_corrected(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["good"]), draw_page(["bad"], fail=True))["id"]
    with pytest.raises(ConflictError, match="failed"):
        house.ocr.correct(task_id, 2, 0, "x")


def test_the_picture_of_a_page_is_upright_and_as_wide_as_asked(house: OcrHouse) -> None:
    task_id = house.read(draw_page(LINES, rotate=90))["id"]
    result = house.ocr.page(task_id, 1)["result"]
    image, media_type, _ = house.ocr.page_image(task_id, 1)
    picture = Image.open(io.BytesIO(image))
    assert (media_type, picture.format) == ("image/jpeg", "JPEG")
    assert picture.size == (result["width"], result["height"])
    narrow = Image.open(io.BytesIO(house.ocr.page_image(task_id, 1, 100)[0]))
    assert narrow.width == 100
    assert narrow.height == pytest.approx(100 * picture.height / picture.width, abs=1)
    assert Image.open(io.BytesIO(house.ocr.page_image(task_id, 1, 9_999)[0])).size == picture.size


def test_a_page_that_cannot_be_decoded_has_no_picture(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["good"]), b"\x89PNG\r\n\x1a\n cut off")["id"]
    with pytest.raises(InvalidInputError):
        house.ocr.page_image(task_id, 2)
    house.tasks.delete(task_id, by=LOCAL)
    with pytest.raises(NotFoundError):
        house.ocr.page_image(task_id, 1)
