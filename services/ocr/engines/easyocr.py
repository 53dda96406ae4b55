"""EasyOCR: the CRAFT detector and a CRNN recogniser on PyTorch. Optional; loaded only where it is asked for.

Its weights are not in its package. They are fetched by `doctor --fetch-models`, never while a page is read.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from services.errors import ModelLoadError
from services.ocr.engines import availability
from services.ocr.engines.base import Engine, OnRead
from services.ocr.engines.voting import votes_by_reading
from services.ocr.models_store import FETCH, easyocr_folder
from services.ocr.page import Image, Quad, Reading

_LANGUAGES = ("ch_sim", "en")
_MOST_OBLONG = 60  # times longer than wide; the network's input, and its time, grow with it


class EasyOcrEngine(Engine):
    name = "easyocr"

    def __init__(self, folder: Path | None = None) -> None:
        """
        Args:
            folder: where the weights lie; that of the data directory when not given.

        Raises:
            ModelLoadError: a package or the weights are missing, or the weights are damaged.
        """
        folder = folder or easyocr_folder()
        if lack := availability.easyocr_lacks(folder):
            raise ModelLoadError(str(lack))
        self._torch = importlib.import_module("torch")
        _define_missing_operators(self._torch)
        with _quiet():
            self._reader = _reader(importlib.import_module("easyocr"), folder)
        self.version = f"{package_version('easyocr')} {self._reader.model_lang}"

    def detect(self, image: Image, side: int, threads: int = 1) -> list[Quad]:
        if not image.size:
            return []
        self._torch.set_num_threads(threads)
        with _quiet():
            boxes, polygons = self._reader.detect(np.ascontiguousarray(image), canvas_size=side, reformat=False)
        upright = [_corners(*map(float, box)) for box in boxes[0]]
        tilted = [np.array(polygon, np.float32).reshape(4, 2) for polygon in polygons[0]]
        return [_inside(quad, image) for quad in upright + tilted]

    def recognize(self, crops: Sequence[Image], on_read: OnRead | None = None, threads: int = 1) -> list[Reading]:
        self._torch.set_num_threads(threads)
        readings = []
        for number, crop in enumerate(crops):
            readings.append(self._read(crop))
            if on_read is not None:
                on_read(number, readings[-1])
        return readings

    def votes_upside_down(self, crops: Sequence[Image]) -> list[float]:
        return votes_by_reading(self, crops)

    def _read(self, crop: Image) -> Reading:
        if not crop.size:
            return Reading("", 0.0)
        grey = _bounded(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY))
        height, width = grey.shape
        with _quiet():
            read = self._reader.recognize(grey, [[0, width, 0, height]], [], reformat=False)
        if not read:
            return Reading("", 0.0)
        _, text, confidence = read[0]
        return Reading(text, _per_character(float(confidence), len(text)))


def _reader(easyocr: Any, folder: Path) -> Any:
    """Arrays only may be given to it: it fetches strings from the net."""
    path = list(sys.path)
    try:
        return easyocr.Reader(
            list(_LANGUAGES),
            gpu=False,
            model_storage_directory=str(folder),
            user_network_directory=str(folder),
            download_enabled=False,
            verbose=False,
        )
    except FileNotFoundError as error:  # also when a checksum is wrong
        raise ModelLoadError(
            f"The weights of easyocr are damaged ({error}). Where there is a net, run: {FETCH}"
        ) from error
    finally:
        sys.path[:] = path  # it appends the folder, from which nobody shall import


def _define_missing_operators(torch: Any) -> None:
    """Lets torchvision be imported where its compiled operators do not fit (a CPU torch, torchvision built for CUDA).

    torchvision registers fakes for both operators at import, which fails when nothing has declared them. Nothing here
    ever calls them.
    """
    package = importlib.util.find_spec("torchvision")
    assert package is not None
    assert package.origin is not None
    if "torchvision" in sys.modules or _loads(torch, Path(package.origin).with_name("_C.so")):
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)  # what it declared goes when it goes


_kept: list[Any] = []


def _loads(torch: Any, compiled: Path) -> bool:
    try:
        torch.ops.load_library(str(compiled))
    except OSError:
        return False
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """It and PyTorch warn of their own future at each call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _per_character(confidence: float, length: int) -> float:
    """The geometric mean of the characters' probabilities, which other engines' confidences can be compared with.

    EasyOCR gives p ** (2 / sqrt(n)) for the product p over n characters, which falls as a line gets longer.
    """
    return float(min(1.0, max(0.0, confidence)) ** (1 / (2 * math.sqrt(length)))) if length else 0.0


def _bounded(grey: Any) -> Any:
    height, width = grey.shape
    size = min(width, _MOST_OBLONG * height), min(height, _MOST_OBLONG * width)
    return grey if size == (width, height) else cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _corners(left: float, right: float, top: float, bottom: float) -> Quad:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def _inside(quad: Quad, image: Image) -> Quad:
    """Its boxes have a margin that may lie outside the page."""
    height, width = image.shape[:2]
    return np.clip(quad, 0, (width, height)).astype(np.float32)
