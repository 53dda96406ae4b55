import pytest

from web.cli.progress import clock, counted, display, pace
from web.cli.results import literal

TASK = {
    "id": 3,
    "kind": "dedup",
    "status": "running",
    "progress_percentage": 41.666,
    "processed": 5,
    "total": 12,
    "unit": "group",
    "rate": 8123.4,
    "eta_seconds": 72.4,
    "message": "verify",
}


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (9.6, "0:10"), (72, "1:12"), (3725, "1:02:05")])
def test_times_are_read_like_a_clock(seconds, shown):
    assert clock(seconds) == shown


def test_a_task_is_counted_and_paced_as_far_as_is_known():
    assert (counted(TASK), pace(TASK)) == ("5/12 groups", "8,123/s  ETA 1:12")
    unknown = TASK | {"total": 0, "rate": None, "eta_seconds": None}
    assert (counted(unknown), pace(unknown)) == ("", "")


def test_without_a_terminal_there_is_a_line_at_each_change_of_status_and_none_in_a_hurry(capsys):
    with display(silent=False) as shown:
        for step in range(100):
            shown.show(TASK | {"processed": step})
        shown.show(TASK | {"status": "completed", "progress_percentage": 100.0})

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "dedup task 3 running  41.7 %  0/12 groups  8,123/s  ETA 1:12  verify"
    assert lines[-1].startswith("dedup task 3 completed  100.0 %")
    assert len(lines) == 2


def test_for_a_program_nothing_is_shown(capsys):
    with display(silent=True) as shown:
        shown.show(TASK)

    assert capsys.readouterr() == ("", "")


def test_a_text_of_others_cannot_command_the_terminal():
    assert literal("第\x1b[2J一\n\n题\x00 \u202e\ud800 [bold]x") == "第 [2J一 题 [bold]x"
