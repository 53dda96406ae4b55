"""Pictures: what is read from them, what is refused, and that nothing is unpacked before it is allowed."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.errors import (
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
    NotFoundError,
    TaskbeamError,
)
from services.ocr.decoding.decode import open_document
from services.ocr.page import Raster

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def only_page(content: bytes) -> Raster:
    with open_document(content) as document:
        assert document.page_count == 1
        return document.page(1)


def corners() -> Image.Image:
    """16 x 12, white, its corners red, green, blue (clockwise from the top left)."""
    picture = Image.new("RGB", (16, 12), WHITE)
    picture.putpixel((0, 0), RED)
    picture.putpixel((15, 0), GREEN)
    picture.putpixel((15, 11), BLUE)
    return picture


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, chunks: bytes = b"") -> bytes:
    """A header, some chunks, and pixels of which there are too few."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + chunks + pixels


@pytest.mark.parametrize("kind", ["png", "bmp", "gif", "tiff", "webp"])
def test_each_lossless_kind_gives_its_pixels(kind: str) -> None:
    options = {"lossless": True} if kind == "webp" else {}
    content = encoded(corners(), kind, **options)
    with open_document(content) as document:
        assert (document.format, document.page_count) == (kind, 1)
        np.testing.assert_array_equal(document.page(1).image, np.asarray(corners()))
        np.testing.assert_array_equal(document.page(1).image, np.asarray(corners()))


def test_a_file_on_disk_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    path = tmp_path / "named.txt"
    path.write_bytes(encoded(corners(), "png"))
    with open_document(path) as document:
        np.testing.assert_array_equal(document.page(1).image, np.asarray(corners()))


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_set_as_people_see_it(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    squares = Image.new("RGB", (48, 32), WHITE)
    squares.paste(RED, (0, 0, 16, 16))
    squares.paste(BLUE, (32, 16, 48, 32))
    image = only_page(encoded(squares, kind, exif=exif, **({"quality": 100} if kind == "webp" else {}))).image
    height, width = image.shape[:2]
    red, blue = {
        1: ("top left", "bottom right"),
        2: ("top right", "bottom left"),
        3: ("bottom right", "top left"),
        4: ("bottom left", "top right"),
        5: ("top left", "bottom right"),
        6: ("top right", "bottom left"),
        7: ("bottom right", "top left"),
        8: ("bottom left", "top right"),
    }[orientation]
    assert (width, height) == ((32, 48) if orientation >= 5 else (48, 32))
    at = {"top": 4, "bottom": height - 5, "left": 4, "right": width - 5}
    for colour, place in ((0, red), (2, blue)):
        row, column = place.split()
        assert image[at[row], at[column]].argmax() == colour
        assert image[at[row], at[column]].min() < 80


def test_the_shared_photo_lying_on_its_side_stands_up(shared_data: Path) -> None:
    entries = json.loads((shared_data / "ocr" / "manifest.json").read_text())
    entry = next(one for one in entries if one["file"] == "exif_orientation_6.jpg")
    with open_document(shared_data / "ocr" / entry["file"]) as document:
        height, width = document.page(1).image.shape[:2]
    assert [width, height] == entry["upright_size"]


def test_what_is_transparent_lies_on_white() -> None:
    picture = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 8, 16))
    picture.paste((0, 0, 0, 51), (8, 8, 16, 16))
    image = only_page(encoded(picture, "png")).image
    assert [tuple(image[y, x]) for x, y in ((0, 0), (12, 0), (12, 12))] == [(0, 0, 0), WHITE, (204, 204, 204)]


