"""What `doctor` looks at; each check says how things are and, when they are not well, how to mend them."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from models.schema import schema_state
from models.session import Database
from services.auth import ApiKeys
from services.config import Settings
from services.errors import TaskbeamError, UnavailableError
from services.runners.worker_pool import WorkerPool
from web.cli import camera_checks, ocr_checks
from web.cli.finding import Finding
from web.cli.instance import running
from web.cli.schema import reaching

LITTLE_SPACE, NO_SPACE = 2 * 2**30, 200 * 2**20  # bytes
MOST_SKEW = 2.0  # seconds between our clock and that of the database or the disk
REDIS_TIMEOUT = 3.0
WORKER_TIMEOUT = 30.0


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in an order in which an earlier one may explain a later one."""
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("data directory", _data_directory),
        ("disk space", _disk_space),
        ("database", _database),
        ("clock", _clock),
        ("redis", _redis),
        ("port", _port),
        ("access", _access),
        ("worker process", _worker),
        *ocr_checks.CHECKS,
    )
    for name, check in checks:
        try:
            yield check(settings)
        except UnavailableError:
            yield Finding(name, "warn", "cannot be told while the database does not answer", "Mend the database first.")
        except TaskbeamError as error:
            yield Finding(name, "fail", error.message, "See the setting it names, and: python app.py config")
    yield from camera_checks.cameras(settings)


def _data_directory(settings: Settings) -> Finding:
    name, path = "data directory", settings.data_dir
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"doctor")
    except OSError as error:
        remedy = "Make it writable for this user, or set TASKBEAM_DATA_DIR to another directory."
        return Finding(name, "fail", f"{path} cannot be written: {error.strerror}", remedy)
    return Finding(name, "ok", f"{path} is writable")


def _disk_space(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing(settings.data_dir)).free
    detail = f"{free / 2**30:.1f} GB free"
    if free >= LITTLE_SPACE:
        return Finding("disk space", "ok", detail)
    remedy = "Make room, or set TASKBEAM_DATA_DIR to a directory on a larger disk."
    return Finding("disk space", "fail" if free < NO_SPACE else "warn", detail, remedy)


def _existing(path: Path) -> Path:
    return next(part for part in (path, *path.parents) if part.exists())


def _database(settings: Settings) -> Finding:
    name, database = "database", Database(settings.sqlalchemy_url)
    shown = database.url.render_as_string(hide_password=True)
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return Finding(name, "ok", f"{shown} will be made at the first start")
    try:
        with reaching(database):
            state = schema_state(database)
    except UnavailableError as error:
        return Finding(name, "fail", error.message, "Start the database, or correct TASKBEAM_DATABASE_URL.")
    finally:
        database.close()
    if state.is_current:
        return Finding(name, "ok", f"{shown} is at the newest revision, {state.head}")
    detail = f"{shown} is at revision {state.current or '(empty)'}, this version needs {state.head}"
    return Finding(name, "warn" if database.is_sqlite else "fail", detail, "Run: python app.py migrate")


def _clock(settings: Settings) -> Finding:
    """Leases and times of several servers only agree when their clocks do."""
    source, theirs, ours = _other_clock(settings)
    skew = abs(theirs - ours)
    detail = f"{skew:.1f} s from that of {source}"
    if skew <= MOST_SKEW:
        return Finding("clock", "ok", detail)
    return Finding("clock", "warn", detail, "Let both machines set their clocks by NTP.")


def _other_clock(settings: Settings) -> tuple[str, float, float]:
    """(whose clock, its time, the time here at that moment), in Unix seconds."""
    database = Database(settings.sqlalchemy_url)
    try:
        if database.is_sqlite:
            with tempfile.NamedTemporaryFile(dir=_existing(settings.data_dir)) as file:
                return "the disk", os.fstat(file.fileno()).st_mtime, time.time()
        with reaching(database), database.reader() as session:
            theirs = session.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
            return "the database", float(theirs or 0), time.time()
    except OSError as error:
        raise TaskbeamError(f"No clock to compare with: {error.strerror}") from error
    finally:
        database.close()


def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("redis", "ok", "not used (TASKBEAM_REDIS_URL is empty)")
    try:
        client = Redis.from_url(settings.redis_url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
        with client:
            client.ping()
    except (RedisError, ValueError) as error:
        return Finding("redis", "fail", f"no answer: {error}", "Start Redis, or correct TASKBEAM_REDIS_URL.")
    return Finding("redis", "ok", "answers")


def _port(settings: Settings) -> Finding:
    where = f"{settings.host} port {settings.port}"
    instance = running(settings.data_dir)
    if instance is not None:
        return Finding("port", "ok", f"the server of this data directory listens on {instance.url}")
    if settings.port == 0:
        return Finding("port", "ok", "any free one is taken at the start")
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            if sys.platform != "win32":  # there it would let two servers have one port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        remedy = "Stop the program that has it, or set TASKBEAM_PORT (0: any free one)."
        return Finding("port", "fail", f"{where} cannot be had: {error.strerror}", remedy)
    return Finding("port", "ok", f"{where} is free")


def _access(settings: Settings) -> Finding:
    if not settings.auth_required:
        if settings.is_loopback:
            return Finding("access", "ok", "open to this machine only; no keys needed")
        remedy = "Unless something before it asks who comes, leave TASKBEAM_AUTH out and make keys."
        return Finding("access", "warn", f"{settings.host} is open to everybody (TASKBEAM_AUTH=off)", remedy)
    keys = _usable_keys(settings)
    if keys:
        return Finding("access", "ok", f"by API key; {keys} in use")
    remedy = "Run: python app.py keys create --name me --scope admin"
    return Finding("access", "warn", "an API key is required, and there is none yet", remedy)


def _usable_keys(settings: Settings) -> int:
    database = Database(settings.sqlalchemy_url)
    try:
        with reaching(database):
            if not schema_state(database).is_current:
                return 0
            return sum(key.revoked_at is None for key in ApiKeys(database).list())
    finally:
        database.close()


def _worker(_settings: Settings) -> Finding:
    """Starts a real one and lets it answer."""
    pool = WorkerPool(1)
    began = time.monotonic()
    try:
        pool.start()
        pool.run("web.cli.worker_check:answer", {"echo": 1}, timeout=WORKER_TIMEOUT)
    except TaskbeamError as error:
        remedy = "The log above says why; a missing package means: pip install -r requirements-core.txt"
        return Finding("worker process", "fail", error.message, remedy)
    finally:
        pool.close()
    return Finding("worker process", "ok", f"started and answered in {time.monotonic() - began:.1f} s")
