"""Which engines there are, which of them can be used here, and each one's single instance in this process."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from services.errors import InvalidInputError, ModelLoadError
from services.ocr.engines import availability
from services.ocr.engines.availability import Lack
from services.ocr.engines.base import Engine
from services.ocr.models_store import easyocr_folder

# Allows the engine of the tests; a server in use never has it.
STUB_VARIABLE = "TASKBEAM_TEST_OCR_STUB"

# {name: (module, class)}; best first, which is the order in which they stand in for each other.
_ENGINES = {
    "rapidocr": ("services.ocr.engines.rapidocr", "RapidOcrEngine"),
    "easyocr": ("services.ocr.engines.easyocr", "EasyOcrEngine"),
    "tesseract": ("services.ocr.engines.tesseract", "TesseractEngine"),
    "stub": ("services.ocr.engines.stub", "StubEngine"),
}
_LACKS: Mapping[str, Callable[[Path | None], Lack | None]] = {
    "rapidocr": lambda _: availability.rapidocr_lacks(),
    "easyocr": lambda data_dir: availability.easyocr_lacks(easyocr_folder(data_dir)),
    "tesseract": lambda _: availability.tesseract_lacks(),
}


def available(data_dir: Path | None = None) -> Mapping[str, str | None]:
    """{engine: None when it can be used, else why not and what to do}, best first. Loads no library and no model.

    `data_dir`: where weights lie; in a worker process its environment says it.
    """
    engines = {name: str(lack) if (lack := lacks(data_dir)) else None for name, lacks in _LACKS.items()}
    return engines | {"stub": None} if _stub_is_allowed() else engines


def engine(name: str) -> Engine:
    """The engine of this process, made at the first call.

    Raises:
        ModelLoadError: it cannot be used here; the message says what to install or fetch.
        InvalidInputError: there is no such engine.
    """
    check(name)
    return _made(name)


def check(name: str) -> None:
    """Raises InvalidInputError when no engine has this name (the stub has none outside tests)."""
    if name not in _ENGINES or (name == "stub" and not _stub_is_allowed()):
        raise InvalidInputError(f"There is no OCR engine {name[:50]!r}. Choose from: {', '.join(_LACKS)}.")


@cache
def _made(name: str) -> Engine:
    module, class_name = _ENGINES[name]
    try:
        made: Engine = getattr(importlib.import_module(module), class_name)()
    except ModelLoadError:
        raise
    except Exception as error:  # whatever a library trips over while it loads, the remedy is the same
        why = available().get(name) or f"The OCR engine {name} cannot be loaded ({error}). Run: python app.py doctor"
        raise ModelLoadError(why) from error
    return made


def _stub_is_allowed() -> bool:
    return os.environ.get(STUB_VARIABLE) == "1"
