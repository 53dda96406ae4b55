from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from services.metrics import Metrics


def figures(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    samples = [s for family in text_string_to_metric_families(metrics.render().decode()) for s in family.samples]
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


def test_a_request_is_counted_under_its_rule():
    metrics = Metrics()
    metrics.observe_request("GET", "/api/tasks/<id:task_id>", 200, 0.02)
    labels = (("method", "GET"), ("route", "/api/tasks/<id:task_id>"), ("status", "200"))
    assert figures(metrics)["taskbeam_http_request_seconds_count", labels] == 1


def test_watched_figures_are_read_at_each_scrape():
    metrics, waiting = Metrics(), {"queued": 1.0}
    metrics.watch("taskbeam_tasks", "Tasks", lambda: waiting, label="status")
    assert figures(metrics)["taskbeam_tasks", (("status", "queued"),)] == 1
    waiting["queued"] = 7
    assert figures(metrics)["taskbeam_tasks", (("status", "queued"),)] == 7


def test_figures_without_a_label_become_a_gauge_each():
    metrics = Metrics()
    metrics.watch("taskbeam_workers", "Worker processes", lambda: {"busy": 2, "crashed": 0})
    assert figures(metrics)["taskbeam_workers_busy", ()] == 2
    assert figures(metrics)["taskbeam_workers_crashed", ()] == 0


def test_two_servers_in_one_process_do_not_mix():
    one, other = Metrics(), Metrics()
    one.watch("taskbeam_x", "X", lambda: {"a": 1})
    other.watch("taskbeam_x", "X", lambda: {"a": 2})
    assert figures(one)["taskbeam_x_a", ()] == 1
    assert figures(other)["taskbeam_x_a", ()] == 2
