"""How many live connections there are, over every kind of socket together."""

from __future__ import annotations

from collections import Counter

from services.config import Settings
from services.errors import TooManyConnectionsError

PLACES = "taskbeam.places"  # where the application keeps them


class Places:
    """Counted in all, and for each principal, or address where nobody has a name."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.max_connections
        self._most_per_client = settings.max_connections_per_client
        self._per_client: Counter[str] = Counter()
        self.taken = 0

    def take(self, who: str) -> None:
        """Raises TooManyConnectionsError: the server, or this client, has as many as it may."""
        if self.taken >= self._most:
            raise TooManyConnectionsError(f"This server has {self._most} live connections; try again later.")
        if self._per_client[who] >= self._most_per_client:
            raise TooManyConnectionsError(
                f"{who} has {self._most_per_client} live connections already; close one, or use one for several tasks."
            )
        self._per_client[who] += 1
        self.taken += 1

    def give_back(self, who: str) -> None:
        self.taken -= 1
        self._per_client[who] -= 1
        if not self._per_client[who]:
            del self._per_client[who]

    def stats(self) -> dict[str, int]:
        return {"open": self.taken, "most": self._most, "clients": len(self._per_client)}
