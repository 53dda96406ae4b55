from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from services.cameras import stamp
from services.cameras.encoder import encode
from services.cameras.frames import Variant
from services.cameras.jpeg import complete, read_header
from services.cameras.sources.base import Picture
from services.errors import CameraUnavailableError


def pixels(width: int = 320, height: int = 240) -> np.ndarray:
    noise = np.random.default_rng(1).integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def jpeg(quality: int = 80, *, width: int = 320) -> bytes:
    return cv2.imencode(".jpg", pixels(width), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def without_huffman_tables(data: bytes) -> bytes:
    position, kept = 2, data[:2]
    while data[position + 1] != 0xDA:
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position + 1] != 0xC4:
            kept += data[position:end]
        position = end
    return kept + data[position:]


@pytest.mark.parametrize("quality", [20, 50, 75, 80, 95])
def test_a_header_tells_size_and_quality(quality):
    header = read_header(jpeg(quality))
    assert (header.width, header.height, header.has_huffman_tables) == (320, 240, True)
    assert header.quality == pytest.approx(quality, abs=2)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"GIF89a", jpeg()[:100], b"\xff\xd8\xff\xda\0\x0c" + bytes(20)])
def test_what_is_no_jpeg_is_refused(data):
    with pytest.raises(CameraUnavailableError):
        read_header(data)


def test_any_cut_or_changed_header_is_read_or_refused():
    data, random = jpeg(), np.random.default_rng(2)
    for _ in range(300):
        damaged = bytearray(data[: random.integers(0, 800)])
        for place in random.integers(0, max(1, len(damaged)), 5):
            if damaged:
                damaged[place] = random.integers(0, 256)
        try:
            read_header(bytes(damaged))
        except CameraUnavailableError:
            continue


def test_tables_that_a_camera_left_out_are_put_in():
    bare = without_huffman_tables(jpeg())
    header = read_header(bare)
    assert not header.has_huffman_tables
    assert np.array_equal(
        cv2.imdecode(np.frombuffer(complete(bare, header), np.uint8), 1),
        cv2.imdecode(np.frombuffer(jpeg(), np.uint8), 1),
    )


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded():
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises(CameraUnavailableError, match="megapixels"):
        Picture(0.0, jpeg=bytes(data))


@pytest.mark.parametrize("variant", [Variant(None, 80), Variant(320, 80), Variant(640, 78), Variant(None, 95)])
def test_a_jpeg_that_is_good_enough_is_passed_through(variant):
    data = jpeg(80)
    assert encode(Picture(0.0, jpeg=data), variant) == (data, 320, 240)


def test_a_jpeg_is_encoded_again_where_less_is_wanted():
    smaller, width, height = encode(Picture(0.0, jpeg=jpeg(95)), Variant(None, 50))
    assert (width, height) == (320, 240)
    assert read_header(smaller).quality == pytest.approx(50, abs=2)
    narrower, width, height = encode(Picture(0.0, jpeg=jpeg(80)), Variant(160, 80))
    assert (width, height) == (160, 120)
    assert read_header(narrower).width == 160


def test_pixels_are_never_made_wider():
    assert encode(Picture(0.0, pixels=pixels()), Variant(1000, 80))[1:] == (320, 240)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 480), (160, 90)])
@pytest.mark.parametrize("quality", [10, 80])
def test_a_stamp_is_read_out_of_the_jpeg(width, height, quality):
    picture = pixels(1280, 720)
    stamp.write(picture, 1_795_000_000.1234, 4_000_000_001)
    data, *_ = encode(Picture(0.0, pixels=picture), Variant(width, quality))
    read = stamp.read(cv2.imdecode(np.frombuffer(data, np.uint8), 1))
    assert read is not None
    assert read == (pytest.approx(1_795_000_000.1234, abs=2e-4), 4_000_000_001)


def test_a_picture_without_a_stamp_has_none():
    assert stamp.read(pixels()) is None
