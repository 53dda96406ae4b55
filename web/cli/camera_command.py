"""`camera`: watch a camera from the shell: its rate and the age of its pictures, and the pictures themselves."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import click

from services.cameras.frames import FPS, QUALITY, WIDTH
from services.errors import UnavailableError
from web.cli.camera_sinks import CODECS, Clip, Folder, Sink
from web.cli.camera_stream import Picture, pictures
from web.cli.camera_tally import Tally
from web.cli.client import Client
from web.cli.local import connect, server_options
from web.cli.output import json_option, say

_STREAM_URL = re.compile(r"(?P<server>https?://.+)/api/cameras/(?P<id>\d+)/stream\.mjpg(?:\?(?P<query>.*))?")


def _clip_path(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in CODECS:
        raise click.BadParameter(f"{path.name} should end in {', '.join(CODECS)}.")
    return path


@click.command("camera")
@click.argument("address", metavar="[URL]", required=False)
@click.option("--camera", "key", help="Id or name. [default: the first]")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="Stop after so long. [default: at Ctrl-C]")
@click.option("--save", type=click.Path(file_okay=False, path_type=Path), help="Save every picture into this folder.")
@click.option(
    "--clip",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_clip_path,
    help=f"Write a clip: {', '.join(CODECS)}. MP4 is lost when it is not ended properly.",
)
@click.option("--fps", type=click.FloatRange(*FPS), help="Frames a second, at most.")
@click.option("--quality", type=click.IntRange(*QUALITY), help="Of the JPEGs.")
@click.option("--width", type=click.IntRange(*WIDTH), help="Pixels; never enlarged.")
@server_options
@json_option
def command(
    *,
    address: str | None,
    key: str | None,
    seconds: float | None,
    save: Path | None,
    clip: Path | None,
    url: str | None,
    token: str | None,
    as_json: bool,
    **wish: Any,
) -> None:
    """Watch a camera, and print once a second how many frames come and how old they are.

    URL is a server, or a stream of one (…/api/cameras/1/stream.mjpg).
    """
    if address is not None:
        stream = _STREAM_URL.fullmatch(address)
        url, key = (stream["server"], stream["id"]) if stream else (address, key)
        wish = _asked_in(stream["query"]) | _given(wish) if stream else wish
    with connect(url, token) as client, ExitStack() as closing:
        camera = _find(client, key)
        sinks: list[Sink] = [Folder(save)] if save else []
        if clip:
            sinks.append(Clip(clip, float(wish.get("fps") or camera["fps"])))
        for sink in sinks:
            closing.callback(sink.close)
        _watch(client, camera, wish, sinks, seconds, as_json=as_json)


def _find(client: Client, key: str | None) -> dict[str, Any]:
    cameras: list[dict[str, Any]] = client.get("/api/cameras", limit=500)["data"]
    wanted = [camera for camera in cameras if key in (None, camera["name"], str(camera["id"]))]
    if not wanted:
        known = ", ".join(f"{camera['id']} ({camera['name']})" for camera in cameras) or "none"
        raise click.UsageError(f"There is no such camera. Those there are: {known}.")
    return wanted[0]


def _asked_in(query: str | None) -> dict[str, Any]:
    """What a stream's URL says; the server refuses what cannot be had."""
    return dict(parse_qsl(query or ""))


def _given(wish: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wish.items() if value is not None}


def _watch(
    client: Client,
    camera: dict[str, Any],
    wish: dict[str, Any],
    sinks: Sequence[Sink],
    seconds: float | None,
    *,
    as_json: bool,
) -> None:
    query = urlencode(_given(wish))
    if not as_json:
        say(f"Camera {camera['id']}, {camera['name']}. Ctrl-C ends it.")
    path = f"/api/cameras/{camera['id']}/stream.mjpg?{query}"
    with _stream(client, path, seconds) as stream, _told_each_second(as_json=as_json) as tally:
        for picture in stream:
            tally.count(picture)
            for sink in sinks:
                sink.take(picture)
    if not as_json:
        say(tally.summary())


@contextmanager
def _stream(client: Client, path: str, seconds: float | None) -> Iterator[Iterator[Picture]]:
    """Ends quietly after `seconds`, also while no picture comes; otherwise only by an error."""
    with client.open(path) as response:
        over = threading.Event()
        sock = socket.socket(fileno=socket.dup(response.fileno()))

        def end() -> None:
            over.set()
            sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds or 0.0, end)
        if seconds is not None:
            timer.start()
        try:
            yield _until(over, pictures(response))
        finally:
            timer.cancel()
            sock.close()
            client.close()


def _until(over: threading.Event, stream: Iterator[Picture]) -> Iterator[Picture]:
    try:
        yield from stream
    except UnavailableError:
        if not over.is_set():
            raise
    if not over.is_set():
        raise UnavailableError("The stream has ended: the camera was deleted, or the server stopped.")


@contextmanager
def _told_each_second(*, as_json: bool) -> Iterator[Tally]:
    """From a thread, so that a camera that gives nothing is told of, too."""
    tally, done = Tally(), threading.Event()

    def tell() -> None:
        next_time = time.monotonic() + 1.0
        while not done.wait(max(0.0, next_time - time.monotonic())):
            next_time += 1.0
            figures = tally.take()
            click.echo(json.dumps(figures.as_json()) if as_json else figures.line())

    thread = threading.Thread(target=tell, name="figures")
    thread.start()
    try:
        yield tally
    finally:
        done.set()
        thread.join()
