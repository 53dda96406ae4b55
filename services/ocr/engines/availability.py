"""Whether an engine can be used here, found out without importing a heavy library or loading a model."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import NamedTuple

from services.ocr.engines import tesseract_program
from services.ocr.models_store import FETCH, easyocr_folder, missing_weights

_RAPIDOCR_MODELS = ("det", "rec", "cls")
_INSTALL_TESSERACT = f"On Debian or Ubuntu: {tesseract_program.INSTALL}"


class Lack(NamedTuple):
    """Why an engine cannot be used, and what to do; as text, both sentences."""

    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.why}. {self.remedy}"


def rapidocr_lacks() -> Lack | None:
    if missing := _missing_modules("rapidocr", "onnxruntime"):
        return Lack(f"rapidocr needs {' and '.join(missing)}", "Run: pip install -r requirements-core.txt")
    names = [path.name for path in (_folder_of("rapidocr") / "models").glob("*.onnx")]
    if all(any(f"_{part}_" in name for name in names) for part in _RAPIDOCR_MODELS):
        return None
    return Lack("rapidocr has no models", "Run: pip install --force-reinstall --no-deps -r requirements-core.txt")


def easyocr_lacks(folder: Path | None = None) -> Lack | None:
    """`folder`: where the weights lie; that of the data directory when not given."""
    if missing := _missing_modules("easyocr", "torch", "torchvision"):
        return Lack(f"easyocr needs {' and '.join(missing)}", "Run: pip install -r requirements.txt")
    folder = folder or easyocr_folder()
    if weights := missing_weights(folder):
        return Lack(
            f"easyocr has no weights ({' and '.join(weights)} in {folder})", f"Where there is a net, run: {FETCH}"
        )
    return None


def tesseract_lacks() -> Lack | None:
    if tesseract_program.find() is None:
        return Lack("The program tesseract is not installed", _INSTALL_TESSERACT)
    if not tesseract_program.languages():
        return Lack("tesseract has no language it could read", _INSTALL_TESSERACT)
    return None


def _missing_modules(*names: str) -> list[str]:
    return [name for name in names if importlib.util.find_spec(name) is None]


def _folder_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent
