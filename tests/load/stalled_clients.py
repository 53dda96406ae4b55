"""Clients that stop reading must not grow the server: `python -m tests.load.stalled_clients [clients] [seconds]`.

The clients join ten tasks that report fat progress as fast as the rate limit lets them, then read nothing more, while
one reader beside them must go on seeing every event.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import socketio
import websocket

from tests.load.watcher import Watcher
from tests.server import Server

TASKS = 10
MESSAGE = "第一组的题目正在比较" * 200  # 2,000 characters, 6 kB


def main() -> None:
    clients, seconds = (int(given) for given in (*sys.argv[1:], *("3", "40")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), TASKBEAM_RATE_LIMIT="1000000/minute") as server:
        reporter = socketio.Client()
        reporter.connect(server.url, transports=["websocket"], auth={"lobby": False})
        tasks = [reporter.call("task_created", {"id": f"t{number}"})["id"] for number in range(TASKS)]
        _report(reporter, tasks, 2)
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        stalled = [_stall(server, tasks) for _ in range(clients)]
        with Watcher(server.url, tasks[0]) as reader:
            sent = _report(reporter, tasks, seconds)
            grown = process.memory_info().rss - before
            reader.await_seq(server.call("GET", f"/api/tasks/{tasks[0]}")["data"]["last_seq"])
            whole = [seq for seq, _ in reader.seen] == list(range(1, len(reader.seen) + 1))
        reporter.disconnect()
        for connection in stalled:
            connection.close()
    megabytes = sent * len(MESSAGE.encode()) / 1e6
    print(f"{clients} clients stalled for {seconds} s while {sent} events ({megabytes:.0f} MB each) were sent to them")
    print(f"server memory grew by {grown / 1e6:.1f} MB; the reader saw {'every' if whole else 'NOT every'} event")


def _report(reporter: socketio.Client, tasks: list[int], seconds: float) -> int:
    """Progress on all tasks in turn, each waited for: as fast as the server takes them."""
    sent, done = 0, threading.Event()
    threading.Timer(seconds, done.set).start()
    while not done.is_set():
        for task in tasks:
            percentage = 99 * sent / 1e6
            answer = reporter.call("task_progress", {"id": task, "progress": percentage, "message": MESSAGE})
            assert answer["ok"], answer
            sent += 1
    return sent


def _stall(server: Server, tasks: list[int]) -> websocket.WebSocket:
    """A client that joins every task and then never reads again."""
    url = server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    small = ((socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),)
    connection = websocket.create_connection(url, sockopt=small, origin=server.url)
    connection.recv()
    connection.send("40")
    for task in tasks:
        connection.send("42" + json.dumps(["join_task", {"task_id": task}]))
    time.sleep(0.2)
    return connection


if __name__ == "__main__":
    main()
