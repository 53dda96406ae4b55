"""What `doctor` looks at for OCR: whether each engine can be used, and truly loads in a worker process."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.config import Settings
from services.errors import TaskbeamError
from services.ocr.engines import availability, tesseract_program
from services.ocr.engines.availability import Lack
from services.ocr.models_store import FETCH, easyocr_folder, worker_environment
from services.runners.worker_pool import WorkerPool
from web.cli.finding import Finding, State

LOAD_TIMEOUT = 120.0  # seconds; PyTorch from a cold disk takes long
_WANTED_LANGUAGES = {"chi_sim", "eng"}


def rapidocr(settings: Settings) -> Finding:
    """The one that is needed: it reads whatever does not ask for another."""
    remedy = "Run: pip install --force-reinstall -r requirements-core.txt"
    return _finding("rapidocr", availability.rapidocr_lacks(), settings, "fail", remedy)


def easyocr(settings: Settings) -> Finding:
    lack = availability.easyocr_lacks(easyocr_folder(settings.data_dir))
    return _finding("easyocr", lack, settings, "note", f"Where there is a net, run: {FETCH}")


def tesseract(settings: Settings) -> Finding:
    found = _finding("tesseract", availability.tesseract_lacks(), settings, "note", f"Run: {tesseract_program.INSTALL}")
    missing = sorted(_WANTED_LANGUAGES - set(tesseract_program.languages()))
    if found.state != "ok" or not missing:
        return found
    return Finding(
        found.check, "note", f"{found.detail}, without {' and '.join(missing)}", f"Run: {tesseract_program.INSTALL}"
    )


CHECKS: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
    ("OCR engine rapidocr", rapidocr),
    ("OCR engine easyocr", easyocr),
    ("OCR engine tesseract", tesseract),
)


def _finding(engine: str, lack: Lack | None, settings: Settings, state: State, remedy: str) -> Finding:
    """`state`: that of an engine which cannot be used; `remedy`: when it is all there and does not load."""
    check = f"OCR engine {engine}"
    if lack is not None:
        return Finding(check, state, lack.why, lack.remedy)
    began = time.monotonic()
    try:
        version = _loaded(engine, settings)
    except TaskbeamError as error:
        return Finding(check, state, error.message, remedy)
    return Finding(check, "ok", f"{version}, loaded in {time.monotonic() - began:.1f} s")


def _loaded(engine: str, settings: Settings) -> str:
    """Its version, once it has loaded where it will work."""
    pool = WorkerPool(1, environment=worker_environment(settings.data_dir))
    try:
        pool.start()
        reply = pool.run("web.cli.worker_check:load_engine", {"engine": engine}, timeout=LOAD_TIMEOUT)
    finally:
        pool.close()
    return str(reply.value["version"])
