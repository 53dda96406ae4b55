from __future__ import annotations

import pytest

from services.cameras.source_spec import masked, parse, pattern_of, split_name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("test", "test"),
        ("test:640x480@15", "test"),
        ("0", "device"),
        ("/dev/video63", "device"),
        ("clip.mp4", "file"),
        ("/srv/clips/a b.avi", "file"),
        ("rtsp://user:word@10.0.0.7/stream", "rtsp"),
        ("RTSPS://camera.example.org/1", "rtsp"),
        ("http://camera/video.mjpg?size=1", "http"),
        ("https://[2001:db8::1]:8443/stream", "http"),
    ],
)
def test_a_source_is_known_by_its_text(text, kind):
    assert parse(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "64",
        "123",
        "/dev/video64",
        "/dev/sda",
        "/dev/video1/../mem",
        "file:///etc/passwd",
        "concat://a|b",
        "ftp://camera/x",
        "http://",
        "http://camera:port/",
        "rtsp:///x",
        "test:5000x200",
        "test@0",
        "a\nb",
        "x" * 3000,
        "/dev/video٣",
    ],
)
def test_what_is_no_source_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_a_pattern_says_its_size_and_rate():
    pattern = pattern_of("test:640x480@15")
    assert (pattern.width, pattern.height, pattern.fps) == (640, 480, 15)
    assert pattern_of("test").fps == 30


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("door=rtsp://10.0.0.7/a", ("door", "rtsp://10.0.0.7/a")),
        ("front door = 0", ("front door", "0")),
        ("http://camera/video?size=1", (None, "http://camera/video?size=1")),
        ("door=http://camera/video?size=1", ("door", "http://camera/video?size=1")),
        ("/srv/a=b.mp4", (None, "/srv/a=b.mp4")),
        ("test", (None, "test")),
    ],
)
def test_a_name_stands_before_the_first_equals_sign(text, wanted):
    assert split_name(text) == wanted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://user:pass@host/a", "rtsp://user:***@host/a"),
        ("rtsp://user:p@ss:w@host/a", "rtsp://user:***@host/a"),
        ("http://host/v?user=a&password=b&x=1", "http://host/v?user=a&password=***&x=1"),
        ("http://host/v?token=abc", "http://host/v?token=***"),
        ("clip.mp4", "clip.mp4"),
    ],
)
def test_a_password_is_never_shown(text, shown):
    assert masked(text) == shown
