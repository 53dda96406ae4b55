"""One camera while it is watched: its capture from the first viewer until some seconds after the last."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from services.cameras.broadcaster import Broadcaster, OnFrame, Subscription
from services.cameras.capture import LOST, STALLED, Audience, Capture, Received, Timing
from services.cameras.events import CameraFault, CameraState, CameraStatus, OnEvent
from services.cameras.figures import Rate
from services.cameras.frames import Frame, Look, Variant, Wish
from services.cameras.source_spec import Source
from services.errors import ConflictError, SubscriptionClosedError
from services.runners.worker_process import WorkerProcess

OnRecording = Callable[[Mapping[str, Any]], None]

log = logging.getLogger(__name__)

_CLOSING_PATIENCE = 5.0  # seconds for a capture's thread to end
_LAST_FRAMES = 2.0  # seconds for a recording to be ended properly
_BETWEEN_COUNTS = 0.5  # seconds between two statuses that only say another number of viewers


class Camera:
    """Any thread may call anything; events are told in the thread that they happen in."""

    def __init__(
        self,
        camera_id: int,
        name: str,
        source: Source,
        look: Look,
        *,
        launch: Callable[[], WorkerProcess],
        tell: OnEvent,
        linger: float,
        timing: Timing,
    ) -> None:
        """
        Args:
            camera_id: the camera's.
            name: for people.
            source: what is opened for the first viewer.
            look: how viewers get their frames who ask for nothing else.
            launch: starts a capture process.
            tell: takes each event.
            linger: seconds for which the capture goes on without viewers.
            timing: of the capture.
        """
        self.id, self.name = camera_id, name
        self.broadcaster = Broadcaster(camera_id, look, self._on_wants)
        self._source, self._launch, self._tell, self._linger, self._timing = source, launch, tell, linger, timing
        self._lock = threading.RLock()  # events are told inside, so that they come in the order in which they happened
        self._capture: Capture | None = None
        self._audience: _Ear | None = None
        self._state = CameraState.CLOSED
        self._fault: CameraFault | None = None
        self._size = (0, 0)
        self._fps = 0.0  # of the source
        self._seq = 0
        self._encoded: dict[Variant, Rate] = {}
        self._newest_at = 0.0
        self._captures = 0
        self._leaving: threading.Timer | None = None
        self._counting: threading.Timer | None = None
        self._told = CameraStatus(camera_id, name, self._state, 0, 0, 0.0, 0)
        self._closed = False
        self._on_recording: OnRecording | None = None
        self._not_recording = threading.Event()
        self._not_recording.set()

    def watch(self, wish: Wish, on_frame: OnFrame | None = None, *, exact: bool = False) -> Subscription:
        with self._lock:
            if self._closed:
                raise SubscriptionClosedError
            return self.broadcaster.subscribe(wish, on_frame, exact=exact)

    def rename(self, name: str) -> None:
        with self._lock:
            self.name = name
            self._tell_status()

    def set_source(self, source: Source) -> None:
        """Whoever watches sees the new one from now on; a recording of the old one ends."""
        if source == self._source:
            return
        self._finish_recording()
        with self._lock:
            self._source = source
            if self._capture is not None:
                self._stop_capture()
                self._start_capture()

    def status(self) -> CameraStatus:
        with self._lock:
            width, height = self._size
            return CameraStatus(
                self.id, self.name, self._state, width, height, self._fps, len(self.broadcaster.viewers)
            )

    def figures(self) -> dict[str, Any]:
        """The status with what flows: `age` is that of the newest frame, in seconds."""
        viewers = self.broadcaster.viewers
        with self._lock:
            fault, newest_at = self._fault, self._newest_at
            encoded = [
                {"width": variant.width, "quality": variant.quality, "fps": rate.per_second()}
                for variant, rate in self._encoded.items()
            ]
        return self.status().as_json() | {
            "error": None if fault is None else {"code": fault.code, "message": fault.message},
            "age": round(time.time() - newest_at, 3) if newest_at else None,
            "captures": self._captures,
            "encoded": encoded,
            "watching": [_viewer(viewer) for viewer in viewers],
        }

    def record(self, clip: Sequence[Any], on_recording: OnRecording) -> None:
        """Writes a clip, whoever watches or not.

        Args:
            clip: a recorder.Clip.
            on_recording: takes `{seconds, frames, size, ended, error}` about once a second, in the capture's thread;
                after `ended` no more.

        Raises:
            ConflictError: one is being written.
            SubscriptionClosedError: the camera is closed.
        """
        with self._lock:
            if self._closed:
                raise SubscriptionClosedError
            if self._on_recording is not None:
                raise ConflictError(f"Camera {self.name!r} is being recorded already. End that recording first.")
            self._on_recording = on_recording
            self._not_recording.clear()
            self._on_wants()
            assert self._capture is not None
            self._capture.record(clip)

    def end_recording(self) -> None:
        """Its last figures come soon."""
        with self._lock:
            if self._capture is not None and self._on_recording is not None:
                self._capture.end_recording()

    def close(self) -> None:
        """Ends every viewer and the capture; returns when its process is gone."""
        self._finish_recording()
        with self._lock:
            self._closed = True
            self.broadcaster.close()
            self._cancel_timers()
            capture = self._capture
            self._stop_capture()
        if capture is not None:
            capture.join(_CLOSING_PATIENCE)

    def _finish_recording(self) -> None:
        """Before its process is killed, which would take the clip's last seconds with it."""
        self.end_recording()
        self._not_recording.wait(_LAST_FRAMES)

    def _on_wants(self) -> None:
        with self._lock:
            wants = self.broadcaster.wants()
            self._encoded = {variant: self._encoded.get(variant) or Rate() for variant in wants}
            if (wants or self._on_recording is not None) and not self._closed:
                self._stay()
            elif self._capture is not None and self._leaving is None and not self._closed:
                self._leave()
            if self._capture is not None:
                self._capture.want(wants)
            self._tell_count()

    def _stay(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if self._capture is None:
            self._start_capture()

    def _leave(self) -> None:
        self._leaving = threading.Timer(self._linger, self._left)
        self._leaving.daemon = True
        self._leaving.start()

    def _left(self) -> None:
        with self._lock:
            if self._leaving is not None:  # nobody came meanwhile, who would have ended it
                self._leaving = None
                self._stop_capture()

    def _start_capture(self) -> None:
        self._captures += 1
        self._audience = _Ear(self)
        self._capture = Capture(self._source, self._audience, self._launch, self._timing, first_seq=self._seq)
        self._capture.want(self.broadcaster.wants())
        self._change(CameraState.OPENING)
        self._capture.start()

    def _stop_capture(self) -> None:
        if self._capture is None:
            return
        self._capture.stop()
        self._capture = self._audience = None
        self._lose_recording("The camera was closed or got another source.")
        self._fps, self._size, self._fault = 0.0, (0, 0), None
        self._change(CameraState.CLOSED)

    def _change(self, state: CameraState) -> None:
        self._state = state
        self._tell_status()

    def _tell_status(self) -> None:
        status = self.status()
        if status != self._told:
            self._told = status
            self._say(status)

    def _tell_count(self) -> None:
        """Soon: fifty viewers that come at once need not each be told of the other forty-nine."""
        if self._counting is None and not self._closed:
            self._counting = threading.Timer(_BETWEEN_COUNTS, self._counted)
            self._counting.daemon = True
            self._counting.start()

    def _counted(self) -> None:
        with self._lock:
            self._counting = None
            if not self._closed and len(self.broadcaster.viewers) != self._told.viewers:
                self._tell_status()

    def _say(self, event: CameraStatus | CameraFault) -> None:
        try:
            self._tell(event)
        except Exception:  # who listens wrongly must not end the capture
            log.exception("A listener of camera %d failed.", self.id)

    def _cancel_timers(self) -> None:
        for timer in (self._leaving, self._counting):
            if timer is not None:
                timer.cancel()
        self._leaving = self._counting = None

    def hear_frame(self, frame: Received) -> None:
        self._seq, self._newest_at = max(self._seq, frame.seq), frame.timestamp
        if (rate := self._encoded.get(frame.variant)) is not None:
            rate.tick()
        if frame.source_size != self._size:
            self.hear_size(frame.source_size)
        self.broadcaster.publish(
            frame.variant, Frame(self.id, frame.seq, frame.timestamp, frame.width, frame.height, frame.jpeg)
        )

    def hear_size(self, size: tuple[int, int]) -> None:
        if not size[0]:
            return
        with self._lock:
            self._size = size
            self.broadcaster.set_source_width(size[0])
            if self._state is CameraState.LIVE:
                self._tell_status()

    def hear_live(self, size: tuple[int, int]) -> None:
        with self._lock:
            self._fault = None
            self.hear_size(size)
            self._change(CameraState.LIVE)

    def hear_failure(self, code: str, message: str) -> None:
        with self._lock:
            self._fps = 0.0
            if code in {LOST, STALLED}:  # the process is gone, and with it who wrote
                self._lose_recording(message)
            fault = CameraFault(self.id, code, message)
            is_news, self._fault = fault != self._fault, fault
            self._change(CameraState.STALLED)
            if is_news:  # a camera that stays away says so once, however often it is tried
                log.warning("Camera %r gives no frames: %s", self.name, message)
                self._say(fault)

    def hear_figures(self, fps: float) -> None:
        self._fps = fps

    def hear_recording(self, figures: Mapping[str, Any]) -> None:
        with self._lock:
            heard = self._on_recording
            if figures["ended"]:
                self._on_recording = None
                self._on_wants()
        if heard is not None:
            heard(figures)
        if figures["ended"]:
            self._not_recording.set()

    def _lose_recording(self, message: str) -> None:
        heard, self._on_recording = self._on_recording, None
        if heard is not None:
            heard({"ended": True, "error": message})
        self._not_recording.set()


class _Ear(Audience):
    """Hears one capture. What a capture that was replaced still says is not heard."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def _heard(self, what: Callable[[], None]) -> None:
        if self._camera._audience is self:
            what()

    def on_frame(self, frame: Received) -> None:
        self._heard(partial(self._camera.hear_frame, frame))

    def on_live(self, size: tuple[int, int]) -> None:
        self._heard(partial(self._camera.hear_live, size))

    def on_failure(self, code: str, message: str) -> None:
        self._heard(partial(self._camera.hear_failure, code, message))

    def on_figures(self, fps: float, size: tuple[int, int]) -> None:  # noqa: ARG002
        self._heard(partial(self._camera.hear_figures, fps))

    def on_recording(self, figures: Mapping[str, Any]) -> None:
        self._heard(partial(self._camera.hear_recording, figures))


def _viewer(viewer: Subscription) -> dict[str, Any]:
    return {
        "fps": viewer.rate.per_second(),
        "wanted": {"fps": viewer.look.fps, "quality": viewer.look.quality, "width": viewer.look.width},
        "sent": viewer.sent,
        "dropped": viewer.dropped,
        "bytes": viewer.sent_bytes,
    }
