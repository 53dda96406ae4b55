"""Reading what a request carries: JSON as strict bytes, multipart straight to disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import orjson
from flask import Request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.formparser import MultiPartParser
from werkzeug.wsgi import get_input_stream

from services.errors import FieldProblem, InvalidInputError, TooLargeError, UnavailableError, UnsupportedFormatError
from services.file_names import shown_name

MAX_JSON_BYTES = 2 * 2**20

_BUFFER = 64 * 2**10  # bytes read at once
_MAX_TEXT_BYTES = 256 * 2**10  # one text field; also what the parser may hold unparsed, so more than two buffers
_MAX_TEXT_FIELDS = 20
_FORM_OVERHEAD = 2**20  # text fields, boundaries and part headers beside the file
_YIELD_EVERY = 2**20  # bytes: an upload that is always readable must let others run

_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file of a client, on our disk; `file_name` is only ever shown, `sha256` is hex."""

    path: Path
    file_name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileField:
    """Where a form has its files: the field's name, what else clients may call it, and how many it takes."""

    name: str = "file"
    aliases: tuple[str, ...] = ()
    most: int = 1
    least: int = 1

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.name, *self.aliases})

    def refusal(self) -> InvalidInputError:
        few = "at most" if self.least == 0 else "exactly"
        count = f"{few} one file" if self.most == 1 else f"{self.least} to {self.most} files"
        message = f"Send {count}, in the field {self.name!r}."
        return InvalidInputError(message, [FieldProblem(self.name, message)])


ONE_FILE = FileField()
ONE_FILE_OR_NONE = FileField(least=0)


@dataclass(frozen=True, slots=True)
class Form:
    fields: dict[str, str]
    files: tuple[ReceivedFile, ...]


def read_json(request: Request, limit: int = MAX_JSON_BYTES) -> bytes:
    """The body as JSON that any parser agrees on: UTF-8, no NaN, no lone surrogates, nested at most 250 deep.

    Raises:
        UnsupportedFormatError: it is not declared as JSON.
        TooLargeError: it is longer than `limit` bytes.
        InvalidInputError: it is no JSON.
    """
    if request.mimetype != "application/json":
        raise UnsupportedFormatError("This call takes JSON: send it with Content-Type: application/json.")
    body = read_bytes(request, limit)
    try:
        # Written back: a number beyond 64 bits is a float from here on, and the bytes have one meaning.
        return orjson.dumps(orjson.loads(body))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        detail = f"The body is not JSON: {error}."
        raise InvalidInputError(detail, [FieldProblem("", detail)]) from error


