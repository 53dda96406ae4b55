"""What OpenCV reads: devices, files and RTSP."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import cv2
import numpy as np

from services.cameras.checks import addresses_of, path_of
from services.cameras.source_spec import Source, device_index
from services.cameras.sources.base import CameraSource, Metronome, Picture, Pixels, first_picture
from services.cameras.sources.rtsp_relay import RtspRelay
from services.errors import CameraUnavailableError

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"  # key;value|key;value, the only way to ffmpeg's options
# Containers that hold their own media. Lists of other files (m3u8, concat, sdp, …) are not among them: they could name
# any file of this machine or any host beside it.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,mjpeg,h264,hevc,flv,asf,ogg,gif"
_STREAM_OPTIONS = "protocol_whitelist;tcp,tls,rtp,srtp,crypto|rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"
_OPEN_MS, _READ_MS = 5_000, 5_000
_NO_MORE = "The source gives no more frames."
_DEVICE_SIZE = 1280, 720  # asked for; a device that has not got it gives the nearest
_USUAL_FPS = 25.0  # of a file that does not say


class OpenCvSource(CameraSource):
    def __init__(self, source: Source) -> None:
        self._source = source
        self._video = cv2.VideoCapture()
        self._raw = False  # the camera's own JPEGs come
        self._metronome: Metronome | None = None
        self._relay: RtspRelay | None = None

    def open(self) -> None:
        opened = {"device": self._open_device, "file": self._open_file, "rtsp": self._open_rtsp}[self._source.kind]()
        if not opened:
            raise CameraUnavailableError(f"OpenCV cannot open this {self._source.kind}.")
        if self._source.kind == "file":  # cameras and streams promise what they do not keep
            self.fps = _plausible(self._video.get(cv2.CAP_PROP_FPS))
            self._metronome = Metronome(self.fps)

    def read(self) -> Picture:
        if self._metronome is not None:
            self._metronome.wait()
        if self._raw:
            return first_picture(self._grab_jpeg)
        pixels = self._grab()
        if pixels is None and self._source.kind == "file":
            self._rewind()
            pixels = self._grab()
        if pixels is None:
            raise CameraUnavailableError(_NO_MORE)
        return Picture(time.time(), pixels=_in_colour(pixels))

    def _grab_jpeg(self) -> bytes:
        data = self._grab()
        if data is None:
            raise CameraUnavailableError(_NO_MORE)
        return _trimmed(data.tobytes())

    def close(self) -> None:
        self._video.release()
        if self._relay is not None:
            self._relay.close()

    def _open_device(self) -> bool:
        index = device_index(self._source.text)
        if sys.platform != "linux":
            return self._video.open(index)
        if not self._video.open(index, cv2.CAP_V4L2):
            return False
        # MJPG first: over USB it is the only way to more than 5 frames a second of a large picture.
        self._video.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if int(self._video.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"MJPG"):
            self._raw = bool(self._video.set(cv2.CAP_PROP_CONVERT_RGB, 0))
        self._video.set(cv2.CAP_PROP_FRAME_WIDTH, _DEVICE_SIZE[0])
        self._video.set(cv2.CAP_PROP_FRAME_HEIGHT, _DEVICE_SIZE[1])
        self._video.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # frames that wait are old frames
        return True

    def _open_file(self) -> bool:
        path = path_of(self._source)
        with _told(f"protocol_whitelist;file|format_whitelist;{_CONTAINERS}"):
            return self._video.open(str(path), cv2.CAP_FFMPEG)

    def _open_rtsp(self) -> bool:
        source, addresses = self._source, addresses_of(self._source)
        if source.trusted or source.private_urls:
            return any(self._open_stream(_at(source.text, address)) for address in addresses)
        self._relay = RtspRelay(source.text, addresses)
        return self._open_stream(self._relay.url)

    def _open_stream(self, url: str) -> bool:
        # TCP: over UDP a lost packet is a smeared picture, and the sender could be anybody.
        times = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
        with _told(_STREAM_OPTIONS):
            return self._video.open(url, cv2.CAP_FFMPEG, times)

    def _grab(self) -> Pixels | None:
        came, pixels = self._video.read()
        return np.asarray(pixels, np.uint8) if came else None

    def _rewind(self) -> None:
        if not self._video.set(cv2.CAP_PROP_POS_FRAMES, 0):
            self._video.release()
            self._open_file()


def _at(url: str, address: str) -> str:
    """The URL with its host's name replaced by an address that was checked."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port else ""
    bare = f"[{address}]" if ":" in address else address
    return urlunsplit(parts._replace(netloc=f"{login}{at}{bare}{port}")) if host else url


def _plausible(fps: float) -> float:
    return fps if 0.1 <= fps <= 240 else _USUAL_FPS


def _trimmed(jpeg: bytes) -> bytes:
    """Without what lies in the driver's buffer behind the picture."""
    end = jpeg.rfind(b"\xff\xd9")
    return jpeg[: end + 2] if end > 0 else jpeg


def _in_colour(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    return pixels if pixels.shape[2] == 3 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), np.uint8)


@contextmanager
def _told(options: str) -> Iterator[None]:
    """What ffmpeg may do inside the block, and nowhere else in this process."""
    before = os.environ.get(_OPTIONS)
    os.environ[_OPTIONS] = options
    try:
        yield
    finally:
        if before is None:
            del os.environ[_OPTIONS]
        else:
            os.environ[_OPTIONS] = before
