"""Which line a blank belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.ocr.blanks.alone import answer_lines
from services.ocr.blanks.lines import Line, Span, on_baseline, span_in
from services.ocr.blanks.respell import BLANK, dots_in, is_rule_like, letters_in
from services.ocr.blanks.scan import Rule, Scan
from services.ocr.page import Quad, Reading

_NEAR = 1.2  # heights of a line: a blank this near to a piece, or to its last blank, belongs to it
_CRUMB = 0.55  # of a usual line's height: lower pieces are full stops and commas


@dataclass(slots=True)
class Holding:
    """A line, its blanks from left to right, and those that reach into it but belong to its neighbours."""

    line: Line
    quad: Quad
    reading: Reading
    own: list[Span] = field(default_factory=list)
    others: list[Span] = field(default_factory=list)

    def gap(self, span: Span) -> float:
        """Pixels of the page between the line, with the blanks it has, and another blank; negative: they overlap."""
        left = min([0.0, *(own.start for own in self.own)])
        right = max([self.line.width, *(own.end for own in self.own)])
        return max(span.start - right, left - span.end)


def shared_out(scan: Scan, quads: Sequence[Quad], readings: Sequence[Reading], rules: Sequence[Rule]) -> list[Holding]:
    """The lines with the blanks that are theirs; new ones for blanks that stand apart on a row.

    Lines that are nothing but a rule, or but the full stop behind one, are left out: their neighbour is to be read on.
    """
    every = [Holding(Line.of(quad), quad, reading) for quad, reading in zip(quads, readings, strict=True)]
    holdings = [holding for holding in every if not _is_leftover(holding, scan, rules)]
    from_left = sorted(rules, key=lambda rule: float(rule.start[0]))
    fitting = on_baseline(from_left, [holding.line for holding in holdings], scan.shrink)
    lines = [holding.line for holding in holdings]
    for rule, fits in zip(from_left, fitting, strict=True):
        _give(rule, [holdings[index] for index in np.flatnonzero(fits)], holdings, scan)
    rowless = [rule for rule, fits in zip(from_left, fitting, strict=True) if not fits.any()]
    holdings += [_answer_line(quad) for quad in answer_lines(rowless, lines, scan)]
    for holding in holdings:
        holding.own.sort()
    return holdings


def _answer_line(quad: Quad) -> Holding:
    return Holding(Line.of(quad), quad, Reading(BLANK, 1.0))


def _give(rule: Rule, fitting: Sequence[Holding], holdings: list[Holding], scan: Scan) -> None:
    row = [(holding, span_in(holding.line, rule, scan.shrink)) for holding in fitting]
    if not row or any(_underlines(holding, span) for holding, span in row):
        return
    owner, span = min(row, key=lambda pair: pair[0].gap(pair[1]))
    if owner.gap(span) > _NEAR * owner.line.height:
        quad = owner.line.quad(span.start, span.end)
        owner = Holding(Line.of(quad), quad, Reading("", owner.reading.confidence))
        span = span_in(owner.line, rule, scan.shrink)
        holdings.append(owner)
    owner.own.append(span)
    for holding, reaching in row:
        if holding is not owner and holding.gap(reaching) < 0:
            holding.others.append(reaching)


def _underlines(holding: Holding, span: Span) -> bool:
    """Does the rule run below a whole piece of text, or is it a row of dots that were read as such?"""
    start, end = span.start / holding.line.width, span.end / holding.line.width
    above = letters_in(holding.reading, start, end)
    if above >= 2 and above > 0.7 * letters_in(holding.reading, 0, 1):
        return True
    return dots_in(holding.reading, start, end) >= 3


def _is_leftover(holding: Holding, scan: Scan, rules: Sequence[Rule]) -> bool:
    line, usual = holding.line, scan.height * scan.shrink
    spans = [span_in(line, rule, scan.shrink) for rule in rules]
    if is_rule_like(holding.reading.text):
        covered = sum(max(0.0, min(span.end, line.width) - max(span.start, 0.0)) for span in spans if 0 < span.v < 1.2)
        return covered > 0.6 * line.width
    if line.height > _CRUMB * usual or line.width > usual:
        return False
    return any(-0.6 * usual < span.end < 0.5 * line.width and abs(span.v * line.height) < usual for span in spans)
