"""A pattern that moves, with a clock: all of the chain can be seen, and measured, with no camera attached."""

from __future__ import annotations

import time

import cv2
import numpy as np

from services.cameras import stamp
from services.cameras.source_spec import TestPattern
from services.cameras.sources.base import CameraSource, Metronome, Picture, Pixels

_SPEED = 240  # pixels a second at which the pattern moves


class SyntheticSource(CameraSource):
    def __init__(self, pattern: TestPattern) -> None:
        self.fps = float(pattern.fps)
        self._pattern = pattern
        self._number = 0

    def open(self) -> None:
        self._wallpaper = _wallpaper(self._pattern.width, self._pattern.height)
        self._metronome = Metronome(self.fps)

    def read(self) -> Picture:
        self._metronome.wait()
        now = time.time()
        self._number += 1
        return Picture(now, pixels=self._draw(now))

    def close(self) -> None: ...

    def _draw(self, now: float) -> Pixels:
        width, height = self._pattern.width, self._pattern.height
        shift = int(now * _SPEED) % width
        pixels = self._wallpaper[:, shift : shift + width].copy()
        stamp.write(pixels, now, self._number)
        scale = height / 360
        clock = time.strftime("%H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1000):03d}"
        for line, text in enumerate([clock, f"frame {self._number}"]):
            place = round(20 * scale), round((80 + 50 * line) * scale)
            for colour, stroke in (((0, 0, 0), 6), ((255, 255, 255), 2)):
                thickness = max(1, round(stroke * scale))
                cv2.putText(pixels, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.2 * scale, colour, thickness, cv2.LINE_AA)
        return pixels


def _wallpaper(width: int, height: int) -> Pixels:
    """H x 2W x 3, its halves the same, so that each W columns of it are a whole pattern: bars of colour, shaded."""
    hues = np.linspace(0, 180, 8, endpoint=False).astype(np.uint8)[np.arange(width) * 8 // width]
    shades = np.linspace(230, 60, height).astype(np.uint8)
    hsv = np.empty((height, width, 3), np.uint8)
    hsv[:, :, 0], hsv[:, :, 1], hsv[:, :, 2] = hues[None, :], 160, shades[:, None]
    one = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return np.ascontiguousarray(np.concatenate([one, one], axis=1), dtype=np.uint8)
