"""What every engine can do: find lines of text, and read a line that was cut out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from services.ocr.page import Image, Quad, Reading

OnRead = Callable[[int, Reading], None]  # number of the crop, what it says


class Engine(ABC):
    """One per worker process, made once: loading its models takes long. Loading happens in the constructor.

    Raises:
        ModelLoadError: by the constructor, with the remedy.
    """

    name: str
    version: str  # of its packages and models, for people

    @abstractmethod
    def detect(self, image: Image, side: int, threads: int = 1) -> list[Quad]:
        """The lines of an upright page, in no particular order.

        Args:
            image: the page at full resolution.
            side: pixels to which the longer side is reduced for looking (never enlarged); quads come back in the
                image's own pixels.
            threads: cores that may be used.
        """

    @abstractmethod
    def recognize(self, crops: Sequence[Image], on_read: OnRead | None = None, threads: int = 1) -> list[Reading]:
        """Reads crops of one line each (any size, text running left to right), gives readings in their order.

        `on_read` is called as soon as a crop is read, in whatever order that happens, from the calling thread.
        """

    def votes_upside_down(self, crops: Sequence[Image]) -> list[float]:  # noqa: ARG002  # not every engine can tell
        """For each crop the probability that it stands on its head; engines without a classifier give nothing."""
        return []
