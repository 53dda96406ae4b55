"""Rows of nothing but a rule, as they stand below a question for its answer.

A single rule between two rows may as well part them, so it takes two of one length, one below the other, with nothing
between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.ocr.blanks.lines import Line
from services.ocr.blanks.scan import Rule, Scan
from services.ocr.page import Quad

_APART = (1.1, 4.0)  # heights of a line between two answer lines
_ALIKE = 0.6  # heights of a line by which their ends may differ
_LONG = 4.0  # heights of a line
_RISE = 0.85  # of a line's height: how far its top lies above the rule


def is_long(rule: Rule, scan: Scan) -> bool:
    return rule.length > _LONG * scan.height


def answer_lines(rules: Sequence[Rule], lines: Sequence[Line], scan: Scan) -> list[Quad]:
    """Each as the line of text that would stand on it."""
    long = sorted((rule for rule in rules if is_long(rule, scan)), key=lambda rule: float(rule.start[1]))
    return [_quad_on(rule, scan) for rule in long if any(_are_twins(rule, other, lines, scan) for other in long)]


def _are_twins(rule: Rule, other: Rule, lines: Sequence[Line], scan: Scan) -> bool:
    upper, lower = sorted((rule, other), key=lambda one: float(one.start[1]))
    steps = np.array([lower.start - upper.start, lower.end - upper.end]) / scan.height
    if np.abs(steps[:, 0]).max() > _ALIKE or not (_APART[0] <= steps[:, 1].min() and steps[:, 1].max() <= _APART[1]):
        return False
    return not any(_lies_between(line, upper, lower, scan.shrink) for line in lines)


def _lies_between(line: Line, upper: Rule, lower: Rule, shrink: float) -> bool:
    x, y = (line.origin + (line.width * line.along + line.height * line.down) / 2) / shrink
    if not upper.start[0] - line.width / 2 / shrink < x < upper.end[0] + line.width / 2 / shrink:
        return False
    edges = [np.interp(x, (rule.start[0], rule.end[0]), (rule.start[1], rule.end[1])) for rule in (upper, lower)]
    return bool(edges[0] < y < edges[1])


def _quad_on(rule: Rule, scan: Scan) -> Quad:
    along = (rule.end - rule.start) / rule.length
    down = np.array([-along[1], along[0]]) * scan.height
    corners = [rule.start - _RISE * down, rule.end - _RISE * down]
    corners += [corners[1] + down, corners[0] + down]
    return np.array((np.array(corners) + 0.5) * scan.shrink, np.float32)
