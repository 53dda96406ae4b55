"""kill -9 at random moments, again and again: `python -m tests.load.kill_rounds [rounds] [seed]`.

Each round runs one dedup task while a client watches it live, and kills the server or one of its workers somewhere in
the middle. Afterwards the result must equal an undisturbed run's, the log must have every seq once, and the client,
which reconnected with its last_seq, must have seen exactly the log.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from tests.load.banks import write_bank
from tests.load.watcher import Watcher
from tests.server import Server

QUESTIONS, GROUPS = 3000, 24


def run_rounds(rounds: int, seed: int, folder: Path, questions: int = QUESTIONS, **settings: str) -> Counter[str]:
    """Gives how often which process was killed; raises AssertionError at the first difference."""
    dice = random.Random(seed)
    bank_file = write_bank(folder / "bank.jsonl", questions, GROUPS, seed)
    kills: Counter[str] = Counter()
    with Server(folder / "var", **settings) as server:
        bank = _import(server, bank_file)
        expected, seconds = _undisturbed(server, bank)
        for number in range(rounds):
            victim = dice.choice(["server", "worker"])
            kills[victim] += 1
            _round(server, bank, expected, victim, dice.uniform(0.02, seconds))
            print(f"round {number + 1}: {victim} killed, result and log whole", flush=True)
    return kills


def _import(server: Server, bank_file: Path) -> int:
    bank: int = server.call("POST", "/api/banks", {"name": f"bank {time.time()}"})["data"]["id"]
    task = server.upload(f"/api/banks/{bank}/import", bank_file)["data"]
    assert server.await_status(task["id"])["status"] == "completed"
    return bank


def _undisturbed(server: Server, bank: int) -> tuple[Any, float]:
    task = server.call("POST", "/api/dedup/tasks", {"task_name": "undisturbed", "bank_id": bank})["data"]
    began = time.monotonic()
    server.call("POST", f"/api/dedup/tasks/{task['id']}/start")
    assert server.await_status(task["id"])["status"] == "completed"
    return clusters(server, task["id"]), time.monotonic() - began


def _round(server: Server, bank: int, expected: Any, victim: str, delay: float) -> None:
    task = server.call("POST", "/api/dedup/tasks", {"task_name": "killed", "bank_id": bank})["data"]["id"]
    with Watcher(server.url, task) as watcher:
        server.call("POST", f"/api/dedup/tasks/{task}/start")
        time.sleep(delay)
        _kill(server, victim)
        assert server.await_status(task)["status"] == "completed"
        log = events(server, task)
        assert [row["seq"] for row in log] == list(range(1, len(log) + 1)), "the log has a gap or a repeat"
        watcher.await_seq(log[-1]["seq"])
    assert watcher.seen == [(row["seq"], row["event"]) for row in log], "the client saw another sequence than the log"
    assert clusters(server, task) == expected, "the result differs from the undisturbed run's"


def _kill(server: Server, victim: str) -> None:
    assert server.process is not None
    if victim == "server":
        server.kill()
        server.start()
        return
    workers = [
        child for child in psutil.Process(server.process.pid).children() if "worker" in " ".join(child.cmdline())
    ]
    random.choice(workers).kill()


def events(server: Server, task: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while page := server.call("GET", f"/api/tasks/{task}/events?after_seq={len(rows)}&limit=500")["data"]:
        rows += page
    return rows


def clusters(server: Server, task: int) -> list[Any]:
    """What was found, without what may differ from run to run: ids of clusters, seconds."""
    found, cursor = [], ""
    while cursor is not None:
        page = server.call("GET", f"/api/dedup/tasks/{task}/clusters?limit=200{cursor and f'&cursor={cursor}'}")
        for cluster in page["data"]:
            members = sorted((m["external_id"], m["verdict"], m["similarity"]) for m in cluster["members"])
            found.append([cluster["representative_id"], members])
        cursor = page["meta"]["next_cursor"]
    assert found, "a bank with planted duplicates has clusters"
    result = server.call("GET", f"/api/dedup/tasks/{task}")["data"]["result"]
    return [sorted(found), {key: value for key, value in result.items() if key != "seconds"}]


def main() -> None:
    rounds, seed = (int(given) for given in (*sys.argv[1:], *("50", "7")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        kills = run_rounds(rounds, seed, Path(folder))
    print(json.dumps({"rounds": rounds, "kills": kills, "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
