"""An MJPEG stream of a server, read part by part, with what its headers say of each picture."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass

from services.cameras.multipart import PART_LIMIT
from services.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG; `timestamp` (Unix seconds) is when the camera gave it, `received_at` when we had the whole of it."""

    seq: int
    timestamp: float
    received_at: float
    data: bytes

    @property
    def age(self) -> float:
        """Seconds, by the clocks of both computers."""
        return self.received_at - self.timestamp


def pictures(response: http.client.HTTPResponse) -> Iterator[Picture]:
    """Until the stream ends.

    Raises:
        UnavailableError: it breaks off, or is none of a Taskbeam server.
    """
    try:
        while response.readline(1024).startswith(b"--"):
            headers = http.client.parse_headers(response)
            data = response.read(_length(headers))
            response.readline(2)  # the line's end that belongs to the boundary
            yield Picture(int(headers["X-Seq"]), float(headers["X-Timestamp"]), time.time(), data)
    except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
        raise UnavailableError(f"The stream broke off: {error or type(error).__name__}") from error


def _length(headers: http.client.HTTPMessage) -> int:
    length = int(headers["Content-Length"])
    if not 0 < length <= PART_LIMIT:
        raise ValueError(f"a picture of {length} bytes")
    return length
