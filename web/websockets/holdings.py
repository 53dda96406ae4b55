"""How many bytes of images the server holds for its clients, so that no flood of requests takes its memory."""

from __future__ import annotations

from services.errors import RateLimitExceededError

RETRY_SECONDS = 2.0


class Holdings:
    """Of one connection, inside those of the whole server."""

    def __init__(self, most: int, name: str, outer: Holdings | None = None) -> None:
        self.bytes = 0
        self._most, self._name, self._outer = most, name, outer

    def take(self, size: int) -> None:
        """A single image is taken however little room there is for more.

        Raises:
            RateLimitExceededError: there is too much already.
        """
        if self.bytes and self.bytes + size > self._most:
            raise RateLimitExceededError(f"{self._most / 2**20:g} MB of images {self._name}", RETRY_SECONDS)
        if self._outer is not None:
            self._outer.take(size)
        self.bytes += size

    def give_back(self, size: int) -> None:
        self.bytes -= size
        if self._outer is not None:
            self._outer.give_back(size)
