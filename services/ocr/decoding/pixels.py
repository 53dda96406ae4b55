"""From a decoded Pillow frame to an RGB array, a strip at a time.

Pillow keeps RGB in four bytes a pixel. Converting and copying a picture whole would hold it four times; strips written
straight into the upright array leave the decoder's copy and the result: 7 bytes a pixel, 700 MB for 100 megapixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from services.ocr.page import Image

Strip = PIL.Image.Image

_STRIP_PIXELS = 1 << 20
_ORIENTATION = 0x0112  # EXIF

# From the array as people see it to a view of it that lies as the file does, by EXIF's number.
_AS_STORED: dict[int, Callable[[Image], Image]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


def rgb(picture: PIL.Image.Image) -> Image:
    """The whole picture, EXIF orientation applied, what is transparent over white, 16 bits and more brought to 8."""
    picture.load()
    width, height = picture.size
    orientation = _orientation(picture)
    upright = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), np.uint8)
    stored = _AS_STORED[orientation](upright)
    convert = _converter(picture)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        stored[top : top + rows] = convert(picture.crop((0, top, width, min(top + rows, height))))
    return upright


def _orientation(picture: PIL.Image.Image) -> int:
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  # Pillow's reader trips over damaged EXIF in many ways; the pixels are good
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _converter(picture: PIL.Image.Image) -> Callable[[Strip], NDArray[Any]]:
    mode = picture.mode
    if mode.startswith("I;16"):
        return lambda strip: _grey(np.asarray(strip) >> 8)
    if mode in {"I", "F"}:
        return _stretcher(picture)
    if mode == "LAB":
        return lambda strip: _grey(np.asarray(strip)[:, :, 0])
    if mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in picture.info:
        return _over_white
    return lambda strip: np.asarray(strip.convert("RGB"))


def _grey(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, :, None]  # broadcast over the three channels


def _over_white(strip: Strip) -> NDArray[Any]:
    rgba = np.asarray(strip.convert("RGBA")).astype(np.uint16)
    alpha = rgba[:, :, 3:]
    return (rgba[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255


def _stretcher(picture: PIL.Image.Image) -> Callable[[Strip], NDArray[Any]]:
    """32-bit integers and floats have no agreed white: 1, 255 or 65,535, whichever holds the values, or the largest."""
    low, high = (float(value) for value in np.nan_to_num(np.array(picture.getextrema(), np.float64)))
    whites = [
        white for white in ((1.0, 255.0, 65_535.0) if picture.mode == "F" else (255.0, 65_535.0)) if high <= white
    ]
    black, white = (0.0, whites[0]) if low >= 0 and whites else (low, max(high, low + 1))

    def stretch(strip: Strip) -> NDArray[Any]:
        values = (np.asarray(strip, np.float64) - black) * (255 / (white - black))
        return _grey(np.nan_to_num(values).clip(0, 255).astype(np.uint8))

    return stretch
