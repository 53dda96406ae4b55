"""PDFs: rendering, the text layer and when it is believed, and what hostile files come to."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.errors import EncryptedDocumentError, ImageTooLargeError, ImageTooSmallError, InvalidImageError
from services.ocr.decoding import isolation
from services.ocr.decoding.decode import open_document
from services.ocr.decoding.limits import RENDER_PIXELS
from services.ocr.page import Raster, Region

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the limits of a hostile page need fork")

SENTENCE = b"The quick brown fox jumps over the lazy dog"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def flate(content: bytes, entries: bytes = b"") -> bytes:
    return stream(zlib.compress(content), entries + b"/Filter/FlateDecode")


def assembled(objects: Mapping[int, bytes]) -> bytes:
    """`objects` are numbered from 1 on."""
    content, offsets = b"%PDF-1.7\n", {}
    for number, body in objects.items():
        offsets[number] = len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % offsets[number] for number in sorted(objects))
    size, place = len(objects) + 1, len(content)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows)
    return content + table + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, place)


def one_page(
    content: bytes,
    resources: bytes = b"",
    page: bytes = b"",
    more: Mapping[int, bytes] | None = None,
    box: bytes = b"0 0 300 200",
) -> bytes:
    return assembled(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%s>>%s>>"
            % (box, resources, page),
            4: stream(content),
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        }
        | dict(more or {})
    )


def line(text: bytes, matrix: bytes = b"1 0 0 1 20 150", mode: int = 0, size: int = 10) -> bytes:
    return b"BT /F %d Tf %d Tr %s Tm (%s) Tj ET " % (size, mode, matrix, text)


def picture_object(picture: Image.Image) -> bytes:
    grey = picture.convert("L")
    entries = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 8/Width %d/Height %d"
    return flate(grey.tobytes(), entries % grey.size)


def scan(text: str, more: bytes = b"") -> bytes:
    """A page that is one picture of `text`, with `more` content over it."""
    picture = Image.new("L", (900, 600), 255)
    ImageDraw.Draw(picture).text((60, 120), text, 0, ImageFont.load_default(size=36))
    return one_page(b"q 300 0 0 200 0 0 cm /I Do Q " + more, b"/XObject<</I 6 0 R>>", more={6: picture_object(picture)})


def first_page(content: bytes) -> Raster:
    with open_document(content) as document:
        return document.page(1)


def layer(content: bytes) -> tuple[Region, ...]:
    found = first_page(content).text_layer
    assert found is not None
    return found


def ink_box(image: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(image[:, :, 1] < 128)
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_pages_are_rendered_at_300_dpi_in_order() -> None:
    file = io.BytesIO()
    pages = [Image.new("RGB", (300, 200), colour) for colour in ("red", "lime", "blue")]
    pages[0].save(file, "pdf", save_all=True, append_images=pages[1:], resolution=72)
    with open_document(file.getvalue()) as document:
        assert (document.format, document.page_count) == ("pdf", 3)
        for number in (3, 1, 2):
            page = document.page(number)
            assert page.image.shape == (834, 1250, 3)
            assert page.dpi == pytest.approx(300)
            assert page.image[400, 600].argmax() == number - 1


def test_a_large_page_is_rendered_smaller_not_refused() -> None:
    page = first_page(one_page(b"", box=b"0 0 14400 3000"))
    height, width = page.image.shape[:2]
    assert RENDER_PIXELS * 0.99 < width * height <= RENDER_PIXELS
    assert page.dpi == pytest.approx(width / 200, rel=0.01)


def test_a_caller_may_want_fewer_pixels() -> None:
    with open_document(one_page(b"")) as document:
        height, width = document.page(1, max_pixels=10_000).image.shape[:2]
    assert 9_000 < width * height <= 10_000


def test_a_page_is_turned_as_the_file_says() -> None:
    upright = first_page(one_page(b"0 150 50 50 re f"))
    turned = first_page(one_page(b"0 150 50 50 re f", page=b"/Rotate 90"))
    assert upright.image.shape == (834, 1250, 3)
    np.testing.assert_array_equal(turned.image, np.rot90(upright.image, -1))


def test_annotations_and_form_fields_are_drawn() -> None:
    look = {6: stream(b"0 0 50 50 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 50 50]")}
    stamp = b"/Annots[<</Type/Annot/Subtype/Stamp/F 4/Rect[100 100 150 150]/AP<</N 6 0 R>>>>]"
    field = stamp.replace(b"/Stamp", b"/Widget/FT/Tx/T(a)")
    assert first_page(one_page(b"", page=stamp, more=look)).image[300, 500].max() == 0
    with_form = one_page(b"", page=field, more=look).replace(b"/Catalog/", b"/Catalog/AcroForm<</Fields[]>>/")
    assert first_page(with_form).image[300, 500].max() < 128


def test_text_is_given_with_its_place() -> None:
    page = first_page(one_page(line(SENTENCE)))
    assert page.text_layer is not None
    (region,) = page.text_layer
    assert (region.text, region.confidence, region.engine) == (SENTENCE.decode(), 1.0, "pdf-text")
    x1, y1, x2, y2 = region.bbox
    left, top, right, bottom = ink_box(page.image)
    assert x1 == pytest.approx(left, abs=6)
    assert x2 == pytest.approx(right, abs=6)
    assert y1 <= top < bottom <= y2
    assert y2 - y1 < 70


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_boxes_follow_the_page_when_it_is_turned(turn: int) -> None:
    page = first_page(one_page(line(SENTENCE), page=b"/Rotate %d/CropBox[10 100 290 190]" % turn))
    assert page.text_layer is not None
    (region,) = page.text_layer
    left, top, right, bottom = ink_box(page.image)
    x1, y1, x2, y2 = region.bbox
    assert x1 - 6 <= left
    assert y1 - 6 <= top
    assert right <= x2 + 6
    assert bottom <= y2 + 6
    assert (x2 - x1) * (y2 - y1) < 2 * (right - left) * (bottom - top)
    (ax, ay), (bx, by) = region.polygon[:2]  # along the writing
    expected = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn]
    assert (round((bx - ax) / 900), round((by - ay) / 900)) == expected


@pytest.mark.parametrize(
    ("matrix", "direction"),
    [(b"0 1 -1 0 150 5", (0, -1)), (b"0 -1 1 0 150 195", (0, 1)), (b"-1 0 0 -1 280 100", (-1, 0))],
)
def test_a_line_that_runs_another_way_has_its_corners_turned(matrix: bytes, direction: tuple[int, int]) -> None:
    (region,) = layer(one_page(line(SENTENCE, matrix, size=9)))
    assert region.text == SENTENCE.decode()
    (ax, ay), (bx, by), _, (dx, dy) = region.polygon
    length = max(abs(bx - ax), abs(by - ay))
    assert (round((bx - ax) / length), round((by - ay) / length)) == direction
    across = max(abs(dx - ax), abs(dy - ay))
    assert (round((dx - ax) / across), round((dy - ay) / across)) == (-direction[1], direction[0])


def test_columns_and_cells_of_one_row_are_pieces_of_their_own() -> None:
    row = b"BT /F 10 Tf 20 150 Td (the left column) Tj 140 0 Td (the right column) Tj ET "
    next_row = row.replace(b"150", b"130").replace(b"left", b"lower left")
    assert [region.text for region in layer(one_page(row + next_row))] == [
        "the left column", "the right column", "the lower left column", "the right column"
    ]  # fmt: skip


def test_a_raised_sign_stays_in_its_line() -> None:
    content = b"BT /F 10 Tf 20 150 Td (The area is 12 m) Tj /F 6 Tf 4 Ts (2) Tj /F 10 Tf 0 Ts ( and not 13) Tj ET"
    assert [region.text for region in layer(one_page(content))] == ["The area is 12 m2 and not 13"]


def test_a_blank_in_brackets_stays_in_its_line() -> None:
    text = b"The answer to the question is \\(        \\)."
    assert [region.text for region in layer(one_page(line(text)))] == ["The answer to the question is ( )."]


def test_the_box_of_a_slanted_line_is_slanted() -> None:
    (region,) = layer(one_page(line(SENTENCE, b".9848 .1736 -.1736 .9848 20 50")))
    (ax, ay), (bx, by), _, (dx, dy) = region.polygon
    assert np.degrees(np.arctan2(ay - by, bx - ax)) == pytest.approx(10, abs=0.5)
    assert np.hypot(dx - ax, dy - ay) == pytest.approx(48, abs=3)


def test_the_shared_text_layer_says_what_the_page_says(shared_data: Path) -> None:
    entries = json.loads((shared_data / "ocr" / "manifest.json").read_text())
    truth = next(entry for entry in entries if entry["file"] == "text_layer.pdf")["pages"]
    with open_document(shared_data / "ocr" / "text_layer.pdf") as document:
        for number, lines in enumerate(truth, 1):
            found = document.page(number).text_layer
            assert found is not None
            assert [region.text for region in found] == lines


def test_the_shared_scan_has_no_text_of_its_own(shared_data: Path) -> None:
    with open_document(shared_data / "ocr" / "scanned_5_pages.pdf") as document:
        assert document.page_count == 5
        assert document.page(5).text_layer is None


def test_a_page_number_on_a_scan_is_no_text_layer() -> None:
    assert first_page(scan("All of the text is here", line(b"page 7 of 12"))).text_layer is None


def test_a_heading_over_a_scanned_body_is_no_text_layer() -> None:
    heading = b"1 0 0 1 20 185"
    text = "\n".join(["The body of the page has many lines"] * 8)
    assert first_page(scan(text, line(b"Copyright of the library", heading))).text_layer is None


def test_an_invisible_layer_over_a_scan_is_believed_when_it_lies_on_the_ink_in_words() -> None:
    over = line(b"All of the text is here", b"1 0 0 1 20 150", mode=3, size=12)
    assert [region.text for region in layer(scan("All of the text is here", over))] == ["All of the text is here"]


@pytest.mark.parametrize(
    "over",
    [
        line(b"A11 0f tl-e t3xt i5 h@r3 ~|_ q;x", mode=3, size=12),  # not words
        line(b"All of the text is here", b"1 0 0 1 20 50", mode=3, size=12),  # not where the ink is
        line(b"All of the text is here", b"1 0 0 1 20 150", mode=3, size=2),  # under the least part of it
    ],
)
def test_an_invisible_layer_of_garbage_is_not_believed(over: bytes) -> None:
    assert first_page(scan("All of the text is here", over)).text_layer is None


def test_text_that_nobody_sees_is_not_read() -> None:
    assert first_page(one_page(line(SENTENCE, mode=3))).text_layer is None
    assert first_page(one_page(b"1 g " + line(SENTENCE))).text_layer is None
    both = line(SENTENCE) + line(b"hidden", b"1 0 0 1 20 100", mode=3)
    assert [region.text for region in layer(one_page(both))] == [SENTENCE.decode()]


def test_a_font_without_a_true_mapping_is_not_believed() -> None:
    mapping = b"/CIDInit /ProcSet findresource begin begincmap 1 beginbfrange <00> <ff> <e000> endbfrange endcmap"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    assert first_page(one_page(line(SENTENCE), more={5: font, 6: stream(mapping)})).text_layer is None


def test_a_locked_pdf_says_so() -> None:
    encrypt = b"/Encrypt<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -4>>/ID[<00><00>]" % (b"41" * 32, b"42" * 32)
    locked = one_page(line(SENTENCE)).replace(b"/Root 1 0 R", b"/Root 1 0 R" + encrypt)
    with pytest.raises(EncryptedDocumentError):
        open_document(locked)


BOMB = stream(
    b"",
    b"/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 1/Width 60000/Height 60000",
)


def kids(count: int, pages: bytes = b"3 0 R") -> bytes:
    return assembled(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (pages, count),
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
        }
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"%PDF-1.4\n%%EOF", InvalidImageError),
        (b"%PDF-1.4" + b"\0" * 5_000, InvalidImageError),
        (kids(0, b""), InvalidImageError),
        (kids(50, b"2 0 R " * 50), InvalidImageError),
        (kids(2_001, b"3 0 R " * 2_001), ImageTooLargeError),
        (one_page(b"", box=b"0 0 14500 200"), ImageTooLargeError),
        (one_page(b"", box=b"0 0 1 200"), ImageTooSmallError),
        (one_page(b"/I Do", b"/XObject<</I 6 0 R>>", more={6: BOMB}), ImageTooLargeError),
    ],
)
def test_what_is_broken_or_too_large_is_refused(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        first_page(content)
    assert type(caught.value) is error


def test_a_page_without_a_size_is_a_letter_page() -> None:
    assert first_page(one_page(b"", box=b"0 0 0 0")).image.shape == (3_300, 2_550, 3)


def test_what_draws_itself_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "CPU_SECONDS", 1)
    form = stream(b"/X Do " * 50, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>")
    with pytest.raises(ImageTooLargeError, match="within 1 s"):
        first_page(one_page(b"/X Do", b"/XObject<</X 6 0 R>>", more={6: form}))


def test_what_asks_for_all_memory_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "MEMORY_BYTES", 200 << 20)
    content = flate(b"q " * 10_000_000)
    with pytest.raises(ImageTooLargeError, match="memory"):
        first_page(one_page(b"", more={4: content}))


def test_control_characters_are_no_part_of_a_text() -> None:
    to_unicode = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        b"1 begincodespacerange <00> <ff> endcodespacerange 2 beginbfchar <41> <0000> <42> <0007> endbfchar "
        b"1 beginbfrange <61> <7a> <0061> endbfrange endcmap end end"
    )
    words = b"foAx and " + 3 * SENTENCE.lower() + b" B"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    page = one_page(b"BT/F 8 Tf 20 100 Td(%s)Tj ET" % words, more={5: font, 6: stream(to_unicode)}, box=b"0 0 900 200")
    with open_document(page) as document:
        layer = document.page(1).text_layer
    assert layer is not None
    assert [region.text for region in layer] == ["fox and " + 3 * SENTENCE.decode().lower()]
