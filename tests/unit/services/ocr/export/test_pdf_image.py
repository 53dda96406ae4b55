from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from services.errors import InvalidImageError
from services.ocr.export.pdf_image import pdf_image


def encoded(mode: str, file_format: str, **options: object) -> bytes:
    picture = Image.linear_gradient("L").resize((40, 30)).convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("mode", "space"), [("L", b"/DeviceGray"), ("RGB", b"/DeviceRGB"), ("CMYK", b"/DeviceCMYK")])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_goes_in_as_it_is(mode: str, space: bytes, progressive: bool) -> None:
    data = encoded(mode, "JPEG", progressive=progressive)
    image = pdf_image(data)
    assert (image.width, image.height, image.data) == (40, 30, data)
    assert b"/ColorSpace " + space in image.entries
    assert (b"/Decode [1 0" in image.entries) == (mode == "CMYK")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16"])
def test_the_pixels_of_a_png_are_not_packed_again(mode: str) -> None:
    data = encoded(mode, "PNG")
    image = pdf_image(data)
    assert b"/Predictor 15" in image.entries
    assert image.data in data


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_lies_on_white(mode: str) -> None:
    picture = Image.new(mode, (2, 1))  # black, and seen through
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    assert zlib.decompress(pdf_image(buffer.getvalue()).data) == b"\xff" * 6


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        encoded("RGBA", "PNG")[:60],
        encoded("RGB", "JPEG")[:100],
    ],
)
def test_what_is_broken_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImageError):
        pdf_image(data)
