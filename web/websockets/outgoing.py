"""What waits to be sent on one connection. A client that reads slowly holds up itself, for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import eventlet
from eventlet.hubs import get_hub
from eventlet.semaphore import Semaphore

from web.transport import frames
from web.transport.rawsocket import ConnectionClosedError, RawWebSocket

MOST_WAITING = 16  # messages; whoever has one more to say waits
STALL_SECONDS = 30.0  # for the client to take one message
_FAREWELL_SECONDS = 3.0  # for it to take what was said before the end


class _StalledError(Exception):
    pass


class Outgoing:
    """Messages go out in their order, from a greenthread of their own."""

    def __init__(self, websocket: RawWebSocket) -> None:
        self._websocket = websocket
        self._queue: OrderedDict[Hashable, tuple[str, bool]] = OrderedDict()  # key -> text, whether it holds a place
        self._news, self._places = Semaphore(0), Semaphore(MOST_WAITING)
        self._farewell: tuple[int, str] | None = None
        self._is_over = False
        self._deadline: Any = None
        self._thread = eventlet.spawn(self._run)

    def post(self, text: str) -> None:
        """Waits while too much is waiting. Raises ConnectionClosedError when it will not be sent."""
        self._places.acquire()
        if self._is_over or self._farewell:
            self._places.release()  # for the next one who waits
            raise ConnectionClosedError(None)
        self._append(object(), text, holds_place=True)

    def post_newest(self, key: Hashable, text: str) -> None:
        """Takes the place of what waits under the same key, so it never waits itself."""
        if key in self._queue:
            self._queue[key] = (text, False)
        elif not self._is_over and not self._farewell:
            self._append(key, text, holds_place=False)

    def end(self, code: int, reason: str) -> None:
        """Close after what was said before; returns at once."""
        if self._farewell is None:
            self._farewell = (code, reason)
            self._news.release()
            self._deadline = get_hub().schedule_call_global(_FAREWELL_SECONDS, self._websocket.close, code, reason)

    def finish(self) -> None:
        """Wait until the farewell is sent; without one, send nothing more."""
        if self._farewell is None:
            self._thread.kill()
            self._close()
        else:
            self._thread.wait()

    def _append(self, key: Hashable, text: str, *, holds_place: bool) -> None:
        self._queue[key] = (text, holds_place)
        self._news.release()

    def _run(self) -> None:
        try:
            while self._next_is_there():
                _, (text, holds_place) = self._queue.popitem(last=False)
                with eventlet.Timeout(STALL_SECONDS, _StalledError):
                    self._websocket.send(text)
                if holds_place:
                    self._places.release()
            self._websocket.close(*self._farewell or (frames.NORMAL, ""))
        except _StalledError:
            self._websocket.close(frames.POLICY_VIOLATION, f"took no message for {STALL_SECONDS:.0f} s")
        except ConnectionClosedError:
            pass
        finally:
            self._close()

    def _next_is_there(self) -> bool:
        self._news.acquire()
        return bool(self._queue)

    def _close(self) -> None:
        self._is_over = True
        self._queue.clear()
        self._places.release()  # each who waited wakes the next
        if self._deadline is not None:
            self._deadline.cancel()