def read_bytes(request: Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise TooLargeError(f"A body may have {limit:,} bytes.")
    try:
        # One byte beyond tells a body that is too long from one that fits exactly (chunked bodies say no length).
        body = get_input_stream(request.environ).read(limit + 1)
    except (ValueError, OSError) as error:
        raise BadRequest("The body ended before it was complete.") from error
    if len(body) > limit:
        raise TooLargeError(f"A body may have {limit:,} bytes.")
    return body


def read_form(request: Request, directory: Path, max_bytes: int, file_field: FileField = ONE_FILE) -> Form:
    """A multipart body of text fields and files, which are written to `directory` while they arrive.

    Raises:
        UnsupportedFormatError: it is not multipart.
        TooLargeError: the files together are larger than `max_bytes`, or a text field is longer than 256 KB.
        InvalidInputError: the body is broken, or it has no file, too many, or one in another field.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedFormatError(f"This call takes multipart/form-data with a field {file_field.name!r}.")
    limit = max_bytes + _FORM_OVERHEAD
    if (request.content_length or 0) > limit:
        raise _too_large(max_bytes)
    sink = _Sink(directory, max_bytes, file_field)
    try:
        fields = _parse(request, sink, limit)
        return Form(fields, sink.received())
    except BaseException:
        sink.discard()
        raise


def _parse(request: Request, sink: _Sink, limit: int) -> dict[str, str]:
    parser = MultiPartParser(
        stream_factory=sink.open, max_form_memory_size=_MAX_TEXT_BYTES,
        max_form_parts=_MAX_TEXT_FIELDS + sink.field.most, buffer_size=_BUFFER,
    )  # fmt: skip
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary or not boundary.isascii():
        raise InvalidInputError("The multipart body has no boundary.")
    stream = get_input_stream(request.environ, max_content_length=limit)
    try:
        fields, files = parser.parse(stream, boundary.encode(), request.content_length)
    except (ValueError, OSError) as error:
        raise InvalidInputError("The multipart body is broken.") from error
    except HTTPException as error:
        if error.code == 413:
            raise TooLargeError("The form has too many or too long fields.") from error
        raise
    sink.check_names([str(name) for name in files])
    return _unique(list(fields.items(multi=True)))


def _unique(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise InvalidInputError(
            "A field is given more than once.", [FieldProblem(name, "It is given more than once.") for name in repeated]
        )
    return fields


class _Sink:
    """Where the parser writes files to; knows them all, so that none outlives a refused request."""

    def __init__(self, directory: Path, max_bytes: int, field: FileField) -> None:
        self.field = field
        self._directory, self._budget = directory, _Budget(max_bytes)
        self._files: list[_FileOnDisk] = []
        self._names: list[str] = []

    def open(
        self,
        total_content_length: int | None,  # noqa: ARG002 (the parser's signature)
        content_type: str | None,  # noqa: ARG002
        filename: str | None,
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        self._directory.mkdir(parents=True, exist_ok=True)
        if len(self._files) == self.field.most:
            raise self.field.refusal()
        file = _FileOnDisk(self._directory, filename or "", self._budget)
        self._files.append(file)
        return cast("IO[bytes]", file)

    def check_names(self, names: list[str]) -> None:
        self._names = names

    def received(self) -> tuple[ReceivedFile, ...]:
        for file in self._files:
            file.close()
        if len(self._files) < self.field.least or not set(self._names) <= self.field.names:
            raise self.field.refusal()
        return tuple(file.received() for file in self._files)

    def discard(self) -> None:
        for file in self._files:
            file.close()
            file.path.unlink(missing_ok=True)


class _Budget:
    """Bytes that all files of a form may have together."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0

    def take(self, size: int) -> None:
        self._taken += size
        if self._taken > self._most:
            raise _too_large(self._most)


class _FileOnDisk:
    """The little of a file that the parser uses: it hashes, counts and lets others run while it writes."""

    def __init__(self, directory: Path, file_name: str, budget: _Budget) -> None:
        handle, path = tempfile.mkstemp(dir=directory, suffix=_UNFINISHED)
        self._file = os.fdopen(handle, "wb")
        self.path = Path(path)
        self._file_name, self._budget = file_name, budget
        self._size, self._since_yield = 0, 0
        self._hash = hashlib.sha256()

    def write(self, data: bytes | bytearray) -> int:
        self._budget.take(len(data))
        self._size += len(data)
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise UnavailableError(f"The file cannot be kept: {error.strerror}.") from error
        self._since_yield += len(data)
        if self._since_yield >= _YIELD_EVERY:
            self._since_yield = 0
            time.sleep(0)
        return len(data)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        return 0  # the parser rewinds what it wrote; nobody reads it here

    def close(self) -> None:
        self._file.close()

    def received(self) -> ReceivedFile:
        self.path = self.path.rename(self.path.with_suffix(".upload"))
        return ReceivedFile(self.path, shown_name(self._file_name), self._size, self._hash.hexdigest())


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"An upload may have {limit / 2**20:,.0f} MB (TASKBEAM_MAX_UPLOAD_MB).")


def discard_unfinished(directory: Path) -> None:
    """Remove what uploads left that a dying server cut off; only for the one server of this directory, at its start."""
    for path in directory.glob(f"*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def fingerprint(*parts: bytes) -> str:
    """SHA-256, hex; parts are told apart by their lengths."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
