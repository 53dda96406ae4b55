"""What lies about a rule: is there room to write above it, does it belong to a frame, where exactly does it end?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ocr.blanks.scan import Rule, Scan

Flags = NDArray[np.bool_]
Darkness = NDArray[np.float32]  # levels of grey below the paper

_ABOVE, _BELOW, _BESIDE = 1.3, 0.6, 1.2  # what is looked at around a rule, in heights of a line
_INKED = 0.3  # of the contrast: darker than this is ink
_WRITTEN_SHARE = 0.15  # of a rule's length
_FAINTEST = 0.12  # of the contrast: what a rule must have over most of its length
_SOFT = 0.09  # heights of a line over which ink is smoothed, against specks
_TIGHT = 0.03  # heights of a line kept clear of the letters beside a blank
_SHORTEST = 0.7  # heights of a line
_FRAYED = 0.25  # heights of a line by which a candidate may be too short: half of what it was averaged over


@dataclass(frozen=True, slots=True)
class _Strip:
    """The surroundings laid flat: the rule in row `row`, from column `pad` to `pad` before the end."""

    dark: Darkness
    ink: Flags  # the same, of what is not just a speck
    row: int
    pad: int
    height: float
    contrast: float

    def rows(self, top: float, bottom: float) -> slice:
        """From `top` to `bottom` heights of a line below the rule."""
        return slice(max(0, self.row + round(top * self.height)), max(0, self.row + round(bottom * self.height)))

    def rule_rows(self) -> tuple[int, int] | None:
        """The first row and the one after the last that the rule darkens, and what smoothing adds; None: no rule."""
        reach = max(2, round(0.15 * self.height))
        level = np.median(self.dark[self.row - reach : self.row + reach + 1, self.pad : -self.pad], axis=1)
        if level.max() < _FAINTEST * self.contrast:
            return None
        rule = self.row - reach + np.flatnonzero(level > 0.25 * level.max())
        smoothed = _odd(_SOFT * self.height) // 2
        return int(rule[0]) - smoothed, int(rule[-1]) + 1 + smoothed

    def level(self) -> Darkness:
        """How dark each column is where the rule runs, in units of the rule itself."""
        drift = max(1, round(0.08 * self.height))  # a bent page
        level = cv2.blur(self.dark, (_odd(0.12 * self.height), 1))[self.row - drift : self.row + drift + 1].max(axis=0)
        return np.asarray(level / max(1.0, float(np.median(level[self.pad : -self.pad]))), np.float32)


def blanks_on(scan: Scan, rule: Rule) -> list[Rule]:
    """The parts of a rule that are left to be written on: none when it underlines words or belongs to a table."""
    strip = _strip_of(scan, rule)
    rows = strip.rule_rows()
    if rows is None:
        return []
    top, bottom = rows
    level = strip.level()
    room = strip.ink[strip.rows(-0.6, 0).start : top]
    near = np.vstack([room[-round(0.35 * scan.height) :], strip.ink[bottom : strip.rows(0, 0.3).stop]])
    runs = [
        (start, end)
        for start, end in _runs(
            strip, level > 0.5, _widened(np.asarray(near.any(axis=0)), 1 + round(_TIGHT * scan.height))
        )
        if end - start >= _SHORTEST * scan.height and not _written_on(room[:, start:end], scan.height)
    ]
    if not runs or _goes_on(strip, bottom, runs[0][0], runs[-1][1]) or _framed(strip, runs[0][0], runs[-1][1]):
        return []
    return [_part(rule, start - strip.pad, end - strip.pad) for start, end in runs]


def _strip_of(scan: Scan, rule: Rule) -> _Strip:
    pad, row = round(_BESIDE * scan.height), round(_ABOVE * scan.height)
    along = (rule.end - rule.start) / rule.length
    down = np.array([-along[1], along[0]])
    origin = rule.start - pad * along - row * down
    size = (round(rule.length) + 2 * pad, row + round(_BELOW * scan.height))
    patch = cv2.warpAffine(
        scan.grey,
        np.column_stack([along, down, origin]),
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    dark = float(np.median(patch[::3, ::3])) - patch.astype(np.float32)
    ink: Flags = np.asarray(cv2.blur(dark, (_odd(_SOFT * scan.height),) * 2) > _INKED * scan.contrast)
    return _Strip(dark, ink, row, pad, scan.height, scan.contrast)


def _runs(strip: _Strip, drawn: Flags, beside: Flags) -> list[tuple[int, int]]:
    """From where to where the rule is drawn, kept clear of what stands beside it; noise and dashes leave gaps."""
    on = drawn & ~beside
    frayed = strip.pad - round(_FRAYED * strip.height)
    on[:frayed] = on[len(on) - frayed :] = False
    drawn_at = _stretches(on)
    widest = (0.5 if _dashed(drawn_at) else 0.15) * strip.height
    runs: list[tuple[int, int]] = []
    for start, end in drawn_at:
        if runs and start - runs[-1][1] <= widest and not beside[runs[-1][1] : start].any():
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def _dashed(drawn_at: Sequence[tuple[int, int]]) -> bool:
    """Are these at least four dashes of one length? The outer ones may be cut off."""
    lengths = [end - start for start, end in drawn_at[1:-1]]
    return len(lengths) >= 2 and max(lengths) <= 1.5 * min(lengths) + 2


def _widened(flags: NDArray[np.bool_], margin: int) -> Flags:
    return np.convolve(flags, np.ones(2 * margin + 1), "same") > 0.5


def _written_on(room: Flags, height: float) -> bool:
    """Is there a letter, or much else, in the room above?"""
    inked = np.asarray(room.any(axis=0))
    widest = max((end - start for start, end in _stretches(inked)), default=0)
    return bool(inked.mean() > _WRITTEN_SHARE or widest > 0.25 * height or (room.mean(axis=0) > 0.5).any())


def _stretches(flags: Flags) -> list[tuple[int, int]]:
    """From where to where the flags are set, without a gap."""
    padded = np.concatenate([[False], flags, [False]]).astype(np.int8)
    return [(int(start), int(end)) for start, end in np.flatnonzero(np.diff(padded)).reshape(-1, 2)]


def _goes_on(strip: _Strip, bottom: int, start: int, end: int) -> bool:
    """Does the rule go on under the words beside the blank? Then it is a gap between underlined words.

    Feet of letters may stand in its upper rows, so the lower ones are looked at.
    """
    level = strip.dark[strip.row + 1 : max(bottom, strip.row + 2)].mean(axis=0)
    level = cv2.blur(level[None], (_odd(0.12 * strip.height), 1))[0]
    usual = max(0.2 * strip.contrast, float(np.median(level[start:end])))
    near, far = round(0.1 * strip.height), round(0.9 * strip.height)
    sides = level[max(0, start - far) : max(0, start - near)], level[end + near : end + far]
    return any(len(side) > far - near - 3 and np.percentile(side, 10) > 0.75 * usual for side in sides)


def _framed(strip: _Strip, start: int, end: int) -> bool:
    """Do upright lines touch it, higher than a letter above or deeper than one below?"""
    beside = round(0.25 * strip.height)
    columns = slice(max(0, start - beside), end + beside)
    # A skewed page leans them over.
    wide: Darkness = cv2.dilate(strip.dark[:, columns], np.ones((1, _odd(0.12 * strip.height)), np.uint8))  # type: ignore[assignment]
    dark: Flags = wide > _INKED * strip.contrast
    upwards = dark[strip.rows(-1.2, -0.1)].mean(axis=0) > 0.93
    downwards = dark[strip.rows(0.12, 0.5)].mean(axis=0) > 0.93
    return bool(upwards.any() or downwards.any())


def _part(rule: Rule, start: float, end: float) -> Rule:
    along = (rule.end - rule.start) / rule.length
    return Rule(rule.start + start * along, rule.start + end * along)


def _odd(value: float) -> int:
    return max(3, int(value) | 1)
