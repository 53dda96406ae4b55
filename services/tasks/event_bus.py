"""Subscribers of this process, told of each event after it was committed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from services.tasks.event_log import LoggedEvent

log = logging.getLogger(__name__)

Subscriber = Callable[[LoggedEvent], None]


class EventBus:
    """Calls every subscriber in the recording thread, in the order of seq per task; subscribers must not block."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Returns what ends the subscription."""
        self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            self._subscribers = tuple(each for each in self._subscribers if each is not subscriber)

        return unsubscribe

    def publish(self, event: LoggedEvent) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(event)
            except Exception:  # one subscriber's fault must not cost the others an event that is already in the log
                log.exception("A subscriber failed on %s of task %d.", event.event, event.task_id)
