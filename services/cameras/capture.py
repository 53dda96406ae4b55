"""The server's side of one open source: its process, started, listened to, and replaced when it hangs or dies.

One thread (a greenthread when the server is patched) starts the process and reads from it for as long as it lives;
another looks at the clock. Nothing here knows eventlet, and nothing touches pixels.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.cameras.frames import Variant
from services.cameras.source_spec import Source
from services.errors import CameraUnavailableError
from services.runners.channel import ChannelClosedError, FrameError
from services.runners.supervisor import describe
from services.runners.worker_process import WorkerProcess

log = logging.getLogger(__name__)

LOST = "CAMERA_PROCESS_LOST"
STALLED = "CAMERA_STALLED"

_LOOK = 0.25  # seconds between looks at the clock
_END_PATIENCE = 0.5  # seconds for a process that closed its channel to leave its true status
_STEADY = 5.0  # seconds of frames after which earlier failures are forgotten


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds.

    The pauses are counted from the beginning of an attempt, and none is longer than 2 s: a source that comes back right
    after an attempt must be seen again within 3.
    """

    start: float = 30.0  # for the process to say that it is ready
    opening: float = 10.0  # from then to the first frame
    stall: float = 1.5  # without a frame, or `stall_frames` intervals where these are longer
    stall_frames: float = 5.0
    longest_stall: float = 60.0
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)  # the last one again and again


@dataclass(frozen=True, slots=True)
class Received:
    """One encoded frame, as the process gave it."""

    variant: Variant
    seq: int
    timestamp: float
    width: int
    height: int
    source_size: tuple[int, int]
    jpeg: bytes


class Audience(Protocol):
    """Who hears of a capture; called in its threads, and not to block them."""

    def on_frame(self, frame: Received) -> None: ...

    def on_live(self, size: tuple[int, int]) -> None:
        """Frames come, for the first time or again."""

    def on_failure(self, code: str, message: str) -> None:
        """No frames come; it is opened again."""

    def on_figures(self, fps: float, size: tuple[int, int]) -> None: ...

    def on_recording(self, figures: Mapping[str, Any]) -> None:
        """`{seconds, frames, size, ended, error}` of the clip that is written."""


