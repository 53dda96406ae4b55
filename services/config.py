"""Every setting, read once at the start from the environment (prefix TASKBEAM_) and a `.env` file.

`load_settings` is for entries (command line, worker); tests and fakes build `Settings(...)` themselves, which reads
nothing from outside. An empty variable counts as unset.
"""

from __future__ import annotations

import difflib
import ipaddress
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError, model_validator

from services.cameras.source_spec import AUTO
from services.errors import ConfigurationError
from services.secret_key import key_of
from services.setting_types import (
    AbsolutePath,
    AnyCase,
    CameraList,
    DatabaseUrl,
    Host,
    Origins,
    RateLimit,
    RedisUrl,
    SharedKey,
    cpu_count,
)

logger = logging.getLogger(__name__)

PREFIX = "TASKBEAM_"
ENV_FILE = Path(".env")

# Read by the command line's clients, not by the service.
CLIENT_VARIABLES = frozenset({"TASKBEAM_URL", "TASKBEAM_TOKEN"})
# Variables of the test suite (TASKBEAM_TEST_DATABASE_URL, TASKBEAM_SHARED_DATA): seen by the servers it starts.
_TEST_VARIABLE = re.compile(r"TASKBEAM_(TEST_|SHARED_DATA$)")
_PASSWORD_IN_QUERY = re.compile(r"(?i)([?&][^=&]*pass[^=&]*=)[^&]*")

Origin = Literal["default", "environment", ".env"]


def _setting(default: Any, text: str, *, remedy: str, secret: bool = False, **rules: Any) -> Any:
    """A field whose description is the help line of `config` and whose remedy ends the line of a bad value."""
    return Field(default, description=text, json_schema_extra={"remedy": remedy, "secret": secret}, **rules)


