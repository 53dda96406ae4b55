"""`dedup` and `watch` through storms: their own server, Ctrl-C, servers and commands that are killed."""

import json
import re
import signal
import sqlite3
import threading
import time
from contextlib import closing
from urllib.request import urlopen

import psutil
import pytest

from tests.integration.cli.bank_files import few_questions, many_questions
from tests.processes import has_ended

ENDS_WITHIN = 90  # seconds; only to notice a hang
LONG, SHORT = 8_000, 1_000  # questions: enough to be interrupted in the middle; enough to go on with


@pytest.fixture
def file(tmp_path):
    return few_questions(tmp_path / "questions.jsonl")


@pytest.fixture
def server(start):
    process = start("serve")
    return re.search(r"http://\S+", process.stdout.readline())[0]


def get(url):
    with urlopen(url, timeout=10) as response:
        return json.load(response)


def statuses(data_dir):
    """{task id: (kind, status)}, straight from the database."""
    with closing(sqlite3.connect(data_dir / "taskbeam.db")) as connection:
        return {row[0]: row[1:] for row in connection.execute("SELECT id, kind, status FROM tasks ORDER BY id")}


def wait_for(process, text):
    """Reads stderr until a line has `text`; a thread reads on, so that the process never waits for us."""
    seen = []
    for line in process.stderr:
        seen.append(line)
        if text in line:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return
    pytest.fail("".join(seen))


def test_dedup_of_a_file_alone_imports_runs_and_prints_the_duplicates(taskbeam, file, data_dir):
    done = taskbeam("dedup", str(file))

    assert done.returncode == 0, done.stderr
    assert "Imported 4 questions; refused 1 row." in done.stderr
    assert re.search(r"历史\s+default\s+2\s+1\s+0\s+0\s+0\s+1", done.stdout)
    assert re.search(r"exact\s+100 %\s+q4\s+3\. 第二次世界大战", done.stdout)
    assert "4 questions in 3 groups, 1 cluster: 1 exact and 0 near duplicates" in done.stdout
    assert not (data_dir / "server.json").exists()


def test_ctrl_c_cancels_the_task_and_its_own_server_goes(start, tmp_path, data_dir):
    process = start("dedup", str(many_questions(tmp_path / "many.jsonl", LONG)))
    wait_for(process, "dedup task 2 running")
    children = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGINT)

    assert process.wait(ENDS_WITHIN) == 130
    assert statuses(data_dir)[2] == ("dedup", "cancelled")
    assert [child for child in children if not has_ended(child.pid)] == []


def test_ctrl_c_cancels_on_a_server_that_goes_on_running(start, tmp_path, server, data_dir):
    process = start("dedup", str(many_questions(tmp_path / "many.jsonl", LONG)))
    wait_for(process, "dedup task 2 running")

    process.send_signal(signal.SIGINT)

    assert process.wait(ENDS_WITHIN) == 130
    assert get(f"{server}/api/tasks/2")["data"]["status"] == "cancelled"


def test_watch_with_keep_leaves_the_task_alone(start, taskbeam, tmp_path, server):
    dedup = start("dedup", str(many_questions(tmp_path / "many.jsonl", LONG)))
    wait_for(dedup, "dedup task 2 running")
    watch = start("watch", "2", "--keep")
    wait_for(watch, "dedup task 2")

    watch.send_signal(signal.SIGINT)

    assert watch.wait(ENDS_WITHIN) == 130
    assert get(f"{server}/api/tasks/2")["data"]["status"] == "running"
    dedup.send_signal(signal.SIGINT)
    dedup.wait(ENDS_WITHIN)


def test_a_task_that_somebody_cancels_ends_the_command_with_1(start, tmp_path, server):
    process = start("dedup", str(many_questions(tmp_path / "many.jsonl", LONG)))
    wait_for(process, "dedup task 2 running")

    with urlopen(f"{server}/api/tasks/2/cancel", data=b"", timeout=10):
        pass

    assert process.wait(ENDS_WITHIN) == 1


def test_a_command_goes_on_when_its_server_is_killed_and_comes_back(start, tmp_path, data_dir):
    first = start("serve")
    first.stdout.readline()
    process = start("dedup", str(many_questions(tmp_path / "many.jsonl", SHORT)), "--json")
    _until(lambda: statuses(data_dir).get(2) in (("dedup", "running"), ("dedup", "completed")))

    first.kill()
    first.wait()
    start("serve")

    out, err = process.communicate(timeout=ENDS_WITHIN)
    assert process.returncode == 0, err
    assert json.loads(out)["task"]["result"]["questions"] == SHORT


def test_commands_that_start_at_the_same_time_share_one_server(start, file):
    processes = [start("import", str(file), "--bank", name, "--json") for name in ("one", "two", "three")]

    answers = [process.communicate(timeout=ENDS_WITHIN) for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert all(json.loads(out)["task"]["result"]["imported"] == 4 for out, _ in answers)


def test_nothing_stays_behind_a_killed_command(start, tmp_path):
    process = start("dedup", str(many_questions(tmp_path / "many.jsonl", LONG)))
    wait_for(process, "import task 1")
    children = psutil.Process(process.pid).children(recursive=True)

    process.kill()

    assert children
    _until(lambda: all(has_ended(child.pid) for child in children))


def test_a_key_is_needed_and_used_where_the_server_asks_for_one(taskbeam, environment, file, start):
    environment["TASKBEAM_AUTH"] = "required"
    start("serve").stdout.readline()

    refused = taskbeam("dedup", str(file))
    environment["TASKBEAM_TOKEN"] = taskbeam("keys", "create", "--name", "me", "--scope", "admin").stdout.strip()
    done = taskbeam("dedup", str(file), "--json")

    assert refused.returncode == 1
    assert "TASKBEAM_TOKEN" in refused.stderr
    assert done.returncode == 0, done.stderr


def _until(condition):
    deadline = time.monotonic() + ENDS_WITHIN
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