class Capture:
    """From `start` to `stop`; what the source gives in between, whatever becomes of it."""

    def __init__(
        self,
        source: Source,
        audience: Audience,
        launch: Callable[[], WorkerProcess],
        timing: Timing,
        *,
        first_seq: int = 0,
    ) -> None:
        """
        Args:
            source: what to open.
            audience: hears of frames and failures.
            launch: starts a capture process; called in the capture's own thread.
            timing: when to lose patience.
            first_seq: frames are numbered from the one after it.
        """
        self.launches = 0
        self.last_seq = first_seq
        self._source, self._audience, self._launch, self._timing = source, audience, launch, timing
        self._wanted: Mapping[Variant, float] = {}
        self._wanting = threading.Lock()
        self._clip: Sequence[Any] | None = None  # what is to be recorded, and the process has not been told of
        self._process: WorkerProcess | None = None
        self._ready = False
        self._live_since: float | None = None
        self._captured = 0  # frames that the present process has told of
        self._interval: float | None = None  # seconds between frames
        self._deadline = float("inf")
        self._hung = False
        self._failures = 0
        self._began = 0.0  # the present attempt
        self._stopping = threading.Event()
        self._ended = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="camera", daemon=True).start()
        threading.Thread(target=self._watch, name="camera's watchdog", daemon=True).start()

    def want(self, wanted: Mapping[Variant, float]) -> None:
        """{variant: frames a second}; from now on these are encoded. Any thread."""
        with self._wanting:
            if wanted == self._wanted:
                return
            self._wanted = dict(wanted)
            self._send_wanted()

    def record(self, clip: Sequence[Any]) -> None:
        """Writes a clip (a recorder.Clip) from now on, or from the process's start."""
        with self._wanting:
            self._clip = clip
            self._send_wanted()

    def end_recording(self) -> None:
        with self._wanting:
            unbegun, self._clip = self._clip, None
            if unbegun is None:
                self._say({"kind": "end_recording"})
        if unbegun is not None:  # the process has not heard of it, and will not tell of its end
            self._audience.on_recording({"ended": True, "error": "It was ended before there was a picture."})

    def stop(self) -> None:
        """Kills the process; returns at once."""
        self._stopping.set()
        if self._process is not None:
            self._process.kill()

    def join(self, timeout: float | None = None) -> None:
        self._ended.wait(timeout)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._live_through_one()
                self._pause()
        except Exception:  # were it to end, its viewers would wait for ever
            log.exception("Supervising a camera failed.")
            self._audience.on_failure(CameraUnavailableError.code, "The camera's supervisor failed; see the log.")
        finally:
            self._stopping.set()
            self._ended.set()

    def _live_through_one(self) -> None:
        self._began = time.monotonic()
        try:
            process = self._launch()
        except Exception as problem:  # noqa: BLE001  # no process, thread or descriptor to be had; later perhaps
            self._fail(LOST, f"The capture process cannot be started: {problem}")
            return
        self.launches += 1
        self._process, self._captured = process, 0
        if self._stopping.is_set():  # stop() has not seen it
            process.kill()
        complaint = self._attend(process)
        self._deadline, self._ready = float("inf"), False
        status, _ = process.bury(0.0 if complaint else _END_PATIENCE)
        self._process = None
        if not self._stopping.is_set() and not self._hung:
            self._fail(LOST, f"The capture process was lost: {complaint or describe(status)}.")
        self._hung = False

    def _attend(self, process: WorkerProcess) -> str:
        """Listens until the channel ends; returns what is held against the process."""
        self._deadline = time.monotonic() + self._timing.start
        try:
            while not self._stopping.is_set():
                self._hear(process, *process.channel.receive())
        except ChannelClosedError:
            return ""
        except (FrameError, KeyError, TypeError, ValueError) as problem:
            return f"it broke the protocol, {problem}"
        return ""

    def _hear(self, process: WorkerProcess, message: dict[str, Any], jpeg: bytes) -> None:
        if self._hung:  # its last words, after it was given up
            raise ChannelClosedError
        match message["kind"]:
            case "frame":
                self._take_frame(process, message, jpeg)
            case "beat":
                self._take_beat(message)
            case "recording":
                self._audience.on_recording(message)
            case "ready":
                self._open(process)
            case "failed":
                self._fail(str(message["code"]), str(message["message"]))
                self._deadline = float("inf")
                self._pause()
                self._open(process)
            case kind:
                raise FrameError(f"{kind!r} is no message of ours")

    def _open(self, process: WorkerProcess) -> None:
        if self._stopping.is_set():
            return
        self._began = time.monotonic()
        self._deadline = self._began + self._timing.opening
        process.channel.send({"kind": "open", "source": self._source.as_json(), "first_seq": self.last_seq})
        with self._wanting:
            self._ready = True
            self._send_wanted()

    def _send_wanted(self) -> None:
        if not self._ready:
            return
        variants = [[variant.width, variant.quality, fps] for variant, fps in self._wanted.items()]
        self._say({"kind": "want", "variants": variants})
        if self._clip is not None:
            self._say({"kind": "record", "clip": list(self._clip)})
            self._clip = None

    def _say(self, message: Mapping[str, Any]) -> None:
        process = self._process
        if process is None:
            return
        try:
            process.channel.send(message)
        except ChannelClosedError:  # its end is noticed where it is listened to
            return

    def _take_frame(self, process: WorkerProcess, message: Mapping[str, Any], jpeg: bytes) -> None:
        width, quality = message["variant"]
        process.channel.send({"kind": "ack", "width": width, "quality": quality})
        size = message["source"][0], message["source"][1]
        self._interval = message["interval"]
        self._note_life(size)
        self.last_seq = max(self.last_seq, message["seq"])
        self._audience.on_frame(
            Received(
                Variant(width, quality),
                message["seq"],
                message["timestamp"],
                message["width"],
                message["height"],
                size,
                jpeg,
            )
        )

    def _take_beat(self, message: Mapping[str, Any]) -> None:
        """Tells of frames that nobody wanted encoded, too."""
        self._interval = message["interval"]
        size = message["source"][0], message["source"][1]
        captured = message["captured"]
        if captured != self._captured:
            self._captured = captured
            self._note_life(size, message["age"])
        self._audience.on_figures(message["fps"], size)

    def _note_life(self, size: tuple[int, int], age: float = 0.0) -> None:
        now = time.monotonic()
        self._deadline = now - age + self._patience()
        if self._live_since is None:
            self._live_since = now
            self._audience.on_live(size)
        elif self._failures and now - self._live_since > _STEADY:
            self._failures = 0

    def _patience(self) -> float:
        """Seconds without a frame that are too long; of a source that has shown its pace, by its pace."""
        timing = self._timing
        if self._interval is None:
            return timing.opening
        return min(max(timing.stall, timing.stall_frames * self._interval), timing.longest_stall)

    def _fail(self, code: str, message: str) -> None:
        self._failures += 1
        if code in {LOST, STALLED}:  # with the process goes its recording, begun or not
            self._clip = None
        self._live_since = self._interval = None
        if not self._stopping.is_set():
            self._audience.on_failure(code, message)

    def _pause(self) -> None:
        pauses = self._timing.pauses
        pause = pauses[min(self._failures, len(pauses)) - 1] if self._failures else 0.0
        self._stopping.wait(max(0.0, self._began + pause - time.monotonic()))

    def _watch(self) -> None:
        expected = time.monotonic() + _LOOK
        while not self._stopping.wait(_LOOK):
            # When this process was held up, it has not read either: what came meanwhile is still to be read.
            self._deadline += max(0.0, time.monotonic() - expected)
            expected = time.monotonic() + _LOOK
            process = self._process
            if process is not None and time.monotonic() > self._deadline:
                self._deadline, self._hung = float("inf"), True
                process.kill()  # first: somebody may be waiting to write to it, with a lock that the audience needs
                self._fail(STALLED, "No frame has come for a while; the camera is opened again.")
