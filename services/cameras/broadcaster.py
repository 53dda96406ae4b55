"""The newest frame of each variant, to any number of viewers.

    capture --publish--> Stream (one per variant, one slot) --offer--> Subscription (one per viewer)

Nothing is queued: a viewer that comes late finds the newest frame and never sees those in between. So a slow one costs
one reference, whatever it misses. A frame is offered to each viewer in the capturing thread, which wakes only those
for whom one is due; fifty viewers on one Condition would each be woken by every frame.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from services.cameras.figures import Rate
from services.cameras.frames import Frame, Look, Pacer, Variant, Wish
from services.errors import SubscriptionClosedError

log = logging.getLogger(__name__)

MOST_VARIANTS = 8  # encoded at the same time for one camera; who wants yet another one gets the nearest of these
_EXACT = 4  # more, for snapshots
_FRESH = 1.0  # seconds: an older frame is not what a new viewer came to see

OnFrame = Callable[[Frame], bool]
Wants = Mapping[Variant, float]


class Stream:
    """One variant: its newest frame, and who gets it."""

    def __init__(self) -> None:
        self.newest: Frame | None = None
        self.viewers: tuple[Subscription, ...] = ()  # replaced, never changed: publishing needs no lock

    def publish(self, frame: Frame) -> None:
        self.newest = frame
        for viewer in self.viewers:
            viewer.offer(frame)


class Subscription:
    """One viewer of one camera. Either its own thread asks for frames (`next`, `take`), or it is called with them.

    One thread asks; `offer` is the capture's.
    """

    def __init__(self, camera_id: int, wish: Wish, on_frame: OnFrame | None, leave: Callable[[Subscription], None]):
        self.camera_id = camera_id
        self.wish = wish
        self.exact = False
        self.look = Look()
        self.sent = 0  # frames
        self.sent_bytes = 0
        self.dropped = 0  # frames that were due, and gone before the viewer was ready
        self.rate = Rate()
        self.stream = Stream()
        self._on_frame = on_frame
        self._leave = leave
        self._pacer = Pacer(self.look.fps)
        self._seen = 0  # seq of the newest frame given
        self._offered = 0  # seq of the newest frame that was due
        self._not_before = time.time() - _FRESH
        self._closed = False
        self._bell = threading.Lock()  # held: nothing new; cheaper than an Event, which makes a lock for each wait
        self._bell.acquire()

    @property
    def closed(self) -> bool:
        return self._closed

    def next(self, timeout: float | None = None) -> Frame | None:
        """Waits for a frame this viewer has not had and gives the newest; None when `timeout` seconds brought none.

        Raises:
            SubscriptionClosedError: it was closed, here or by the camera's end.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (frame := self.take()) is None:
            patience = -1.0 if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._bell.acquire(timeout=patience):
                return self.take()
        return frame

    def take(self) -> Frame | None:
        """The newest frame if this viewer has not had it and it is due; never waits. For viewers that are called, too:
        one that refused a frame takes the newest as soon as it is ready.

        Raises:
            SubscriptionClosedError: as `next`.
        """
        if self._closed:
            raise SubscriptionClosedError
        frame = self.stream.newest
        if frame is None or frame.seq <= self._seen or frame.timestamp < self._not_before:
            return None
        if not self._pacer.is_due(frame.timestamp):
            return None
        self._count(frame)
        return frame

    def offer(self, frame: Frame) -> None:
        """A new frame of this viewer's stream; called by the capture."""
        if frame.seq <= self._seen or not self._pacer.is_due(frame.timestamp):
            return
        if self._offered > self._seen:
            self.dropped += 1
        self._offered = frame.seq
        if self._on_frame is None:
            self._ring()
        else:
            self._call(self._on_frame, frame)

    def close(self) -> None:
        """Leaves; whoever waits in `next` gets a SubscriptionClosedError. May be called again."""
        self.end()
        self._leave(self)

    def end(self) -> None:
        """The camera's side of `close`."""
        self._closed = True
        self._ring()

    def settle(self, look: Look, stream: Stream) -> None:
        """From now on it gets this; the broadcaster's to call."""
        if look.fps != self.look.fps:
            self._pacer.set_fps(look.fps)
        self.look, self.stream = look, stream

    def _ring(self) -> None:
        if self._bell.locked():
            try:
                self._bell.release()
            except RuntimeError:  # another thread rang it in this moment
                return

    def _call(self, on_frame: OnFrame, frame: Frame) -> None:
        try:
            taken = on_frame(frame)
        except Exception:  # one viewer's fault must not cost the others their frames
            log.exception("A viewer of camera %d failed; it is let go.", self.camera_id)
            self.close()
            return
        if taken:
            self._count(frame)

    def _count(self, frame: Frame) -> None:
        self._seen = frame.seq
        self._pacer.passed(frame.timestamp)
        self.rate.tick()
        self.sent += 1
        self.sent_bytes += len(frame.data)


