"""The bounded queue of what a client has not been sent yet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from web.transport.message import Message


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Past either bound the client is let go and catches up from the event log when it comes back."""

    messages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class WhenBehind:
    """A key that supersedes only in an outbox that is not roomy: whoever keeps up is sent every message."""

    key: Hashable


@dataclass(slots=True)
class Counters:
    """What happened to all clients since the start."""

    deliveries: int = 0  # messages of Push, once for each client
    coalesced: int = 0  # of them, superseded before they were sent
    dropped: int = 0  # clients let go because their outbox was full


class Outbox:
    """First in, first out, except that a message with a key takes the place of an older one with the same key.

    "The place" keeps the order a client relies on: a superseding message stays where the older one stood only while
    nothing without a key came between; otherwise it goes to the end. So a task's progress never overtakes its change of
    status, and a task that reports often is still not pushed back for ever behind others that report as well.
    Messages of different keys may change places with each other: whatever must stay in order shares one key.
    """

    def __init__(self, limits: OutboxLimits, counters: Counters | None = None) -> None:
        self._limits = limits
        self.counters = counters or Counters()
        self._queue: OrderedDict[int, Message] = OrderedDict()  # position -> message
        self._positions: dict[Hashable, int] = {}  # key -> position of its newest waiting message
        self._next = 0
        self._last_unkeyed = -1
        self._first = 0
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._queue)

    def is_roomy(self) -> bool:
        """Whether at most a quarter of either bound is used."""
        return 4 * len(self._queue) <= self._limits.messages and 4 * self.bytes <= self._limits.bytes

    def put(self, message: Message) -> bool:
        """False when a bound is passed; the message is then not queued. One message alone always fits."""
        if message.key is not None and message.key in self._positions and self._may_supersede(message.key):
            return self._supersede(message, self._positions[message.key])
        return self._append(message)

    def put_first(self, message: Message) -> None:
        """For the engine's own pings: a pong that waits behind a backlog would look like a dead client."""
        self._first -= 1
        self._queue[self._first] = message
        self._queue.move_to_end(self._first, last=False)
        self.bytes += message.size

    def take(self, max_bytes: int) -> list[Message]:
        """The oldest messages, at least one if there is any, no more once `max_bytes` are reached."""
        taken: list[Message] = []
        size = 0
        while self._queue and size < max_bytes:
            position, message = self._queue.popitem(last=False)
            if message.key is not None and self._positions.get(message.key) == position:
                del self._positions[message.key]
            size += message.size
            taken.append(message)
        self.bytes -= size
        return taken

    def clear(self) -> None:
        self._queue.clear()
        self._positions.clear()
        self.bytes = 0

    def _may_supersede(self, key: Hashable) -> bool:
        return not (isinstance(key, WhenBehind) and self.is_roomy())

    def _supersede(self, message: Message, position: int) -> bool:
        self.counters.coalesced += 1
        if position > self._last_unkeyed:
            self.bytes += message.size - self._queue[position].size
            self._queue[position] = message
            return True
        self.bytes -= self._queue.pop(position).size
        del self._positions[message.key]
        return self._append(message)

    def _append(self, message: Message) -> bool:
        if self._queue and (
            len(self._queue) >= self._limits.messages or self.bytes + message.size > self._limits.bytes
        ):
            return False
        if message.key is None:
            self._last_unkeyed = self._next
        else:
            self._positions[message.key] = self._next
        self._queue[self._next] = message
        self.bytes += message.size
        self._next += 1
        return True
