from __future__ import annotations

import socket

import pytest

from services.cameras.checks import addresses_of, checked, path_of
from services.cameras.source_spec import Source
from services.config import Settings
from services.errors import CameraUnavailableError, SourceRefusedError


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "clip.mp4").write_bytes(b"x")
    (tmp_path / "secret.mp4").write_bytes(b"x")
    return Settings(data_dir=tmp_path)


def test_a_file_in_the_folder_can_be_a_camera(settings, tmp_path):
    source = checked("clip.mp4", settings)
    assert path_of(source) == (tmp_path / "cameras" / "clip.mp4").resolve()
    assert not source.trusted


@pytest.mark.parametrize("name", ["../secret.mp4", "/etc/passwd", "sub/../../secret.mp4", ".", "absent.mp4", "x" * 300])
def test_no_other_file_can(settings, name):
    with pytest.raises(SourceRefusedError) as refused:
        checked(name, settings)
    assert [problem.field for problem in refused.value.problems] == ["source"]


def test_a_link_out_of_the_folder_is_not_followed(settings, tmp_path):
    (tmp_path / "cameras" / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    with pytest.raises(SourceRefusedError):
        checked("link.mp4", settings)


def test_a_link_to_itself_is_no_file(settings, tmp_path):
    (tmp_path / "cameras" / "loop.mp4").symlink_to("loop.mp4")
    with pytest.raises(SourceRefusedError):
        checked("loop.mp4", settings)


def test_the_servers_own_settings_may_name_any_file(tmp_path):
    (tmp_path / "secret.mp4").write_bytes(b"x")
    assert path_of(Source("file", str(tmp_path / "secret.mp4"), trusted=True)).name == "secret.mp4"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "10.1.2.3",
        "192.168.0.9",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[fec0::1]",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_private_address_is_refused(settings, scheme, host):
    with pytest.raises(SourceRefusedError, match="TASKBEAM_CAMERA_PRIVATE_URLS"):
        checked(f"{scheme}://{host}/stream", settings)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "017700000001"])
def test_an_address_in_disguise_is_seen_through_when_it_is_opened(settings, host):
    source = checked(f"http://{host}/stream", settings)
    with pytest.raises((SourceRefusedError, CameraUnavailableError)):
        addresses_of(source)


def test_a_name_that_leads_to_a_private_address_is_refused_when_it_is_opened(settings, monkeypatch):
    """One bad address among good ones is enough: a server could offer both and hope."""
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(SourceRefusedError):
        addresses_of(checked("http://camera.example.org/", settings))
    assert addresses_of(Source("http", "http://camera.example.org/", trusted=True)) == ["93.184.216.34", "10.0.0.1"]


def test_a_public_address_is_let_pass(settings):
    assert addresses_of(checked("http://93.184.216.34/stream", settings)) == ["93.184.216.34"]


def test_private_addresses_can_be_allowed(tmp_path):
    settings = Settings(data_dir=tmp_path, camera_private_urls=True)
    assert addresses_of(checked("http://127.0.0.1/stream", settings)) == ["127.0.0.1"]