class Broadcaster:
    """The viewers of one camera by the variant they get. Any thread may call anything."""

    def __init__(self, camera_id: int, defaults: Look, on_wants: Callable[[], None] = lambda: None) -> None:
        """
        Args:
            camera_id: the camera's.
            defaults: for what viewers do not say.
            on_wants: called when `wants` or the number of viewers may have changed.
        """
        self._camera_id = camera_id
        self._defaults = defaults
        self._on_wants = on_wants
        self._source_width: int | None = None
        self._lock = threading.Lock()
        self._streams: dict[Variant, Stream] = {}
        self._viewers: dict[Subscription, None] = {}  # in the order of their coming

    @property
    def viewers(self) -> tuple[Subscription, ...]:
        with self._lock:
            return tuple(self._viewers)

    def subscribe(self, wish: Wish, on_frame: OnFrame | None = None, *, exact: bool = False) -> Subscription:
        """`exact`: the nearest variant is not enough; for who comes for a single picture."""
        viewer = Subscription(self._camera_id, wish, on_frame, self._leave)
        viewer.exact = exact
        with self._lock:
            self._viewers[viewer] = None
            self._place(viewer)
        self._on_wants()
        return viewer

    def change(self, viewer: Subscription, wish: Wish) -> None:
        """The viewer wants its frames otherwise."""
        with self._lock:
            if viewer not in self._viewers:
                return
            viewer.wish = wish
            self._take_away(viewer)
            self._place(viewer)
        self._on_wants()

    def set_defaults(self, defaults: Look) -> None:
        with self._lock:
            self._defaults = defaults
            self._regroup()
        self._on_wants()

    def set_source_width(self, width: int) -> None:
        """No frame is made wider than its source: who wants that is of one stream with those who want all of it."""
        with self._lock:
            if width == self._source_width:
                return
            self._source_width = width
            self._regroup()
        self._on_wants()

    def publish(self, variant: Variant, frame: Frame) -> None:
        """A frame of a variant that nobody wants any more is forgotten."""
        stream = self._streams.get(variant)
        if stream is not None:
            stream.publish(frame)

    def wants(self) -> Wants:
        """{variant: frames a second}: what the capture is to encode."""
        with self._lock:
            return {
                variant: max(viewer.look.fps for viewer in stream.viewers) for variant, stream in self._streams.items()
            }

    def close(self) -> None:
        """Ends every viewer."""
        for viewer in self.viewers:
            viewer.close()

    def _leave(self, viewer: Subscription) -> None:
        with self._lock:
            if viewer not in self._viewers:
                return
            del self._viewers[viewer]
            self._take_away(viewer)
        self._on_wants()

    def _regroup(self) -> None:
        earlier, self._streams = self._streams, {}
        for stream in earlier.values():
            stream.viewers = ()
        for viewer in self._viewers:
            self._place(viewer, earlier)

    def _place(self, viewer: Subscription, earlier: Mapping[Variant, Stream] | None = None) -> None:
        look = viewer.wish.over(self._defaults)
        variant = self._attainable(Variant(look.width, look.quality), MOST_VARIANTS + _EXACT * viewer.exact)
        if variant not in self._streams:
            self._streams[variant] = (earlier or {}).get(variant) or Stream()
        stream = self._streams[variant]
        viewer.settle(look, stream)
        stream.viewers = (*stream.viewers, viewer)

    def _take_away(self, viewer: Subscription) -> None:
        stream = viewer.stream
        stream.viewers = tuple(other for other in stream.viewers if other is not viewer)
        if not stream.viewers:
            self._streams = {variant: other for variant, other in self._streams.items() if other is not stream}

    def _attainable(self, wanted: Variant, most: int) -> Variant:
        if wanted.width is not None and self._source_width is not None and wanted.width >= self._source_width:
            wanted = Variant(None, wanted.quality)
        if wanted in self._streams or len(self._streams) < most:
            return wanted
        return min(self._streams, key=lambda other: self._distance(wanted, other))

    def _distance(self, one: Variant, other: Variant) -> tuple[int, int]:
        full = self._source_width or 3840
        return abs((one.width or full) - (other.width or full)), abs(one.quality - other.quality)