class Settings(BaseModel):
    """What the service was told, immutable and checked. Sizes are in MB (2**20 bytes), times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    host: Host = _setting(
        "127.0.0.1",
        "address to listen on; any but a loopback address requires authentication",
        remedy="Give an address such as 127.0.0.1 or 0.0.0.0.",
    )
    port: int = _setting(
        5000,
        "port to listen on; 0 picks a free one and prints it",
        remedy="Give a whole number from 0 to 65535.",
        ge=0,
        le=65535,
    )
    data_dir: AbsolutePath = _setting(
        Path("var"),
        "where the database, uploads and logs live",
        remedy="Give a directory this user may write to.",
    )
    database_url: DatabaseUrl = _setting(
        "",
        "SQLAlchemy URL; empty: SQLite in the data directory; PostgreSQL is the supported server",
        remedy="Write it like postgresql://user:password@host/name or sqlite:////path/file.db.",
        secret=True,
    )
    redis_url: RedisUrl = _setting(
        "",
        "Redis shared by several servers for rate limits; empty: each server counts for itself",
        remedy="Write it like redis://host:6379/0.",
        secret=True,
    )
    runner: Literal["embedded"] = _setting(
        "embedded",
        "where work is computed; embedded: worker processes of this server",
        remedy="This version has the embedded runner only: leave the variable out or say embedded.",
    )
    workers: int = _setting(
        None,
        "worker processes of the embedded runner; default: one per CPU",
        remedy="Give a whole number from 1 to 256.",
        ge=1,
        le=256,
    )
    max_running_tasks: int = _setting(
        4,
        "tasks that run at the same time; further ones wait in the queue",
        remedy="Give a whole number of at least 1.",
        ge=1,
    )
    task_timeout: float = _setting(
        0,
        "seconds for a whole task; 0: no limit",
        remedy="Give seconds, or 0 for none.",
        ge=0,
        allow_inf_nan=False,
    )
    unit_timeout: float = _setting(
        600,
        "seconds for one unit of a task: a group, a page, a batch of rows",
        remedy="Give seconds above 0.",
        gt=0,
        allow_inf_nan=False,
    )
    event_retention_days: float = _setting(
        30,
        "days after its end for which a task's events are kept; then only the last one is; 0: for ever",
        remedy="Give days, or 0 for ever.",
        ge=0,
        allow_inf_nan=False,
    )
    auth: Annotated[Literal["auto", "off", "required"], AnyCase] = _setting(
        "auto",
        "auto: off on a loopback address, required on any other; or off, or required",
        remedy="Say auto, off or required.",
    )
    secret_key: SecretStr = _setting(
        SecretStr(""),
        "signs sessions; empty: generated once into the data directory",
        remedy="Give at least 32 characters, or leave it out.",
        secret=True,
    )
    cors_origins: Origins = _setting(
        (),
        "comma list of origins allowed beside the server's own; * allows all",
        remedy="Write origins like https://exams.example.org, with commas between them.",
    )
    tls_cert: AbsolutePath | None = _setting(
        None,
        "PEM certificate chain: serve https and wss directly",
        remedy="Give the path of a PEM file.",
    )
    tls_key: AbsolutePath | None = _setting(
        None,
        "PEM private key of that certificate",
        remedy="Give the path of a PEM file.",
    )
    max_upload_mb: float = _setting(
        200,
        "largest upload, in MB",
        remedy="Give a number of MB above 0.",
        gt=0,
        allow_inf_nan=False,
    )
    max_image_mb: float = _setting(
        10,
        "largest single image that is sent to be read at once, in MB",
        remedy="Give a number of MB above 0 and not over 64.",
        gt=0,
        le=64,  # what goes to a worker in one piece
        allow_inf_nan=False,
    )
    ocr_ws_port: int | None = _setting(
        None,
        "serve /ws/ocr on this port, too; 8000 is the one old clients dial; 0 picks a free one and prints it",
        remedy="Give a whole number from 0 to 65535, or leave it out.",
        ge=0,
        le=65535,
    )
    camera_ws_port: int | None = _setting(
        None,
        "serve the raw stream of cameras at / on this port, too; 8765 is the one old clients dial; 0 picks a free one "
        "and prints it",
        remedy="Give a whole number from 0 to 65535, or leave it out.",
        ge=0,
        le=65535,
    )
    ocr_jwe_key: SharedKey = _setting(
        SecretStr(""),
        "key shared with clients for encrypted messages on /ws/ocr; empty: none are accepted",
        remedy="Give 32 random bytes as base64url (43 characters), or leave it out.",
        secret=True,
    )
    ocr_cache_mb: float = _setting(
        200,
        "OCR results kept for the same picture sent again, in MB; 0: none",
        remedy="Give a number of MB, or 0 for none.",
        ge=0,
        allow_inf_nan=False,
    )
    cameras: CameraList = _setting(
        (AUTO,),
        "comma list of [name=]source: an index, /dev/video0, a file, rtsp://, http://… (MJPEG), or test, a pattern "
        "with a clock; auto: camera 0 if there is one, else test",
        remedy="Write it like door=rtsp://10.0.0.7/stream,test.",
    )
    camera_files_dir: AbsolutePath | None = _setting(
        None,
        "folder of the video files that clients may name as a source; empty: cameras in the data directory",
        remedy="Give a directory.",
    )
    camera_recording_mb: float = _setting(
        500,
        "largest recording of a camera, in MB",
        remedy="Give a number of MB above 0.",
        gt=0,
        allow_inf_nan=False,
    )
    camera_recording_seconds: float = _setting(
        3600,
        "longest recording of a camera, in seconds",
        remedy="Give a number of seconds of at least 1.",
        ge=1,
        allow_inf_nan=False,
    )
    camera_private_urls: bool = _setting(
        False,
        "whether clients may name sources at private, loopback and link-local addresses",
        remedy="Say true or false.",
    )
    rate_limit: RateLimit = _setting(
        "6000/minute",
        "requests, and socket messages, of one principal or address",
        remedy="Write it like 100/second or 6000/minute.",
    )
    max_connections: int = _setting(
        5000,
        "live connections in all",
        remedy="Give a whole number of at least 1.",
        ge=1,
    )
    max_connections_per_client: int = _setting(
        50,
        "live connections of one principal or address",
        remedy="Give a whole number of at least 1.",
        ge=1,
    )
    log_format: Annotated[Literal["auto", "text", "json"], AnyCase] = _setting(
        "auto",
        "json: one object per line; text: for people; auto: text on a terminal, json elsewhere",
        remedy="Say auto, text or json.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], AnyCase] = _setting(
        "info",
        "least level that is logged",
        remedy="Say debug, info, warning or error.",
    )

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _count_cpus(cls, values: Any) -> Any:
        return {"workers": cpu_count(), **values} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _check_secret_key(self) -> Self:
        if 0 < len(self.secret_key.get_secret_value()) < 32:
            raise ConfigurationError("TASKBEAM_SECRET_KEY is too short. Give at least 32 characters, or leave it out.")
        return self

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            missing = "TASKBEAM_TLS_KEY" if self.tls_cert else "TASKBEAM_TLS_CERT"
            raise ConfigurationError(f"{missing} is not set: https needs the certificate and its key, both.")
        for variable, path in (("TASKBEAM_TLS_CERT", self.tls_cert), ("TASKBEAM_TLS_KEY", self.tls_key)):
            if path is not None and not os.access(path, os.R_OK):
                raise ConfigurationError(f"{variable}={str(path)!r} cannot be read. Give the path of a PEM file.")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'taskbeam.db'}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server. A host name other than localhost may lead anywhere."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def auth_required(self) -> bool:
        return self.auth == "required" or (self.auth == "auto" and not self.is_loopback)

    @property
    def tls(self) -> tuple[str, str] | None:
        """Paths of certificate chain and key, or None for plain http."""
        return (str(self.tls_cert), str(self.tls_key)) if self.tls_cert and self.tls_key else None

    @property
    def camera_files(self) -> Path:
        return self.camera_files_dir or self.data_dir / "cameras"

    @property
    def max_upload_bytes(self) -> int:
        return int(self.max_upload_mb * 2**20)

    @property
    def max_image_bytes(self) -> int:
        return int(self.max_image_mb * 2**20)

    def signing_key(self) -> str:
        """The secret key, generated into the data directory when none was given.

        Raises:
            ConfigurationError: the key file can neither be read nor written.
        """
        return self.secret_key.get_secret_value() or key_of(self.data_dir)


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read the settings; the environment wins over the `.env` file.

    Args:
        environ: in place of the process's environment; the working directory's `.env` is then not read either.
        env_file: the `.env` file to read.

    Raises:
        ConfigurationError: one line that names the variable, its value (masked when secret) and the remedy.
    """
    if environ is None:
        environ, env_file = os.environ, env_file or ENV_FILE
    given = _given(environ, env_file)
    _warn_of_unknown(given)
    known = {field: given[variable] for field, variable in _variables().items() if variable in given}
    try:
        settings = Settings(**{field: value for field, (value, _) in known.items()})
    except ValidationError as error:
        raise ConfigurationError(_line(error, known)) from None
    settings._origins.update({field: origin for field, (_, origin) in known.items()})
    return settings


