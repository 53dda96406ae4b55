"""The server a client command speaks with: the one it was told, the one that runs here, or one of its own."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from services.config import Settings, load_settings
from services.errors import ConfigurationError, UnavailableError
from web.cli.client import Address, Client
from web.cli.instance import Instance, is_held, running
from web.cli.output import say

ROOT = Path(__file__).resolve().parents[2]
START_PATIENCE = 60.0  # seconds; a cold start reads a lot of Python from a slow disk
STOP_PATIENCE = 15.0
LOG_NAME = "command-server.log"

F = TypeVar("F", bound=Callable[..., Any])


def server_options(function: F) -> F:
    """The options that every command has that speaks with a server."""
    function = click.option("--token", envvar="TASKBEAM_TOKEN", help="API key, where the server asks for one.")(
        function
    )
    return click.option(
        "--url",
        envvar="TASKBEAM_URL",
        help="The server; without it the one running on the data directory, or one of the command's own.",
    )(function)


@contextmanager
def connect(url: str | None, token: str | None) -> Iterator[Client]:
    """A client of the server at `url`, or of this data directory's, started for this block if none runs."""
    if url is not None:
        address = Address(_checked(url))
        yield from _client(lambda: address, token)
        return
    server = _LocalServer(load_settings())
    try:
        yield from _client(server.address, token)
    finally:
        server.stop()


def _client(locate: Callable[[], Address], token: str | None) -> Iterator[Client]:
    client = Client(locate, token)
    try:
        yield client
    finally:
        client.close()


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise click.UsageError(f"{url!r} is no server's address; write it like http://127.0.0.1:5000.")
    return url


class _LocalServer:
    """The data directory's server; a child of this command when no other runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._child: subprocess.Popen[bytes] | None = None
        self._log = settings.data_dir / LOG_NAME

    def address(self) -> Address:
        """Where it listens; starts one if none does (also when the one that ran has gone)."""
        instance = running(self._settings.data_dir) or self._bring_up()
        lasts = self._child is None or instance.pid != self._child.pid
        return Address(instance.url, self._trust(), lasts)

    def stop(self) -> None:
        if self._child is None:
            return
        assert self._child.stdin is not None
        self._child.stdin.close()  # the child stops by itself when its stdin ends, also when this process is killed
        try:
            self._child.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None

    def _bring_up(self) -> Instance:
        """Start a child, unless another command is doing so at this moment: then its server is ours as well."""
        data_dir, was_beaten = self._settings.data_dir, False
        if self._child is not None and self._child.poll() is not None:
            self.stop()  # it served its time, or was beaten by the one that has gone now
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            instance = running(data_dir)
            if instance is not None:
                return instance
            is_taken = is_held(data_dir)
            has_ended = self._child is not None and self._child.poll() is not None
            if has_ended and (is_taken or self._was_overwritten()):
                was_beaten = True
            elif has_ended and not was_beaten:
                raise ConfigurationError(f"The server could not be started: {self._last_words()}")
            elif not is_taken and (has_ended or self._child is None):
                self._start()
                was_beaten = False
            time.sleep(0.05)
        raise UnavailableError(f"The server did not come up within {START_PATIENCE:.0f} s (see {self._log}).")

    def _start(self) -> None:
        self.stop()
        say("No server runs on this data directory: starting one for this command.")
        environment = os.environ | {
            "TASKBEAM_HOST": "127.0.0.1",
            "TASKBEAM_PORT": "0",
            "TASKBEAM_DATA_DIR": str(self._settings.data_dir),
        }
        self._settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(  # noqa: S603 (our own program)
                [sys.executable, str(ROOT / "app.py"), "serve", "--until-stdin-ends"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                **_OWN_GROUP,
            )

    def _was_overwritten(self) -> bool:
        """Whether another command has begun the log anew since our child wrote into it: that one was quicker, and may
        have gone again already.
        """
        words = self._log.read_bytes().strip()
        return not words or b"Taskbeam is on" in words

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("serve: ") if lines else f"it said nothing (see {self._log})."

    def _trust(self) -> ssl.SSLContext | None:
        if self._settings.tls_cert is None:
            return None
        # Our own certificate, by the file: it is made out to the server's public name, not to 127.0.0.1.
        context = ssl.create_default_context(cafile=str(self._settings.tls_cert))
        context.check_hostname = False
        return context


# A Ctrl-C is this command's: the task must be cancelled before its server goes.
_OWN_GROUP: dict[str, Any]
if sys.platform == "win32":
    _OWN_GROUP = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    _OWN_GROUP = {"start_new_session": True}
