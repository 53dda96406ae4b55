"""Work on hostile input in a process of its own, with an end to its time and memory.

A PDF of a few hundred bytes can keep a renderer busy for days or have it ask for all memory there is, and a renderer
that is refused memory aborts. In a forked process this costs one page and not the worker with its loaded models; the
fork takes some 10 ms. Where processes cannot be forked (Windows) the work is done in this one, and the worker's own
time limit is the only end.
"""

from __future__ import annotations

import ctypes
import faulthandler
import mmap
import os
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import orjson

from services.errors import (
    EncryptedDocumentError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
    TaskbeamError,
)

CPU_SECONDS = 20
MEMORY_BYTES = 3 << 29  # above what the process had when it was forked: 1.5 GB

Answer = Mapping[str, Any]  # JSON
Work = Callable[[mmap.mmap | None], Answer]

_ERRORS: Mapping[str, Callable[[str], TaskbeamError]] = {
    InvalidImageError.code: InvalidImageError,
    ImageTooLargeError.code: ImageTooLargeError,
    ImageTooSmallError.code: ImageTooSmallError,
    EncryptedDocumentError.code: lambda _: EncryptedDocumentError(),
}
_PR_SET_PDEATHSIG = 1


def isolated(work: Work, buffer: mmap.mmap | None = None) -> Answer:
    """What `work(buffer)` answers; `buffer` is shared memory (an anonymous mmap) for what is too large for JSON.

    Raises:
        TaskbeamError: as `work` raised it, if it is one of the errors of reading a document.
        ImageTooLargeError: it needed more than CPU_SECONDS or MEMORY_BYTES.
        InvalidImageError: it crashed.
    """
    if not hasattr(os, "fork"):
        return work(buffer)
    reader, writer = os.pipe()
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of threads: the child runs none and takes no lock of theirs
        child = os.fork()
    if child == 0:
        _serve(work, buffer, writer, parent)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            said = pipe.read()
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) == 0:
        return _answer(orjson.loads(said))
    raise _end(os.waitstatus_to_exitcode(status))


def _answer(said: Mapping[str, Any]) -> Answer:
    if "code" in said:
        raise _ERRORS.get(said["code"], InvalidImageError)(said["message"])
    answer: Answer = said["answer"]
    return answer


def _end(exit_status: int) -> TaskbeamError:
    if exit_status in {-signal.SIGXCPU, -signal.SIGKILL}:
        return ImageTooLargeError(
            f"The page was not drawn within {CPU_SECONDS} s. Print the document to a new, simpler PDF and send that."
        )
    if exit_status in {
        -signal.SIGABRT,
        -signal.SIGTRAP,
        -signal.SIGILL,
    }:  # what an allocator does that is refused memory
        return ImageTooLargeError("The PDF needs too much memory. Save it with smaller pictures.")
    return InvalidImageError("The PDF is damaged. Open it in a viewer, save it anew and send that.")


def _serve(work: Work, buffer: mmap.mmap | None, writer: int, parent: int) -> NoReturn:
    """The child's whole life. Nothing of the parent's (atexit, buffers, threads) may run or be flushed here."""
    status = 1
    try:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(orjson.dumps(_said(work, buffer, parent)))
        status = 0
    finally:
        os._exit(status)


def _said(work: Work, buffer: mmap.mmap | None, parent: int) -> Answer:
    try:
        _confine(parent)
        return {"answer": work(buffer)}
    except TaskbeamError as problem:
        return {"code": problem.code, "message": problem.message.encode("utf-8", "replace").decode()}
    except MemoryError:
        return {"code": ImageTooLargeError.code, "message": _end(-signal.SIGABRT).message}
    except Exception as problem:  # noqa: BLE001  # our own faults are told, too, not swallowed
        return {"code": InvalidImageError.code, "message": f"The PDF cannot be read ({problem!r:.200})."}


def _confine(parent: int) -> None:
    import resource  # noqa: PLC0415  # not on Windows

    faulthandler.disable()  # a crash here is an answer, not news

    def limit(what: int, value: int) -> None:
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))

    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, CPU_SECONDS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # a few calls less after a fork
            now = int(file.read().split()[0]) * mmap.PAGESIZE
        limit(resource.RLIMIT_AS, now + MEMORY_BYTES)
