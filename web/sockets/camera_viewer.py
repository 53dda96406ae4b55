"""One viewer of one camera: which frames it is sent, and when."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from time import monotonic
from typing import Any

from services.cameras.broadcaster import Subscription
from services.cameras.frames import Frame
from services.errors import SubscriptionClosedError
from web.schemas.camera_socket import Encoding
from web.sockets.rooms import CAMERA_NAMESPACE
from web.transport.message import Message, encode_event
from web.transport.push import Push

CREDIT = 2  # frames on their way at a time: one being shown, one being sent
GRACE = 2.0  # seconds for a viewer's first ack; then it is taken for one that does not know how to
ON_ITS_WAY = 64 * 1024  # bytes: to a viewer that never acks a frame goes when no more than these are on their way
UNACKED_SECONDS = 1.0  # between two frames to it where the system does not tell what its connection has taken

_numbers = count()
_MOST_NUMBER = 2**31 - 1  # what clients in Java can read


class CameraViewer:
    """Sends a frame only when the viewer has credit and nothing else waits to be sent to it, so none waits here.

    A viewer that does not ack its first frames in time is one that only listens. It gets what its connection takes: the
    next frame when the one before has arrived there.
    """

    subscription: Subscription

    def __init__(self, push: Push, sid: str, encoding: Encoding) -> None:
        self.encoding = encoding
        self._push, self._sid = push, sid
        self._unacked: deque[int] = deque(maxlen=CREDIT)
        self._has_acked = False
        self._listens_from = float("inf")  # when it is taken for one that only listens
        self._sent_at = 0.0

    def on_frame(self, frame: Frame) -> bool:
        """Whether the viewer was sent it."""
        return self._is_ready() and self._send(frame)

    def on_ack(self, number: int) -> bool:
        """Whether it was one of ours. What came while the viewer was busy is out of date, but for the newest."""
        if number not in self._unacked:
            return False
        self._unacked.remove(number)
        self._has_acked = True
        if self._is_ready() and (frame := self._newest()) is not None:
            self._send(frame)
        return True

    def figures(self) -> dict[str, Any]:
        viewer = self.subscription
        return {
            "fps": viewer.rate.per_second(),
            "sent": viewer.sent,
            "dropped": viewer.dropped,
            "bytes": viewer.sent_bytes,
        }

    def _is_ready(self) -> bool:
        if not self._push.is_idle(self._sid, namespace=CAMERA_NAMESPACE):
            return False
        if len(self._unacked) < CREDIT:
            return True
        return not self._has_acked and monotonic() >= self._listens_from and self._has_arrived()

    def _has_arrived(self) -> bool:
        taken = self._push.has_taken(self._sid, ON_ITS_WAY, namespace=CAMERA_NAMESPACE)
        return monotonic() - self._sent_at >= UNACKED_SECONDS if taken is None else taken

    def _newest(self) -> Frame | None:
        try:
            return self.subscription.take()
        except SubscriptionClosedError:
            return None

    def _send(self, frame: Frame) -> bool:
        number, message = frame.form(f"/camera {self.encoding}", _ENCODE[self.encoding])
        if not self._push.send(message, self._sid, namespace=CAMERA_NAMESPACE):
            return False
        self._unacked.append(number)
        self._sent_at = monotonic()
        self._listens_from = min(self._listens_from, self._sent_at + GRACE)
        return True


def _encoded(frame: Frame, data: bytes | str) -> tuple[int, Message]:
    """One message for all viewers, and so one number for all their acks."""
    number = next(_numbers) % _MOST_NUMBER
    payload = {
        "camera_id": frame.camera_id,
        "type": "image",
        "seq": frame.seq,
        "timestamp": frame.timestamp,
        "width": frame.width,
        "height": frame.height,
        "data": data,
    }
    return number, encode_event("frame", payload, CAMERA_NAMESPACE, ack_id=number)


_ENCODE: Mapping[str, Callable[[Frame], tuple[int, Message]]] = {
    "binary": lambda frame: _encoded(frame, frame.data),
    "base64": lambda frame: _encoded(frame, base64.b64encode(frame.data).decode()),
}
