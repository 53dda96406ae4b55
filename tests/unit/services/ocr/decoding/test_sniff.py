"""What a file is, by its first bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from services.ocr.decoding.sniff import refusal, sniff


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "bmp", "gif", "tiff", "pdf"])
def test_each_kind_is_known_by_its_bytes(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, kind)
    assert sniff(file.getvalue()[:32] if kind != "pdf" else file.getvalue()) == kind


def test_a_pdf_may_begin_with_what_a_mail_server_put_before_it() -> None:
    assert sniff(b"\xef\xbb\xbf\r\n" * 20 + b"%PDF-1.4") == "pdf"
    assert sniff(b" " * 2_000 + b"%PDF-1.4") is None


def test_an_archive_that_holds_a_pdf_is_no_pdf() -> None:
    assert sniff(b"PK\x03\x04\x14\0\0\0exam.pdf%PDF-1.4") is None


@pytest.mark.parametrize("head", [b"", b"BM", b"BM is a bookshop", b"RIFF\0\0\0\0WAVE", b"GIF88a", b"\xff\xd8", b"MZ"])
def test_what_only_looks_alike_is_not_known(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    ("head", "hint"),
    [
        (b"", "empty"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">', "Export it as PNG or PDF"),
        (b"  <SVG>", "Export it as PNG or PDF"),
        (b"PK\x03\x04", "Unpack it"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "Save the photo as JPEG"),
        (b"#!/bin/sh\n", "Send PNG, JPEG"),
        (b"\xff\xfe<\0", "Send PNG, JPEG"),
    ],
)
def test_a_refusal_says_what_to_send(head: bytes, hint: str) -> None:
    assert hint in refusal(head).message
