"""The capture process: `python -m services.cameras.capture_process`, started by capture.py and by nobody else.

It opens one source, reads it at the source's own rate and encodes each variant once, however many watch. OpenCV and
ffmpeg block, hold cores and crash; here they do it to nobody else, and a read that hangs is cured by a kill.

    server  -> {kind: open, source, first_seq}                     again after a failure
               {kind: want, variants: [[width, quality, fps], …]}   all of them, each time they change
               {kind: ack, width, quality}                          one frame of this variant has been received
               {kind: record, clip: [path, fps, width, seconds, size]}   one clip at a time, see recorder.py
               {kind: end_recording}
    process -> {kind: ready}                                        once
               {kind: frame, seq, timestamp, width, height, variant: [width, quality], source: [width, height],
                interval} + JPEG                                         interval: seconds between two of the source
               {kind: beat, captured, age, fps, interval, source}   four times a second; age of the last, in seconds
               {kind: recording, seconds, frames, size, ended, error}    once a second and at the end
               {kind: failed, code, message}                        the source is closed; waits for the next open

Of each variant at most two frames are on their way; when the server is slow, it gets fewer, and the newest.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import cv2
import orjson

from services.cameras.encoder import encode
from services.cameras.figures import Rate
from services.cameras.frames import Pacer, Variant
from services.cameras.recorder import Clip, Recorder
from services.cameras.source_spec import Source
from services.cameras.sources.base import DAMAGED_IN_A_ROW, Picture
from services.cameras.sources.opening import source_for
from services.errors import CameraUnavailableError, TaskbeamError
from services.runners.channel import Channel, ChannelClosedError
from services.runners.join import join
from services.runners.worker import settle_in

_IN_FLIGHT = 2  # frames of one variant that the server has not acknowledged
_BEAT = 0.25  # seconds
_MEMORY_LIMIT = 6 * 2**30  # bytes of address space, against a stream made to need more


class Desk:
    """The newest picture, and word that something is to be done; between reading, listening and encoding."""

    def __init__(self) -> None:
        self.rate = Rate()
        self.captured = 0
        self.seq = 0
        self.at = time.monotonic()  # when the newest came
        self.size = (0, 0)
        self.interval: float | None = None  # seconds between pictures, smoothed; None: not known yet
        self.shown: Picture | None = None  # the newest, taken or not
        self._newest: tuple[int, Picture] | None = None
        self._alone = True  # no picture of this source came before
        self._is_spoilt = False  # nobody can decode what this source gives
        self._changed = threading.Condition()

    def put(self, picture: Picture) -> None:
        """Raises CameraUnavailableError when the source is to be given up."""
        if self._is_spoilt:
            raise CameraUnavailableError("Its pictures are damaged: they cannot be decoded.")
        self.rate.tick()
        with self._changed:
            self.captured += 1
            self.seq += 1
            self._time()
            self.size = picture.width, picture.height
            self._newest, self.shown = (self.seq, picture), picture
            self._changed.notify()

    def open(self, first_seq: int) -> None:
        """A source begins, whose pace is not known."""
        with self._changed:
            self.seq, self.interval, self._alone, self._is_spoilt = first_seq, None, True, False

    def expect(self, fps: float) -> None:
        with self._changed:
            self.interval = 1 / fps if fps else None

    def spoil(self) -> None:
        """None of the source's latest pictures could be encoded."""
        self._is_spoilt = True

    def _time(self) -> None:
        now = time.monotonic()
        if not self._alone:
            gap = now - self.at
            self.interval = gap if self.interval is None else self.interval + 0.2 * (gap - self.interval)
        self.at, self._alone = now, False

    def take(self, timeout: float) -> tuple[int, Picture] | None:
        """(seq, picture) if one came that was not taken; waits for one."""
        with self._changed:
            if self._newest is None:
                self._changed.wait(timeout)
            newest, self._newest = self._newest, None
            return newest


class Outlet:
    """One variant: when its next frame is due, and how many are on their way."""

    def __init__(self, fps: float) -> None:
        self.pacer = Pacer(fps)
        self.fps = fps
        self.sent = 0  # by the encoding thread
        self.acknowledged = 0  # by the listening one
        self.damaged = 0  # pictures in a row that could not be encoded

    def takes(self, timestamp: float) -> bool:
        return self.sent - self.acknowledged < _IN_FLIGHT and self.pacer.is_due(timestamp)


