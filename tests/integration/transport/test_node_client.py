"""The client that pages use, Node's socket.io-client, against the transport."""

from __future__ import annotations

import json
import shutil
import subprocess

from tests.conftest import ROOT, absent
from tests.integration.transport.conftest import Server

NODE = ROOT / "tests" / "node"


def test_the_pages_client_sees_everything_from_polling_through_the_upgrade_to_reconnecting(server: Server) -> None:
    if shutil.which("node") is None or not (NODE / "node_modules" / "socket.io-client").is_dir():
        absent("no Node, or `npm ci` was not run in tests/node")
    command = ["node", "transport.mjs", f"http://127.0.0.1:{server.port}"]
    result = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {
        "numbers": list(range(300)),
        "transports": ["polling", "websocket"],
        "binary": [0, 255],
        "echo": {"back": [1, 2, 3]},
        "other": 7,
        "reason": "io server disconnect",
        "again": "back",
    }
