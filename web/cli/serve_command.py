"""`serve`: one process, one port, until it is told to stop."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
import eventlet
from eventlet import tpool
from flask import Flask

from services.bootstrap import Services, build_services
from services.config import Settings, load_settings
from services.log import configure_logging
from web.cli.instance import announce, sole_server
from web.cli.schema import open_database
from web.dashboard_files import DashboardFiles
from web.extensions import say_goodbye
from web.factory import create_app
from web.transport.server import listen, serve
from web.transport.stop import StopEvent
from web.websockets import CAMERA_PATH, OCR_PATH
from web.websockets.port import only

logger = logging.getLogger(__name__)


@click.command("serve")
@click.option("--until-stdin-ends", is_flag=True, hidden=True, help="Stop when the process that started us is gone.")
def command(until_stdin_ends: bool) -> None:
    """Serve REST, Socket.IO and the first page until SIGTERM or Ctrl-C."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    stop = StopEvent()
    stop.on_signals()
    if until_stdin_ends:
        threading.Thread(target=_stop_at_end_of_stdin, args=(stop,), daemon=True).start()
    with sole_server(settings.data_dir):
        _serve(settings, stop)
    logger.info("stopped")


def _serve(settings: Settings, stop: StopEvent) -> None:
    listener = listen(settings.host, settings.port)
    extra = _listen_for_old_clients(settings)
    with open_database(settings):
        pass  # its schema fits: nothing below meets tables that are not there
    services = build_services(settings, offload=tpool.execute)
    try:
        _warn_of_open_doors(services)
        app = create_app(services)
        app.secret_key = settings.signing_key()
        services.start()
        url = _url(settings, listener.getsockname()[1])
        announce(settings.data_dir, url)
        click.echo(f"Taskbeam is on {url}")
        if not DashboardFiles().is_built:
            click.echo(
                "The dashboard is not built: / is a simple first page. `make run` builds it, with Node 20 or newer."
            )
        limits: dict[str, Any] = {"tls": settings.tls, "max_connections": settings.max_connections, "stop": stop}
        with _served(extra, settings, app, listener.getsockname()[1], limits):
            serve(listener, app, on_stop=partial(say_goodbye, app), **limits)
    finally:
        services.close()


@dataclass(frozen=True, slots=True)
class _ExtraPort:
    """A raw WebSocket of `path` on a port of its own, where clients find it at `at`."""

    listener: Any
    path: str
    at: str


def _listen_for_old_clients(settings: Settings) -> list[_ExtraPort]:
    asked = (
        (settings.ocr_ws_port, "TASKBEAM_OCR_WS_PORT", OCR_PATH, OCR_PATH),
        (settings.camera_ws_port, "TASKBEAM_CAMERA_WS_PORT", CAMERA_PATH, "/"),
    )
    return [
        _ExtraPort(listen(settings.host, port, name), path, at) for port, name, path, at in asked if port is not None
    ]


@contextmanager
def _served(
    ports: Sequence[_ExtraPort], settings: Settings, app: Flask, main_port: int, limits: Mapping[str, Any]
) -> Iterator[None]:
    """The goodbye of the main port holds for the clients of these, too."""
    servers = []
    for port in ports:
        click.echo(f"{port.path} is also on {_url(settings, port.listener.getsockname()[1])}{port.at}")
        served = only(port.path, app, main_port, at=port.at)
        servers.append(eventlet.spawn(serve, port.listener, served, **limits))
    yield
    for server in servers:
        server.wait()


def _url(settings: Settings, port: int) -> str:
    """The address as this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 (compared, not bound)
    scheme = "https" if settings.tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _warn_of_open_doors(services: Services) -> None:
    settings = services.settings
    if not settings.is_loopback and not settings.auth_required:
        logger.warning(
            "TASKBEAM_AUTH=off: everybody who reaches %s may do everything here. "
            "Leave TASKBEAM_AUTH out to have API keys asked for.",
            settings.host,
        )
    if settings.auth_required and all(key.revoked_at is not None for key in services.auth.keys.list()):
        logger.warning(
            "An API key is required, and there is none yet. Make one: python app.py keys create --name me --scope admin"
        )


def _stop_at_end_of_stdin(stop: StopEvent) -> None:
    """The end of the pipe comes however the process at its other end ends."""
    descriptor = sys.stdin.fileno()
    if sys.platform != "win32":
        os.set_blocking(descriptor, False)  # so that only this reader waits, and not the hub with it
    with suppress(OSError):
        while os.read(descriptor, 1024):
            pass
    stop.set()
