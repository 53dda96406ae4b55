"""PP-OCRv6 (small) by ONNX Runtime: the models that lie in the wheel of `rapidocr`, run by us.

The package's own classes are not used: they pad each batch to its widest line, decide per line whether it stands on
its head (and turn upright lines over), and bring a configuration that can download. Here a line costs what its own
width costs, and lines are read side by side in threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import cv2
import numpy as np

from services.ocr.engines import ctc, dbnet
from services.ocr.engines.base import Engine, OnRead
from services.ocr.engines.onnx import Model, model_file, package_folder, package_version
from services.ocr.page import Image, Quad, Reading
from services.ocr.reach import drawn_out

_PACKAGE = "rapidocr"
_HEIGHT = 48  # pixels of a line, for recogniser and classifier
_CLASSIFIED_WIDTH = 192


class RapidOcrEngine(Engine):
    name = "rapidocr"

    def __init__(self, settings: dbnet.Settings | None = None, models: Path | None = None) -> None:
        folder = models or package_folder(_PACKAGE) / "models"
        self._detector = Model(model_file(folder, "PP-OCRv6_det_small.onnx"))
        # Lines are many and at most so wide: with an arena they take less time, and less memory than malloc holds back.
        self._recognizer = Model(model_file(folder, "PP-OCRv6_rec_small.onnx"), arena=True)
        self._classifier = Model(model_file(folder, "ch_ppocr_mobile_v2.0_cls_mobile.onnx"))
        self._characters = ["", *self._recognizer.metadata("character").split("\n"), " "]
        self._settings = settings or dbnet.Settings()
        names = "+".join(model.path.stem for model in (self._detector, self._recognizer))
        self.version = f"{package_version(_PACKAGE)} {names}"

    def detect(self, image: Image, side: int, threads: int = 1) -> list[Quad]:
        height, width = image.shape[:2]
        if not height or not width:
            return []
        probability = self._detector.run(dbnet.tensor_of(image, side), threads)[0, 0]
        return drawn_out(image, dbnet.quads_of(probability, width, height, self._settings))

    def recognize(self, crops: Sequence[Image], on_read: OnRead | None = None, threads: int = 1) -> list[Reading]:
        readings = [Reading("", 0.0)] * len(crops)
        # The widest first: a long line begun last would leave the other cores idle.
        order = sorted(range(len(crops)), key=lambda index: -_relative_width(crops[index]))
        with ThreadPoolExecutor(threads) as pool:
            asked: dict[Future[Reading], int] = {pool.submit(self._read, crops[index]): index for index in order}
            try:
                for future in as_completed(asked):
                    readings[asked[future]] = future.result()
                    if on_read is not None:
                        on_read(asked[future], future.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return readings

    def _read(self, crop: Image) -> Reading:
        if not crop.size:
            return Reading("", 0.0)
        return ctc.reading_of(self._recognizer.run(ctc.tensor_of(crop, _HEIGHT))[0], self._characters)

    def votes_upside_down(self, crops: Sequence[Image]) -> list[float]:
        if not crops:
            return []
        inputs = np.concatenate([_classified(crop) for crop in crops])
        return [float(vote) for vote in self._classifier.run(inputs)[:, 1]]


def _relative_width(crop: Image) -> float:
    return float(crop.shape[1] / max(1, crop.shape[0]))


def _classified(crop: Image) -> dbnet.Map:
    """1 x 3 x 48 x 192: shorter crops are padded on the right with middle grey, longer ones squeezed."""
    tall, wide = crop.shape[:2]
    width = max(1, min(_CLASSIFIED_WIDTH, round(wide * _HEIGHT / tall)))
    padded = np.full((_HEIGHT, _CLASSIFIED_WIDTH, 3), 127, np.uint8)
    padded[:, :width] = cv2.resize(crop, (width, _HEIGHT))
    return cv2.dnn.blobFromImage(padded, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)  # type: ignore[return-value]
