"""Fan-out: one event to many clients, encoded once, sent from `emit` itself to everyone who keeps up."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from time import monotonic
from typing import Any

import eventlet
from eventlet import patcher

from web.transport.client import Client
from web.transport.engine import FlaskSocketIO
from web.transport.message import Message, encode_event

_ROOM_POLL_SECONDS = 0.01
_get_ident = patcher.original("threading").get_ident  # the patched one tells greenthreads apart


class Push:
    """Sends events through the clients' outboxes, in one order with python-socketio's own emit.

    Made and used on the hub's thread alone.
    """

    def __init__(self, socketio: FlaskSocketIO) -> None:
        self._thread = _get_ident()
        self._engine = socketio.server.eio
        self._manager = socketio.server.manager

    def emit(
        self,
        event: str,
        data: Any,
        *,
        rooms: Sequence[str] | None = None,
        sids: Sequence[str] = (),
        skip_rooms: Sequence[str] = (),
        skip_sids: Sequence[str] = (),
        coalesce: Hashable | None = None,
        namespace: str = "/",
    ) -> int:
        """Send `event` once to every client in any of `rooms` or named in `sids`; never waits and never yields.

        Args:
            event: its name.
            data: its argument; a tuple is several. Bytes anywhere inside travel as attachments.
            rooms: None for everyone in the namespace (with `sids`: for those alone).
            sids: Socket.IO session ids, added to the rooms.
            skip_rooms: members of these are left out.
            skip_sids: as are these.
            coalesce: while a client has this message waiting, a later one with an equal key takes its place (a
                `WhenBehind` key: only once it is behind). Messages whose mutual order matters must share a key or have
                none.
            namespace: the Socket.IO namespace.

        Returns:
            How many clients it was sent to or queued for.
        """
        if _get_ident() != self._thread:
            raise RuntimeError("Push.emit was called outside the hub's thread; its sockets are not safe there.")
        receivers = self._receivers(namespace, rooms, sids, skip_rooms, skip_sids)
        if not receivers:
            return 0
        message = encode_event(event, data, namespace, coalesce)
        clients = self._engine.sockets
        reached = 0
        for eio_sid in receivers:
            client: Client | None = clients.get(eio_sid)
            if client is not None and client.deliver(message):
                reached += 1
        self._engine.counters.deliveries += reached
        return reached

    def send(self, message: Message, sid: str, *, namespace: str = "/") -> bool:
        """A message that was encoded before, to one client; as `emit`. False: the client is gone."""
        client = self._client(sid, namespace)
        if client is None or not client.deliver(message):
            return False
        self._engine.counters.deliveries += 1
        return True

    def is_idle(self, sid: str, *, namespace: str = "/") -> bool:
        """Whether nothing waits here to be sent to the client."""
        client = self._client(sid, namespace)
        return client is not None and client.is_idle

    def has_taken(self, sid: str, but: int, *, namespace: str = "/") -> bool | None:
        """Whether the client's connection has taken all that was sent, but for `but` bytes; None: nobody can tell."""
        client = self._client(sid, namespace)
        return client is not None and client.has_taken(but)

    def wait_for_room(self, sid: str, *, namespace: str = "/", timeout: float = 30.0) -> bool:
        """Wait until at most a quarter of the client's outbox is full; call it now and then in a long replay, which
        would otherwise pass the bound of a client that reads as fast as it can. False: it is gone, or time is up.
        """
        deadline = monotonic() + timeout
        while (client := self._client(sid, namespace)) is not None:
            if client.outbox.is_roomy():
                return True
            if monotonic() > deadline:
                return False
            eventlet.sleep(_ROOM_POLL_SECONDS)
        return False

    def stats(self) -> dict[str, int]:
        clients: list[Client] = list(self._engine.sockets.values())
        return {
            "clients": len(clients),
            "deliveries": self._engine.counters.deliveries,
            "coalesced": self._engine.counters.coalesced,
            "dropped_clients": self._engine.counters.dropped,
            "queued_messages": sum(len(client.outbox) for client in clients),
            "queued_bytes": sum(client.queued_bytes for client in clients),
        }

    def _client(self, sid: str, namespace: str) -> Client | None:
        client: Client | None = self._engine.sockets.get(self._manager.eio_sid_from_sid(sid, namespace))
        return client

    def _receivers(
        self,
        namespace: str,
        rooms: Sequence[str] | None,
        sids: Sequence[str],
        skip_rooms: Sequence[str],
        skip_sids: Sequence[str],
    ) -> Iterable[str]:
        """engine.io ids, each once."""
        members = self._manager.rooms.get(namespace)
        if members is None:
            return ()
        if rooms is not None and len(rooms) == 1 and not (sids or skip_rooms or skip_sids):
            # The usual case; a list, for a client may join while we send.
            return list(members[rooms[0]].values()) if rooms[0] in members else ()
        chosen = self._everyone(namespace) if rooms is None and not sids else _union(members, rooms or ())
        everyone = members.get(None, {})
        chosen.update({sid: everyone[sid] for sid in sids if sid in everyone})
        for sid in [*_union(members, skip_rooms), *skip_sids]:
            chosen.pop(sid, None)
        return chosen.values()

    def _everyone(self, namespace: str) -> dict[str, str]:
        # python-socketio lists a client here while its connect handler still decides whether to let it in.
        pending = set(self._manager.pending_connect.get(namespace, ()))
        everyone = self._manager.rooms[namespace].get(None, {})
        return {sid: eio_sid for sid, eio_sid in everyone.items() if sid not in pending}


def _union(members: Any, rooms: Sequence[str]) -> dict[str, str]:
    """Members of the rooms: Socket.IO id -> engine.io id."""
    union: dict[str, str] = {}
    for room in rooms:
        if room in members:
            union.update(members[room])
    return union
