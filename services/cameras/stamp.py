"""Time and number of a picture, written into it as black and white blocks that survive scaling and JPEG.

So anybody who gets the picture can say how old it is, without trusting what was said beside it. The strip lies along
the upper edge, the full width and a fifteenth of the height, 3 rows of 32 blocks:

    48 bits: tenths of milliseconds since 1970 | 32 bits: number | 16 bits: CRC of both
"""

from __future__ import annotations

import binascii

import numpy as np
import numpy.typing as npt

_ROWS, _COLUMNS = 3, 32
_TICKS = 10_000  # a second


def write(pixels: npt.NDArray[np.uint8], timestamp: float, number: int) -> None:
    """Draws the strip into an H x W x 3 picture of at least 96 x 64 pixels."""
    payload = (int(timestamp * _TICKS) & (1 << 48) - 1).to_bytes(6, "big") + (number & (1 << 32) - 1).to_bytes(4, "big")
    payload += binascii.crc_hqx(payload, 0).to_bytes(2, "big")
    bits = np.unpackbits(np.frombuffer(payload, np.uint8)).reshape(_ROWS, _COLUMNS)
    rows, columns = _places(pixels.shape[0], pixels.shape[1])
    strip = bits.repeat(np.diff(rows), axis=0).repeat(np.diff(columns), axis=1)
    pixels[: rows[-1]] = (strip * np.uint8(255))[:, :, None]


def read(pixels: npt.NDArray[np.uint8]) -> tuple[float, int] | None:
    """(Unix seconds, number) out of an H x W x 3 or H x W picture; None when there is no strip."""
    rows, columns = _places(pixels.shape[0], pixels.shape[1])
    centres = np.ix_((rows[:-1] + rows[1:]) // 2, (columns[:-1] + columns[1:]) // 2)
    plane = pixels if pixels.ndim == 2 else pixels[:, :, 1]
    payload = np.packbits(plane[centres].ravel() > 127).tobytes()
    if binascii.crc_hqx(payload[:10], 0) != int.from_bytes(payload[10:], "big"):
        return None
    return int.from_bytes(payload[:6], "big") / _TICKS, int.from_bytes(payload[6:10], "big")


def _places(height: int, width: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The edges of the rows and of the columns, in pixels."""
    rows = np.arange(_ROWS + 1) * max(_ROWS, height // 15) // _ROWS
    return rows, np.arange(_COLUMNS + 1) * width // _COLUMNS
