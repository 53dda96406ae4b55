from __future__ import annotations

import pytest

from services.cameras.multipart import PART_LIMIT, PartReader, boundary_of
from services.errors import CameraUnavailableError

ONE, TWO = b"\xff\xd8one\r\n\r\n--x\xff\xd9", b"\xff\xd8two\xff\xd9"


def with_lengths(*bodies: bytes) -> bytes:
    head = b"--edge\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
    return b"".join(head % len(body) + body + b"\r\n" for body in bodies)


def without_lengths(*bodies: bytes) -> bytes:
    return b"".join(b"--edge\r\nContent-Type: image/jpeg\r\n\r\n" + body + b"\r\n" for body in bodies) + b"--edge\r\n"


def parts(stream: bytes, step: int) -> list[bytes]:
    reader, found = PartReader(b"edge"), []
    for start in range(0, len(stream), step):
        reader.feed(stream[start : start + step])
        while (part := reader.next()) is not None:
            found.append(part)
    return found


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize("form", [with_lengths, without_lengths])
def test_parts_are_found_however_the_bytes_come(form, step):
    assert parts(form(ONE, TWO, ONE), step) == [ONE, TWO, ONE]


def test_text_before_the_first_part_and_bare_newlines_are_borne():
    stream = b"hello\n--edge\nContent-length:5\n\n12345\n--edge\nContent-length:5\n\n67890"
    assert parts(stream, 3) == [b"12345", b"67890"]


def test_a_part_that_announces_too_much_is_refused_before_it_is_read():
    reader = PartReader(b"edge")
    reader.feed(b"--edge\r\nContent-Length: %d\r\n\r\n" % (PART_LIMIT + 1))
    with pytest.raises(CameraUnavailableError, match="KiB"):
        reader.next()


@pytest.mark.parametrize("stream", [b"--edge\r\n" + b"X: y\r\n" * 3000, b"no boundary" * 2000])
def test_a_header_without_end_is_refused(stream):
    reader = PartReader(b"edge")
    reader.feed(stream)
    with pytest.raises(CameraUnavailableError):
        reader.next()


def test_a_part_without_end_is_refused():
    reader = PartReader(b"edge")
    reader.feed(b"--edge\r\n\r\n")
    for _ in range(PART_LIMIT // 2**20):
        reader.feed(bytes(2**20))
        assert reader.next() is None
    reader.feed(b"x")
    with pytest.raises(CameraUnavailableError):
        reader.next()


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=edge", b"edge"),
        ("multipart/x-mixed-replace;boundary=--edge", b"edge"),
        ('Multipart/X-Mixed-Replace; charset=x; Boundary="my edge"', b"my edge"),
    ],
)
def test_the_boundary_is_read_as_cameras_write_it(header, boundary):
    assert boundary_of(header) == boundary


@pytest.mark.parametrize("header", ["", "text/html", "image/jpeg", "multipart/x-mixed-replace"])
def test_what_is_no_stream_is_refused(header):
    with pytest.raises(CameraUnavailableError):
        boundary_of(header)