class SettingLine(NamedTuple):
    """One row of `config`: the variable, its value (masked when secret), where it came from, its help line."""

    name: str
    value: str
    origin: Origin
    help: str


def describe(settings: Settings) -> list[SettingLine]:
    """Every setting in the order of the class, as `config` prints them."""
    return [
        SettingLine(
            variable,
            _shown(field, getattr(settings, field)),
            settings._origins.get(field, "default"),
            Settings.model_fields[field].description or "",
        )
        for field, variable in _variables().items()
    ]


def _variables() -> dict[str, str]:
    """{field: variable}, in the order of the class."""
    return {field: f"{PREFIX}{field.upper()}" for field in Settings.model_fields}


def _given(environ: Mapping[str, str], env_file: Path | None) -> dict[str, tuple[str, Origin]]:
    """{variable: (value, origin)} of every non-empty TASKBEAM_ variable."""
    given: dict[str, tuple[str, Origin]] = {}
    # Without interpolation: a password with a dollar sign means what it says.
    file_values = dotenv_values(env_file, interpolate=False) if env_file else {}
    given.update({name: (value, ".env") for name, value in file_values.items() if value})
    given.update({name: (value, "environment") for name, value in environ.items() if value})
    return {name: pair for name, pair in given.items() if name.startswith(PREFIX)}


def _warn_of_unknown(given: Mapping[str, object]) -> None:
    known = set(_variables().values())
    for name in sorted(set(given) - known - CLIENT_VARIABLES):
        if _TEST_VARIABLE.match(name):
            continue
        likely = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        logger.warning("%s is not a setting of this version.%s", name, f" Did you mean {likely[0]}?" if likely else "")


def _line(error: ValidationError, known: Mapping[str, tuple[str, Origin]]) -> str:
    first = error.errors()[0]
    field = str(first["loc"][0])
    value, origin = known.get(field, ("", "default"))
    reason = first["msg"].removeprefix("Value error, ")
    remedy = _extra(field)["remedy"]
    return f"{PREFIX}{field.upper()}={_shown(field, value)!r} (from {origin}) cannot be used: {reason}. {remedy}"


def _shown(field: str, value: object) -> str:
    text = _text(value)
    if "://" not in text:
        return "***" if text and _extra(field)["secret"] else text
    text = re.sub(r"(?<=://)([^:/?#]*):(.*)@", r"\1:***@", text)
    return _PASSWORD_IN_QUERY.sub(r"\1***", text)


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _extra(field: str) -> dict[str, Any]:
    extra = Settings.model_fields[field].json_schema_extra
    assert isinstance(extra, dict)
    return extra
