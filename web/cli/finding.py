"""One line of `doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is empty when all is well; a note says what could be had beside what is needed."""

    check: str
    state: State
    detail: str
    remedy: str = ""
