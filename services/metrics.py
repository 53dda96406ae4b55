"""Figures in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from models import Database, Task
from services.tasks.lifecycle import DELETED, TaskStatus

Figures = Mapping[str, float]
CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0

# Seconds. A healthy answer takes milliseconds; an upload may take minutes.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


@dataclass(frozen=True, slots=True)
class _Watched(Collector):
    """Figures read when someone asks: one gauge with a label, or one gauge per figure."""

    name: str
    help: str
    label: str | None
    read: Callable[[], Figures]

    def collect(self) -> Iterator[Metric]:
        figures = self.read()
        if self.label is None:
            for key, value in figures.items():
                yield GaugeMetricFamily(f"{self.name}_{key}", f"{self.help}: {key.replace('_', ' ')}", value=value)
            return
        family = GaugeMetricFamily(self.name, self.help, labels=[self.label])
        for key, value in figures.items():
            family.add_metric([key], value)
        yield family

    def describe(self) -> list[Metric]:
        return []  # registering must not read anything


class Metrics:
    """The figures of one server; each server has its own, so that two in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Histogram(
            "taskbeam_http_request_seconds",
            "Seconds from the arrival of an HTTP request to its answer",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the rule, never the path: a label per task would grow without bound."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def watch(self, name: str, text: str, read: Callable[[], Figures], *, label: str | None = None) -> None:
        """Show what `read` gives at each scrape.

        Args:
            name: of the gauge, or its beginning when there is no label.
            text: help line.
            read: {label value or end of the name: number}.
            label: name of the label that tells the numbers apart.
        """
        self._registry.register(_Watched(name, text, label, read))

    def render(self) -> bytes:
        return generate_latest(self._registry)


def tasks_by_status(database: Database) -> Figures:
    """How many tasks there are in each status, zeros included."""
    counting = select(Task.status, func.count()).where(Task.status != DELETED).group_by(Task.status)
    rows: Sequence[Any] = database.fetch_all(counting)
    return dict.fromkeys(TaskStatus, 0) | {status: count for status, count in rows}  # noqa: C416 (rows are no tuples)