def test_a_transparent_colour_of_a_palette_or_of_grey_lies_on_white() -> None:
    palette = Image.new("P", (16, 16), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    grey = Image.new("L", (16, 16), 7)
    for picture, colour in ((palette, 1), (grey, 7)):
        assert (only_page(encoded(picture, "png", transparency=colour)).image == 255).all()


@pytest.mark.parametrize(
    ("mode", "value", "kind", "expected"),
    [
        ("1", 1, "png", WHITE),
        ("L", 90, "png", (90, 90, 90)),
        ("LA", (90, 255), "png", (90, 90, 90)),
        ("I;16", 0x5A00, "png", (90, 90, 90)),
        ("I;16", 0x5A00, "tiff", (90, 90, 90)),
        ("I", 90, "tiff", (90, 90, 90)),
        ("I", 90 * 257, "tiff", (90, 90, 90)),
        ("F", 90 / 255, "tiff", (90, 90, 90)),
        ("CMYK", (0, 255, 255, 0), "tiff", RED),
        ("LAB", (90, 128, 128), "tiff", (90, 90, 90)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(mode: str, value: Any, kind: str, expected: tuple[int, ...]) -> None:
    image = only_page(encoded(Image.new(mode, (16, 12), value), kind)).image
    assert image.dtype == np.uint8
    assert image.shape == (12, 16, 3)
    np.testing.assert_allclose(image, np.broadcast_to(np.array(expected, np.uint8), image.shape), atol=1)


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    image = only_page(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "jpeg", quality=100)).image
    np.testing.assert_allclose(image[8, 8], RED, atol=3)


def test_the_density_is_told_where_paper_could_have_it() -> None:
    page, huge = Image.new("L", (600, 800)), Image.new("L", (4_000, 3_000))
    assert only_page(encoded(page, "png", dpi=(300, 300))).dpi == pytest.approx(300, abs=0.1)
    assert only_page(encoded(page, "jpeg", dpi=(150, 150))).dpi == 150
    assert only_page(encoded(huge, "jpeg", dpi=(72, 72))).dpi is None
    assert only_page(encoded(page, "png", dpi=(200, 100))).dpi is None
    assert only_page(encoded(page, "png", dpi=(1, 1))).dpi is None
    assert only_page(encoded(page, "png")).dpi is None


@pytest.mark.parametrize("kind", ["gif", "tiff", "webp"])
def test_frames_are_pages_in_any_order(kind: str) -> None:
    shades = [10, 90, 170, 250]
    rest = [Image.new("RGB", (16, 16), (shade,) * 3) for shade in shades]
    options = {"lossless": True} if kind == "webp" else {}
    with open_document(encoded(rest[0], kind, save_all=True, append_images=rest[1:], **options)) as document:
        assert document.page_count == 4
        for number in (3, 1, 4, 2, 2):
            assert int(document.page(number).image[8, 8, 0]) == shades[number - 1]
        for number in (0, 5, -1):
            with pytest.raises(NotFoundError):
                document.page(number)


def test_tiff_pages_have_sizes_of_their_own_and_previews_are_no_pages() -> None:
    pages = [Image.new("L", (16, 12)), Image.new("L", (8, 8)), Image.new("L", (30, 20))]
    content = encoded(pages[0], "tiff", save_all=True, append_images=pages[1:])
    with open_document(content) as document:
        assert [document.page(number).image.shape[:2] for number in (1, 2, 3)] == [(12, 16), (8, 8), (20, 30)]
    preview = Image.new("L", (8, 8))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    with_preview = encoded(pages[0], "tiff", save_all=True, append_images=[preview, pages[2]])
    with open_document(with_preview) as document:
        assert [document.page(number + 1).image.shape[:2] for number in range(document.page_count)] == [
            (12, 16),
            (20, 30),
        ]


def test_a_failed_page_leaves_the_others_readable() -> None:
    pages = [Image.effect_noise((40, 40), 50) for _ in range(3)]
    content = bytearray(encoded(pages[0], "tiff", save_all=True, append_images=pages[1:], compression="tiff_lzw"))
    middle = len(content) // 2
    content[middle - 200 : middle + 200] = b"\xff" * 400
    with open_document(bytes(content)) as document:
        document.page(1)
        with pytest.raises(InvalidImageError):
            document.page(2)
        document.page(3)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (png(12_000, 12_000), ImageTooLargeError),
        (png(2**31 - 1, 2**31 - 1), ImageTooLargeError),
        (png(70_000, 100), ImageTooLargeError),
        (png(65_500, 1), ImageTooSmallError),
        (png(7, 300), ImageTooSmallError),
        (png(9_999, 10_000), InvalidImageError),  # of an allowed size, but the pixels are not there
        (png(100, 100, png_chunk(b"teXt", b"") * 5_000), InvalidImageError),
        (png(100, 100, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 2**24))), InvalidImageError),
        (
            b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0;",
            ImageTooLargeError,
        ),
        (
            b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0) + b",\0\xff\0\xff\1\0\1\0\0\2\2\x44\1\0;",
            ImageTooLargeError,
        ),
        (
            b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0) + b",\0\0\0\0\x0a\0\x0a\0\0\2\2\x44\1\0" * 2_001,
            ImageTooLargeError,
        ),
        (
            b"GIF89a" + struct.pack("<HHBBB", 1_000, 1_000, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0" * 501,
            ImageTooLargeError,
        ),
        (b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0) + b";", InvalidImageError),
        (b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0) + b"!\xfe" + b"\1a" * 100_000 + b"\0;", InvalidImageError),
        (b"\xff\xd8" + b"\xff\xe1\0\x09Exif\0\0a" * 5_000, InvalidImageError),
        (b"\xff\xd8\xff\xd9" + b"\0" * 10_000_000, InvalidImageError),
        (b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x11\0\2\x11\0\3\x11\0", ImageTooLargeError),
        (b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff", ImageTooLargeError),
        (b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 100, InvalidImageError),
        (b"II*\0\xff\xff\xff\xff", InvalidImageError),
        (
            b"BM" + b"\0" * 12 + struct.pack("<IiiHHI", 40, -(2**31), 2**31 - 1, 1, 24, 0) + b"\0" * 20,
            ImageTooLargeError,
        ),
        (b"BM" + b"\0" * 12 + struct.pack("<IiiHHI", 40, 9_000, 9_000, 1, 8, 1) + b"\0" * 20, ImageTooLargeError),
    ],
)
def test_what_would_hold_a_decoder_up_is_refused(content: bytes, error: type[TaskbeamError]) -> None:
    with pytest.raises(TaskbeamError) as caught:
        only_page(content)
    assert type(caught.value) is error
    assert len(caught.value.message) < 300


