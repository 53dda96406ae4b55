"""One client of `/ws/ocr`: who it is, and what it is told."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from services.auth import Principal
from web.transport.rawsocket import ConnectionClosedError, RawWebSocket
from web.websockets.envelope import encode
from web.websockets.faults import fault_of
from web.websockets.outgoing import Outgoing

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """The message that an answer answers: its id, and whether it came encrypted, for then the answer is, too."""

    id: str | int | None = None
    is_sealed: bool = False


NOTHING_ASKED = Asking()


class Connection:
    """
    Attributes:
        id: ours, for logs and `connection_status`.
        who: what its limits are counted under: the principal, or the address as long as nobody has a name.
        principal: None until it has shown a token, where one is needed.
        token: what it showed, to see later whether that still holds.
    """

    def __init__(self, websocket: RawWebSocket, address: str, seal: Callable[[str], str]) -> None:
        self.id = secrets.token_hex(8)
        self.who = address
        self.principal: Principal | None = None
        self.token: str | None = None
        self.websocket = websocket
        self._seal = seal
        self._outgoing = Outgoing(websocket)

    def tell(self, kind: str, data: Data, about: Asking) -> None:
        """Waits while the client has too much unread. Raises ConnectionClosedError."""
        self._outgoing.post(self._text(kind, data, about))

    def tell_newest(self, key: Hashable, kind: str, data: Data, about: Asking) -> None:
        """Without waiting; supersedes what the client has not been sent yet under the same key."""
        self._outgoing.post_newest(key, self._text(kind, data, about))

    def refuse(self, error: Exception, about: Asking) -> None:
        """An `error`; raises ConnectionClosedError."""
        named = {} if about.id is None else {"request_id": about.id}
        self.tell("error", {**fault_of(error), **named}, about)

    def end(self, code: int, reason: str) -> None:
        """Close after what was said before."""
        self._outgoing.end(code, reason)

    def dismiss(self, error: Exception, code: int) -> None:
        """Say why, and close; for anybody to call."""
        with suppress(ConnectionClosedError):
            self.refuse(error, NOTHING_ASKED)
        self.end(code, str(error))

    def finish(self) -> None:
        """Wait until the end is told; nothing more is sent then."""
        self._outgoing.finish()

    def _text(self, kind: str, data: Data, about: Asking) -> str:
        text = encode(kind, data, about.id)
        return encode("encrypted", {"jwe": self._seal(text)}) if about.is_sealed else text
