"""The sending half of a WebSocket: at once while the client keeps up, through its outbox when it does not."""

from __future__ import annotations

from typing import Any

import eventlet
from eventlet.hubs import get_hub

from web.transport.channel import Channel
from web.transport.message import Message
from web.transport.outbox import Outbox

_BATCH_BYTES = 32 * 1024  # joined into one send when draining; what is taken can no longer be superseded
_SENDS_BEFORE_YIELD = 32
FAREWELL_SECONDS = 5.0


class Writer:
    """Owns every write to the channel, so that order holds and no two greenthreads are ever inside one TLS write.

    While `_ready`, nothing waits and `send` writes straight to the socket from whatever greenthread emits. What the
    kernel did not take becomes `_unsent`, and from then on messages queue until the drain greenthread has caught up.
    """

    def __init__(self, channel: Channel, outbox: Outbox) -> None:
        self._channel = channel
        self._send_now = channel.send_now
        self._outbox = outbox
        self._ready = False
        self._unsent: memoryview | None = None
        self._farewell: bytes | None = None
        self._abort_timer: Any = None
        self._drainer: Any = None
        self._dead = False

    @property
    def is_idle(self) -> bool:
        """Whether a message would go straight to the kernel."""
        return self._ready

    def in_flight(self) -> int | None:
        """Bytes on their way to the client, as far as the system tells."""
        return self._channel.in_flight()

    @property
    def queued_bytes(self) -> int:
        return len(self._unsent) if self._unsent else 0

    def start(self) -> None:
        """Send what gathered before the connection was there, then go direct."""
        self._drain_in_background()

    def send(self, message: Message) -> bool:
        """Send or queue, without waiting. False when the outbox is full."""
        if not self._ready:
            return self._dead or self._outbox.put(message)
        try:
            sent = self._send_now(message.frames)
        except OSError:
            self.die()
            return True
        if sent != message.size:
            self._unsent = memoryview(message.frames)[sent:]
            self._drain_in_background()
        return True

    def send_first(self, message: Message) -> None:
        """Ahead of the backlog, behind the message that is half sent."""
        if self._ready:
            self.send(message)
        elif not self._dead:
            self._outbox.put_first(message)

    def finish(self, farewell: bytes) -> None:
        """Send the backlog and then `farewell` (a close frame); cut the line if that takes too long."""
        if self._farewell is not None or self._dead:
            return
        self._farewell = farewell
        # A timer of the hub, not of this greenthread, which may end first.
        self._abort_timer = get_hub().schedule_call_global(FAREWELL_SECONDS, self._channel.abort)
        if self._drainer is None:
            self._drain_in_background()

    def die(self) -> None:
        """The connection is lost: nothing more is sent, and whoever waits on the socket wakes."""
        self._dead, self._ready = True, False
        self._unsent = None
        self._outbox.clear()
        self._channel.shutdown()

    @property
    def dead(self) -> bool:
        return self._dead

    def wait(self) -> None:
        """Wait until the kernel has everything, or the connection is lost."""
        if self._drainer is not None:
            self._drainer.wait()

    def close(self) -> None:
        """Wait until nothing of ours waits on the socket any more; call it before the socket is closed."""
        if self._farewell is None:
            self.die()
        self.wait()
        if self._abort_timer is not None:
            self._abort_timer.cancel()

    def _drain_in_background(self) -> None:
        self._ready = False
        self._drainer = eventlet.spawn(self._drain)

    def _drain(self) -> None:
        try:
            self._send_backlog()
            if self._farewell is not None:
                self._send_waiting(memoryview(self._farewell))
                self._channel.shutdown_write()
                self._dead = True
        except OSError:
            self.die()
        finally:
            self._drainer = None
        self._ready = not self._dead

    def _send_backlog(self) -> None:
        if self._unsent:
            self._send_waiting(self._unsent)
        while batch := self._outbox.take(_BATCH_BYTES):
            self._send_waiting(memoryview(b"".join([message.frames for message in batch])))

    def _send_waiting(self, rest: memoryview) -> None:
        sends = 0
        while rest and not self._dead:
            self._unsent = rest
            sent = self._send_now(rest)
            rest = rest[sent:]
            sends += 1
            if not sent:
                self._channel.wait_writable()
            elif sends % _SENDS_BEFORE_YIELD == 0:
                eventlet.sleep(0)
        self._unsent = None