def test_a_tiff_whose_directories_point_in_a_circle_ends() -> None:
    content = bytearray(encoded(Image.new("L", (16, 16)), "tiff"))
    directory = struct.unpack_from("<I", content, 4)[0]
    entries = struct.unpack_from("<H", content, directory)[0]
    struct.pack_into("<I", content, directory + 2 + 12 * entries, directory)
    assert only_page(bytes(content)).image.shape == (16, 16, 3)


@pytest.mark.parametrize("place", [2**40, 2**63, 2**64 - 1])
def test_a_big_tiff_that_points_out_of_every_file_is_refused(place: int) -> None:
    with pytest.raises(InvalidImageError):
        open_document(b"II+\0\x08\0\0\0" + place.to_bytes(8, "little") + b"\0" * 100)


def test_a_tiff_tile_larger_than_its_picture_is_refused() -> None:
    content = bytearray(b"II*\0\x08\0\0\0\4\0")
    for tag, value in ((256, 100), (257, 100), (322, 60_000), (323, 60_000)):
        content += struct.pack("<HHII", tag, 4, 1, value)
    with pytest.raises(ImageTooLargeError):
        open_document(bytes(content) + b"\0\0\0\0")


def test_a_jpeg_of_more_scans_than_any_writer_makes_is_refused() -> None:
    content = encoded(Image.new("L", (16, 16)), "jpeg", progressive=True)
    scan = content[content.rfind(b"\xff\xda") : -2]
    with pytest.raises(InvalidImageError, match="scans"):
        open_document(content[:-2] + scan * 300 + b"\xff\xd9")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "bmp", "gif", "tiff"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.97])
def test_a_file_that_was_cut_off_is_refused_not_half_read(kind: str, share: float) -> None:
    content = encoded(Image.effect_noise((200, 200), 60), kind)
    with pytest.raises(InvalidImageError):
        only_page(content[: int(len(content) * share)])


def test_too_many_bytes_are_refused_before_they_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2_000)
    for source in (path, path.read_bytes()):
        with pytest.raises(ImageTooLargeError, match="MB"):
            open_document(source, max_bytes=1_000)


def test_a_caller_may_want_fewer_pixels() -> None:
    with open_document(encoded(Image.new("L", (100, 100)), "png")) as document:
        with pytest.raises(ImageTooLargeError):
            document.page(1, max_pixels=9_999)
        assert document.page(1, max_pixels=10_000).image.shape == (100, 100, 3)


def test_closing_twice_does_no_harm() -> None:
    document = open_document(encoded(corners(), "gif"))
    document.page(1)
    document.close()
    document.close()


HOSTILE = {
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


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_when_it_is_opened(shared_data: Path, name: str) -> None:
    path = shared_data / "ocr" / "hostile" / name
    for source in (path, path.read_bytes()):
        with pytest.raises(TaskbeamError) as caught:
            open_document(source)
        assert caught.value.code == HOSTILE[name]
