"""Who comes in at a raw WebSocket: rate, places, tokens; and whose token no longer holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from services.auth import Principal
from services.bootstrap import Services
from services.errors import RateLimitExceededError, TaskbeamError, TooManyConnectionsError, UnauthorizedError
from web.auth import token_of_socket
from web.places import Places
from web.transport import frames

UNAUTHORIZED = 4401  # closes, after HTTP's 401


class Guest(Protocol):
    """
    Attributes:
        who: what its limits are counted under: the principal, or the address as long as nobody has a name.
        principal: None until it has shown a token, where one is needed.
        token: what it showed, to see later whether that still holds.
    """

    who: str
    principal: Principal | None
    token: str | None

    def dismiss(self, error: Exception, code: int) -> None:
        """Say why, and close; for anybody to call."""


G = TypeVar("G", bound=Guest)


class DismissedError(Exception):
    """The connection is to end with `code`, and the client is to know why."""

    def __init__(self, error: TaskbeamError, code: int) -> None:
        super().__init__(str(error))
        self.error, self.code = error, code


class Door(Generic[G]):
    def __init__(self, services: Services, places: Places) -> None:
        self._auth, self._limiter, self._places = services.auth, services.rate_limiter, places
        self._inside: set[G] = set()

    def __len__(self) -> int:
        return len(self._inside)

    def enter(self, connection: G, environ: Mapping[str, Any]) -> bool:
        """Whether it is known who it is; else it has to show a token.

        Raises:
            DismissedError: it connects too often, there are too many connections, or its token is bad.
        """
        try:
            self.count_message_of(connection)
            self._places.take(connection.who)
        except (RateLimitExceededError, TooManyConnectionsError) as error:
            raise DismissedError(error, frames.TRY_AGAIN_LATER) from None
        self._inside.add(connection)
        token = token_of_socket(environ)
        if token is None and self._auth.required:
            return False
        self.identify(connection, token)
        return True

    def leave(self, connection: G) -> None:
        if connection in self._inside:
            self._inside.remove(connection)
            self._places.give_back(connection.who)

    def identify(self, connection: G, token: str | None) -> None:
        """Raises DismissedError: the token is bad, or its principal has too many connections."""
        try:
            principal = self._auth.authenticate(token)
            if principal.kind != "local":
                self._count_under(connection, principal.id)
        except UnauthorizedError as error:
            raise DismissedError(error, UNAUTHORIZED) from None
        except TooManyConnectionsError as error:
            raise DismissedError(error, frames.TRY_AGAIN_LATER) from None
        connection.principal, connection.token = principal, token

    def count_message_of(self, connection: G) -> None:
        """Raises RateLimitExceededError."""
        self._limiter.hit(f"socket:{connection.who}")

    def unwelcome(self) -> Iterator[tuple[G, UnauthorizedError]]:
        """Those whose token was revoked since they came, each with what to tell it."""
        by_token: dict[str | None, list[G]] = {}
        for connection in self._inside:
            if connection.principal is not None:
                by_token.setdefault(connection.token, []).append(connection)
        for token, connections in by_token.items():
            try:
                self._auth.authenticate(token)
            except UnauthorizedError as refusal:
                for connection in connections:
                    yield connection, refusal

    def _count_under(self, connection: G, who: str) -> None:
        if who != connection.who:
            self._places.take(who)
            self._places.give_back(connection.who)
            connection.who = who