class CaptureProcess:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._desk = Desk()
        self._outlets: dict[Variant, Outlet] = {}  # replaced as a whole
        self._next_beat = 0.0
        self._recorder: Recorder | None = None

    def run(self) -> NoReturn:
        threading.Thread(target=self._listen, name="channel", daemon=True).start()
        try:
            self._channel.send({"kind": "ready"})
            while True:
                self._beat()
                taken = self._desk.take(_BEAT)
                if taken is not None:
                    self._encode(*taken)
        except ChannelClosedError:
            os._exit(0)

    def _encode(self, seq: int, picture: Picture) -> None:
        outlets = self._outlets
        for variant, outlet in outlets.items():
            if outlet.takes(picture.timestamp):
                outlet.pacer.passed(picture.timestamp)
                try:
                    jpeg, width, height = encode(picture, variant)
                except (TaskbeamError, cv2.error) as problem:
                    _count_damaged(outlet, problem)
                    continue
                outlet.damaged = 0
                outlet.sent += 1
                self._send_frame(seq, picture, variant, jpeg, width, height)
        if outlets and all(outlet.damaged >= DAMAGED_IN_A_ROW for outlet in outlets.values()):
            self._desk.spoil()

    def _send_frame(self, seq: int, picture: Picture, variant: Variant, jpeg: bytes, width: int, height: int) -> None:
        head = {"kind": "frame", "seq": seq, "timestamp": picture.timestamp, "width": width, "height": height}
        source = {"source": [picture.width, picture.height], "interval": self._desk.interval}
        self._channel.send(head | {"variant": list(variant)} | source, jpeg)

    def _beat(self) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + _BEAT
            desk = self._desk
            figures = {"captured": desk.captured, "age": now - desk.at, "fps": desk.rate.per_second()}
            self._channel.send({"kind": "beat", "source": list(desk.size), "interval": desk.interval} | figures)

    def _listen(self) -> None:
        try:
            while True:
                self._hear(self._channel.receive()[0])
        except ChannelClosedError:
            os._exit(0)

    def _hear(self, message: Mapping[str, Any]) -> None:
        match message["kind"]:
            case "open":
                source = Source.from_json(message["source"])
                self._desk.open(message["first_seq"])
                threading.Thread(target=self._read, args=(source,), name="source", daemon=True).start()
            case "want":
                self._want({Variant(width, quality): fps for width, quality, fps in message["variants"]})
            case "ack":
                outlet = self._outlets.get(Variant(message["width"], message["quality"]))
                if outlet is not None:
                    outlet.acknowledged += 1
            case "record":
                self._end_recording()
                self._recorder = Recorder(Clip(*message["clip"]), lambda: self._desk.shown, self._tell_recording)
            case "end_recording":
                self._end_recording()

    def _end_recording(self) -> None:
        if self._recorder is not None:
            self._recorder.stop()

    def _tell_recording(self, figures: dict[str, Any]) -> None:
        try:
            self._channel.send({"kind": "recording"} | figures)
        except ChannelClosedError:
            os._exit(0)

    def _want(self, wanted: Mapping[Variant, float]) -> None:
        kept = self._outlets
        self._outlets = {
            variant: kept[variant] if variant in kept and kept[variant].fps == fps else _outlet(kept.get(variant), fps)
            for variant, fps in wanted.items()
        }

    def _read(self, source: Source) -> None:
        try:
            with source_for(source) as opened:
                self._desk.expect(opened.fps)
                while True:
                    self._desk.put(opened.read())
        except TaskbeamError as problem:
            failure = {"code": problem.code, "message": problem.message}
        except Exception as problem:  # noqa: BLE001  # cv2.error, MemoryError, …: whatever it is, the server must know
            failure = {"code": TaskbeamError.code, "message": f"{type(problem).__name__}: {problem}"[:500]}
        try:
            self._channel.send({"kind": "failed"} | failure)
        except ChannelClosedError:
            os._exit(0)


def _count_damaged(outlet: Outlet, problem: Exception) -> None:
    outlet.damaged += 1
    if outlet.damaged == 1:
        print(f"a picture cannot be encoded: {problem}", file=sys.stderr)  # noqa: T201  (it becomes our log)


def _outlet(earlier: Outlet | None, fps: float) -> Outlet:
    outlet = Outlet(fps)
    if earlier is not None:
        outlet.sent, outlet.acknowledged = earlier.sent, earlier.acknowledged
    return outlet


def main() -> NoReturn:
    settings = orjson.loads(sys.argv[1])
    settle_in(settings)
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  (there is none on Windows)

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    cv2.setNumThreads(1)  # threads that spin cost more than they gain beside a busy server
    CaptureProcess(Channel(join(settings))).run()


if __name__ == "__main__":
    # As __main__ this file's classes would be others than those that sources import.
    from services.cameras.capture_process import main as run

    run()
