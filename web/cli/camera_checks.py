"""What `doctor` looks at for cameras: whether each configured one gives a picture."""

from __future__ import annotations

import os
from collections.abc import Iterator

from services.cameras.source_spec import AUTO, FIRST_DEVICE, masked, parse, split_name
from services.config import Settings
from services.errors import TaskbeamError
from services.runners.worker_pool import WorkerPool
from web.cli.finding import Finding
from web.cli.instance import running

OPEN_TIMEOUT = 20.0  # seconds; OpenCV is slow to load, and network cameras to answer
_REMEDY = "Plug it in or correct TASKBEAM_CAMERAS; a device may be in use by another program, or not be this user's."


def cameras(settings: Settings) -> Iterator[Finding]:
    """One of each camera; a note where there is none."""
    listed = [text for text in settings.cameras if text != AUTO]
    if AUTO in settings.cameras and os.access(FIRST_DEVICE, os.R_OK | os.W_OK):
        listed.insert(0, "0")
    if not listed:
        yield _none(settings)
        return
    pool = WorkerPool(1)
    try:
        pool.start()
        for text in listed:
            yield _camera(text, settings, pool)
    finally:
        pool.close()


def _none(settings: Settings) -> Finding:
    detail = "none is attached; a test pattern stands for it" if AUTO in settings.cameras else "none is configured"
    return Finding("cameras", "note", detail, "To have one, plug it in, or name its source in TASKBEAM_CAMERAS.")


def _camera(text: str, settings: Settings, pool: WorkerPool) -> Finding:
    name, source = split_name(text)
    check = f"camera {name or masked(source)}"
    if parse(source).kind == "device" and running(settings.data_dir) is not None:
        return Finding(check, "ok", "not opened here: the server that runs may have it")
    try:
        seen = pool.run("web.cli.worker_check:open_camera", {"source": source}, timeout=OPEN_TIMEOUT).value
    except TaskbeamError as error:
        return Finding(check, "warn", error.message, _REMEDY)
    return Finding(check, "ok", f"gives {seen['width']} x {seen['height']} pixels")
