"""Who is connected: admission, limits, and what the server keeps for each connection."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from eventlet.semaphore import Semaphore

from services.auth import Authenticator, Principal, Scope
from services.bootstrap import Services
from services.errors import UnauthorizedError
from services.tasks.external import Report
from web.auth import token_of_socket
from web.places import Places
from web.sockets.turns import Turns

MOST_JOINS = 32  # under way at a time for one connection; its next event waits
MOST_REPORTINGS = 1000


@dataclass(eq=False, slots=True)
class Join:
    """A join under way.

    Attributes:
        is_second: another one of the same task, by the same client, is under way too.
        wanted: until the client leaves the task or the server.
    """

    task_id: int
    is_second: bool
    wanted: bool = True


@dataclass(eq=False, slots=True)
class Reporting:
    """A task that a client reports on; `next_sample` in monotonic seconds, `waiting` the progress kept until then."""

    task_id: int
    next_sample: float = 0.0
    waiting: Report | None = None


@dataclass(eq=False, slots=True)
class Connection:
    """One client in a namespace.

    Attributes:
        who: what its limits are counted under: the principal, or the address where nobody has a name.
        token: what it showed, to see later whether that still holds.
        turns: for what may run beside each other though it is about the same thing.
        reportings: the tasks of its own, by the id it calls them; the oldest are forgotten first.
        joins: those under way.
    """

    sid: str
    principal: Principal
    who: str
    token: str | None
    is_open: bool = True
    turns: Turns = field(default_factory=Turns)
    reportings: OrderedDict[str, Reporting] = field(default_factory=OrderedDict)
    joins: list[Join] = field(default_factory=list)
    join_places: Semaphore = field(default_factory=lambda: Semaphore(MOST_JOINS))

    @contextmanager
    def joining(self, task_id: int) -> Iterator[Join]:
        with self.join_places:
            join = Join(task_id, is_second=any(other.task_id == task_id for other in self.joins))
            self.joins.append(join)
            try:
                yield join
            finally:
                self.joins.remove(join)

    def stop_joining(self, task_id: int) -> None:
        for join in self.joins:
            if join.task_id == task_id:
                join.wanted = False

    def close(self) -> None:
        self.is_open = False
        for join in self.joins:
            join.wanted = False

    def note_reporting(self, own_id: str, task_id: int) -> Reporting:
        reporting = self.reportings[own_id] = Reporting(task_id)
        self.reportings.move_to_end(own_id)
        if len(self.reportings) > MOST_REPORTINGS:
            self.reportings.popitem(last=False)
        return reporting


class Connections:
    """The connections of one namespace."""

    def __init__(self, services: Services, places: Places, scope: Scope = Scope.TASKS_READ) -> None:
        """`scope`: what a client must be allowed, to come in."""
        self._scope = scope
        self._auth: Authenticator = services.auth
        self._limiter = services.rate_limiter
        self._places = places
        self._by_sid: dict[str, Connection] = {}

    def admit(self, sid: str, environ: Mapping[str, Any], auth: object) -> Connection:
        """Lets a client in.

        Raises:
            RateLimitExceededError: its address connects too often.
            UnauthorizedError: it has no valid token.
            ForbiddenError: its principal has not the namespace's scope.
            TooManyConnectionsError: the server, or this client, has as many as it may.
        """
        address = environ.get("REMOTE_ADDR", "")
        self._limiter.hit(f"socket:{address}")
        token = token_of_socket(environ, auth)
        principal = self._auth.authenticate(token)
        principal.require(self._scope)
        who = address if principal.kind == "local" else principal.id
        self._places.take(who)
        connection = self._by_sid[sid] = Connection(sid, principal, who, token)
        return connection

    def release(self, sid: str) -> None:
        connection = self._by_sid.pop(sid, None)
        if connection is None:
            return
        connection.close()
        self._places.give_back(connection.who)

    def get(self, sid: str) -> Connection | None:
        return self._by_sid.get(sid)

    def count_event_of(self, connection: Connection) -> None:
        """Raises RateLimitExceededError."""
        self._limiter.hit(f"socket:{connection.who}")

    def unwelcome(self) -> list[tuple[Connection, UnauthorizedError]]:
        """The connections whose token was revoked since they came, each with what to tell it."""
        by_token: dict[str | None, list[Connection]] = {}
        for connection in self._by_sid.values():
            by_token.setdefault(connection.token, []).append(connection)
        refusals: list[tuple[Connection, UnauthorizedError]] = []
        for token, connections in by_token.items():
            try:
                self._auth.authenticate(token)
            except UnauthorizedError as refusal:
                refusals += [(connection, refusal) for connection in connections]
        return refusals
