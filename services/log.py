"""Logging: JSON lines for machines or text for people, each line with the request and task it belongs to.

    configure_logging("auto", "info")
    with log_context(task_id=7):
        logger.info("started")        # … "task_id": 7

Log messages and extras must never carry tokens, keys or uploaded content.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

_context: ContextVar[Mapping[str, object] | None] = ContextVar("log_context", default=None)

# What every LogRecord has; anything beyond came in through `extra=`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def log_context(**values: object) -> Iterator[None]:
    """Add these to every line logged inside the block, by this thread, greenthread or task."""
    token = _context.set({**current_context(), **values})
    try:
        yield
    finally:
        _context.reset(token)


def current_context() -> Mapping[str, object]:
    return _context.get() or {}


def configure_logging(log_format: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Send every logger's lines to `stream` (stderr unless given), once, in the wanted form.

    Args:
        log_format: "json", "text", or "auto" (text on a terminal, json elsewhere).
        level: "debug", "info", "warning" or "error".
        stream: where the lines go.
    """
    stream = stream or sys.stderr
    as_text = log_format == "text" or (log_format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Alembic says at each start which dialect it found; what it changed is logged by who asked it to.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """The context's and the record's own extras; the record's win."""
    extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {**current_context(), **extras}


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, the fields, and error when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """`12:00:00.123 INFO    services.tasks  started  task_id=7`, times local."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3]
        fields = "".join(f"  {name}={value}" for name, value in _fields(record).items())
        line = f"{clock} {record.levelname:<7} {record.name}  {_visible(record.getMessage() + fields)}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _visible(text: str) -> str:
    """Names of files and tasks come from others: what would move a terminal, or end the line, is spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
