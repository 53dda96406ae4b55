"""Where weights lie that do not come with their package, and how they get there.

<data directory>/models/easyocr/craft_mlt_25k.pth zh_sim_g2.pth
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import runpy
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from services.errors import ModelLoadError

FETCH = "python app.py doctor --fetch-models"
DATA_DIR_VARIABLE = "TASKBEAM_DATA_DIR"

# EasyOCR's detector and its recogniser of simplified Chinese and English, as EasyOCR itself names them.
_DETECTOR, _RECOGNIZER = "craft", "zh_sim_g2"
EASYOCR_WEIGHTS = ("craft_mlt_25k.pth", "zh_sim_g2.pth")

_TIMEOUT = 10.0  # seconds without a byte
_LARGEST = 500 * 2**20  # bytes of a file of weights; those there are have about 80 MB


class Weights(NamedTuple):
    file_name: str
    url: str  # of a zip archive that has the file
    md5: str


def worker_environment(data_dir: Path) -> Mapping[str, str]:
    """Variables that tell a worker process where weights lie, wherever the server had read its settings."""
    return {DATA_DIR_VARIABLE: str(data_dir)}


def easyocr_folder(data_dir: Path | None = None) -> Path:
    """`models/easyocr` of the data directory; in a worker of the one that its environment names."""
    return (data_dir or Path(os.environ.get(DATA_DIR_VARIABLE) or "var")) / "models" / "easyocr"


def missing_weights(folder: Path) -> list[str]:
    return [name for name in EASYOCR_WEIGHTS if not (folder / name).is_file()]


def fetch_easyocr(folder: Path, say: Callable[[str], None], weights: tuple[Weights, ...] | None = None) -> None:
    """Brings what is missing or damaged; what is there and whole stays.

    Args:
        folder: made when it is not there.
        say: takes a line for people before each file.
        weights: what to bring; EasyOCR's own list when not given.

    Raises:
        ModelLoadError: no EasyOCR, no net, or not the file that EasyOCR expects; says what to do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for each in weights or easyocr_weights():
        if _is_whole(folder / each.file_name, each.md5):
            say(f"{each.file_name} is there")
        else:
            say(f"fetching {each.file_name} from {each.url}")
            _fetch(each, folder)


def easyocr_weights() -> tuple[Weights, ...]:
    """As the configuration of the installed EasyOCR says, read without loading PyTorch."""
    found = importlib.util.find_spec("easyocr")
    if found is None or found.origin is None:
        raise ModelLoadError("EasyOCR is not installed. Run: pip install -r requirements.txt")
    variables = runpy.run_path(str(Path(found.origin).with_name("config.py")))
    models: list[dict[str, Any]] = [
        variables["detection_models"][_DETECTOR],
        variables["recognition_models"]["gen2"][_RECOGNIZER],
    ]
    return tuple(Weights(model["filename"], model["url"], model["md5sum"]) for model in models)


def _fetch(weights: Weights, folder: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            archive, file = Path(scratch, "archive.zip"), Path(scratch, "weights")
            _download(weights.url, archive)
            _unpack(archive, weights.file_name, file)
            if not _is_whole(file, weights.md5):
                raise ModelLoadError(f"{weights.url} does not hold the file that EasyOCR expects. Try again later.")
            file.replace(folder / weights.file_name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelLoadError(
            f"{weights.url} cannot be fetched ({reason}). Run this again where there is a net, "
            f"or copy {' and '.join(EASYOCR_WEIGHTS)} from a machine that has them into {folder}"
        ) from error


def _download(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, path.open("wb") as file:  # noqa: S310  # EasyOCR's own
        shutil.copyfileobj(answer, file)


def _unpack(archive: Path, name: str, path: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        if opened.getinfo(name).file_size > _LARGEST:
            raise zipfile.BadZipFile(f"{name} is larger than {_LARGEST >> 20} MB")
        with opened.open(name) as packed, path.open("wb") as file:
            shutil.copyfileobj(packed, file)


def _is_whole(path: Path, md5: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5
