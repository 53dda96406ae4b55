from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.auth import LOCAL, Principal
from services.errors import ConflictError, ForbiddenError, InvalidInputError, InvalidTransitionError, NotFoundError
from services.tasks.external import Report
from tests.factories import TaskHouse

STRANGER = Principal(id="key:7", name="stranger", scopes=frozenset({"tasks:write"}), kind="key")


def test_a_reported_task_runs_at_once_and_gives_back_what_its_reporter_added(house: TaskHouse) -> None:
    task = house.external.create("训练", by=LOCAL, total=4, meta={"mode": "fast", "status": "not theirs to say"})
    assert (task["status"], task["mode"], task["total"]) == ("running", "fast", 4)
    progressed = house.external.report(task["id"], Report(processed=1, message="epoch 1"), by=LOCAL)
    assert (progressed["progress_percentage"], progressed["message"]) == (25.0, "epoch 1")
    event = house.log_of(task["id"])[-1]
    assert (event.event, event.data["mode"], event.data["progress"]) == ("task_progress", "fast", 25.0)


def test_its_end_is_told_with_the_last_progress(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL)
    done = house.external.report(task["id"], Report(progress=80, status="completed", result={"loss": 0.1}), by=LOCAL)
    assert (done["status"], done["result"], done["progress_percentage"]) == ("completed", {"loss": 0.1}, 100.0)
    assert house.names_of(task["id"]) == ["task_created", "task_progress", "task_status", "task_completed"]


def test_a_failure_keeps_its_reason(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL)
    failed = house.external.report(task["id"], Report(status="failed", error="disk full"), by=LOCAL)
    assert failed["error"] == {"code": "EXTERNAL", "message": "disk full"}


def test_progress_never_falls(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL)
    house.external.report(task["id"], Report(progress=60), by=LOCAL)
    assert house.external.report(task["id"], Report(progress=10), by=LOCAL)["progress_percentage"] == 60.0


def test_only_its_creator_reports_on_it(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL)
    with pytest.raises(ForbiddenError):
        house.external.report(task["id"], Report(progress=10), by=STRANGER)


def test_nothing_is_reported_after_the_end(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL)
    house.external.report(task["id"], Report(status="completed"), by=LOCAL)
    with pytest.raises(InvalidTransitionError):
        house.external.report(task["id"], Report(progress=10), by=LOCAL)


def test_a_task_computed_here_is_not_reported_on(house: TaskHouse) -> None:
    with pytest.raises(NotFoundError):
        house.external.report(house.create()["id"], Report(progress=10), by=LOCAL)


def test_people_can_cancel_it_but_not_pause_or_retry_it(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL)
    with pytest.raises(ConflictError, match="another program"):
        house.tasks.pause(task["id"], by=LOCAL)
    assert house.tasks.cancel(task["id"], by=LOCAL)["status"] == "cancelled"
    with pytest.raises(ConflictError):
        house.tasks.retry(task["id"], by=LOCAL)


def test_a_status_it_cannot_have_is_refused(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL)
    with pytest.raises(InvalidInputError):
        house.external.report(task["id"], Report(status="queued"), by=LOCAL)


def test_progress_never_falls_however_many_report_at_once(house: TaskHouse) -> None:
    task_id = house.external.create("job", by=LOCAL)["id"]

    def report(number: int) -> None:
        house.external.report(task_id, Report(progress=number * 37 % 100), by=LOCAL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(report, range(80)))
    shown = [event.data["progress"] for event in house.log_of(task_id) if event.event == "task_progress"]
    assert shown == sorted(shown)
    assert shown[-1] == 99.0


def test_fields_of_its_own_are_news_by_themselves(house: TaskHouse) -> None:
    task = house.external.create("job", by=LOCAL, meta={"mode": "fast"})
    reported = house.external.report(task["id"], Report(meta={"epoch": 3}), by=LOCAL)
    assert (reported["mode"], reported["epoch"]) == ("fast", 3)
    assert house.names_of(task["id"]) == ["task_created", "task_progress"]
