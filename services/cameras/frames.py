"""One encoded picture, what a viewer may wish for, and the pace at which it gets pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, TypeVar

from services.errors import FieldProblem, InvalidInputError

FPS = (1.0, 60.0)
QUALITY = (10, 95)
WIDTH = (16, 3840)
ALL = 10**6  # a width that no source has: the whole picture, whatever the camera's own width is

T = TypeVar("T")


class Variant(NamedTuple):
    """What is encoded once for all who want it; width None: as the source gives it."""

    width: int | None
    quality: int  # of the JPEG


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture as its viewers get it.

    Attributes:
        camera_id: the camera's.
        seq: the source's frame number, rising over the life of the camera in this server; gaps are frames not encoded.
        timestamp: Unix seconds at which the source gave it.
        width: pixels.
        height: pixels.
        data: a JPEG.
    """

    camera_id: int
    seq: int
    timestamp: float
    width: int
    height: int
    data: bytes = field(repr=False)
    _forms: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def form(self, name: str, make: Callable[[Frame], T]) -> T:
        """What `make` turns this frame into (base64, an encoded packet), made once however many viewers need it."""
        if name not in self._forms:
            self._forms[name] = make(self)
        made: T = self._forms[name]
        return made


@dataclass(frozen=True, slots=True)
class Wish:
    """How a viewer wants its frames; what is None is the camera's own."""

    fps: float | None = None
    quality: int | None = None
    width: int | None = None

    def checked(self) -> Self:
        """Raises InvalidInputError, which names the fields that are out of bounds."""
        bounds = {"fps": FPS, "quality": QUALITY, "width": WIDTH}
        problems = [
            FieldProblem(name, f"It must be from {low:g} to {high:g}.")
            for name, (low, high) in bounds.items()
            if (value := getattr(self, name)) is not None and not low <= value <= high
        ]
        if problems:
            raise InvalidInputError("The stream cannot be had so.", problems)
        return self

    def over(self, defaults: Look) -> Look:
        return Look(
            defaults.fps if self.fps is None else self.fps,
            defaults.quality if self.quality is None else self.quality,
            defaults.width if self.width is None else self.width,
        )


class Look(NamedTuple):
    """How a viewer gets its frames."""

    fps: float = 30.0
    quality: int = 80
    width: int | None = None


class Pacer:
    """Lets at most `fps` frames a second pass, by the time at which they were taken."""

    # A source's frames come a little early or late: a quarter of an interval is let pass, and the mean rate holds.
    _SLACK = 0.25

    def __init__(self, fps: float) -> None:
        self.set_fps(fps)

    def set_fps(self, fps: float) -> None:
        self._interval = 1.0 / fps
        self._due = 0.0  # at once

    def is_due(self, timestamp: float) -> bool:
        # A clock set back must not keep a viewer waiting for the old time to come again.
        early = self._due - timestamp
        return early <= self._SLACK * self._interval or early > 2 * self._interval

    def passed(self, timestamp: float) -> None:
        """One frame went through."""
        in_step = abs(timestamp - self._due) <= self._interval
        self._due = (self._due if in_step else timestamp) + self._interval
