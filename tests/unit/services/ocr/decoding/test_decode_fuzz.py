"""Whatever bytes come in: pages, or one of our refusals; never another error."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.errors import ImageTooLargeError, ImageTooSmallError, InvalidImageError
from services.ocr.decoding.decode import open_document

NOISE = Image.frombytes("L", (40, 30), random.Random(1).randbytes(40 * 30))
FRAMES = [Image.frombytes("RGB", (20, 16), random.Random(seed).randbytes(20 * 16 * 3)) for seed in range(3)]
EXIF = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
EXTREMES = [b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\xff\xff", b"\xff\xff\0\0"]


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def animated(kind: str) -> bytes:
    return encoded(FRAMES[0], kind, save_all=True, append_images=FRAMES[1:])


SAMPLES = {
    "png": encoded(NOISE, "png"),
    "png with a palette": encoded(NOISE.convert("P"), "png", transparency=3, dpi=(300, 300)),
    "jpeg": encoded(NOISE.convert("RGB"), "jpeg"),
    "progressive jpeg": encoded(NOISE.convert("RGB"), "jpeg", progressive=True, exif=EXIF),
    "webp": encoded(NOISE, "webp"),
    "animated webp": animated("webp"),
    "bmp": encoded(NOISE.convert("P"), "bmp"),
    "gif": encoded(NOISE, "gif"),
    "animated gif": animated("gif"),
    "tiff": animated("tiff"),
    "tiff, lzw": encoded(NOISE, "tiff", compression="tiff_lzw"),
    "tiff, fax": encoded(NOISE.convert("1"), "tiff", compression="group4"),
    "pdf": encoded(NOISE, "pdf"),
}


def changed(sample: bytes, chance: random.Random) -> bytes:
    content = bytearray(sample)
    for _ in range(chance.randint(1, 5)):
        place = int(len(content) * chance.random() ** 2)  # headers more often than pixels
        kind = chance.randrange(4)
        if kind == 0:
            content[place : place + 1] = chance.randbytes(1)
        elif kind == 1:
            content[place : place + chance.randint(1, 20)] = b""
        elif kind == 2:
            content[place:place] = content[place // 2 : place // 2 + chance.randint(1, 60)]
        else:
            content[place : place + 4] = chance.choice(EXTREMES)
    return bytes(content)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_damaged_file_is_read_or_refused(name: str) -> None:
    chance = random.Random(name)
    for _ in range(20 if name == "pdf" else 150):
        try:
            with open_document(changed(SAMPLES[name], chance)) as document:
                for number in range(1, min(document.page_count, 4) + 1):
                    image = document.page(number).image
                    assert image.dtype == np.uint8
                    assert image.shape[2] == 3
        except (InvalidImageError, ImageTooLargeError, ImageTooSmallError) as refusal:
            assert refusal.message
