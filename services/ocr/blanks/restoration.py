"""Blanks given back from the pixels, line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.ocr.blanks.alone import is_long
from services.ocr.blanks.brackets import closed
from services.ocr.blanks.lines import Line, on_baseline
from services.ocr.blanks.ownership import Holding, shared_out
from services.ocr.blanks.respell import BLANK, is_rule_like, letters_in, punctuation_in, with_marks, without_rules
from services.ocr.blanks.scan import Rule, Scan, candidates, scan_of
from services.ocr.blanks.splice import splice
from services.ocr.blanks.surroundings import blanks_on
from services.ocr.page import Image, Quad, Reading

Read = Callable[[list[Image]], list[Reading]]

_SMALLEST = 8  # pixels: lower lines have no letters to speak of
_LOST = 0.7  # a line that has fewer of its letters the second time was cut in the wrong place
_TAIL = 0.8  # heights of a line after a blank in which the detector may have missed a full stop


def restore(
    image: Image, quads: Sequence[Quad], readings: Sequence[Reading], *, read: Read | None = None
) -> tuple[list[Quad], list[Reading]]:
    """The same lines with `____` where a rule is left to be written on, and more lines for blanks outside of them.

    Args:
        image: the upright page at full resolution.
        quads: the lines that were found.
        readings: what each of them says.
        read: the recogniser. With it the lines that have blanks are read once more without them, which brings back
            the full stop or comma that was lost beside a blank; else the blanks are put in by `positions` alone.

    Lines that got blanks have no `positions` any more.
    """
    if not quads:
        return [], []
    scan = scan_of(image, quads)
    if scan.height < _SMALLEST:
        return list(quads), list(readings)
    quads, readings = closed(image, quads, readings, scan.contrast)
    rules = _rules(scan, [Line.of(quad) for quad in quads])
    if not rules:
        return list(quads), list(readings)
    holdings = shared_out(scan, quads, readings, rules)
    lines = [holding.line for holding in holdings]
    reaches = [_reach(holding, lines, image.shape[1]) for holding in holdings]
    if read is None:
        said = [_respelt(holding) for holding in holdings]
    else:
        said = _reread(image, scan, holdings, reaches, read)
    return [_stretched(*parts) for parts in zip(holdings, reaches, said, strict=True)], said


def _rules(scan: Scan, lines: Sequence[Line]) -> list[Rule]:
    """Rules to write on. Most candidates are strokes of letters: they lie too high in their line."""
    found = candidates(scan)
    fitting = on_baseline(found, lines, scan.shrink)
    likely = [rule for rule, fits in zip(found, fitting, strict=True) if fits.any() or is_long(rule, scan)]
    return [blank for rule in likely for blank in blanks_on(scan, rule)]


def _reach(holding: Holding, lines: Sequence[Line], page_width: int) -> tuple[float, float]:
    """The line stretched over its blanks and what may follow the last, as far as its neighbours let it."""
    line, own = holding.line, holding.own
    left, right = 0.0, line.width
    if own:
        left, right = min(left, own[0].start), max(right, own[-1].end)
        if own[-1].end > line.width - _TAIL * line.height:
            right = min(
                own[-1].end + _TAIL * line.height, max(right, (page_width - 1 - line.origin[0]) / line.along[0])
            )
        for start, end in [*line.neighbours(lines), *((span.start, span.end) for span in holding.others)]:
            if start + end > own[-1].start + own[-1].end:
                right = max(min(right, start), own[-1].end)
            elif start + end < own[0].start + own[0].end:
                left = min(max(left, end), own[0].start)
    return left, max(right, left + 1)


def _stretched(holding: Holding, reach: tuple[float, float], reading: Reading) -> Quad:
    """The line over all that it says: nothing was found behind a blank that ends it."""
    if not holding.own:
        return holding.quad
    left, right = reach
    if reading.text.endswith(BLANK):
        right = min(right, max(holding.line.width, holding.own[-1].end))
    return holding.line.quad(left, right)


def _respelt(holding: Holding) -> Reading:
    line, margin = holding.line, 0.1 * holding.line.height
    covered = [(span.start - margin, span.end + margin) for span in (*holding.own, *holding.others)]
    if not covered:
        return holding.reading
    kept = without_rules(holding.reading, [(start / line.width, end / line.width) for start, end in covered])
    marked = with_marks(kept, [span.middle / line.width for span in holding.own])
    return Reading(marked.text, marked.confidence) if holding.own else marked


def _reread(
    image: Image, scan: Scan, holdings: Sequence[Holding], reaches: Sequence[tuple[float, float]], read: Read
) -> list[Reading]:
    splices = {
        index: splice(image, holding.line, holding.own, *reaches[index], scan.contrast)
        for index, holding in enumerate(holdings)
        if holding.own
    }
    asked = {index: made.image for index, made in splices.items() if made.image is not None}
    heard = dict(zip(asked, read(list(asked.values())), strict=True)) if asked else {}
    readings = []
    for index, holding in enumerate(holdings):
        if index not in splices:
            readings.append(_respelt(holding))
            continue
        reading = heard.get(index, Reading("", holding.reading.confidence))
        if is_rule_like(holding.reading.text):  # nothing stood here but a blank
            reading = punctuation_in(reading)
        elif letters_in(reading, 0, 1) < _LOST * letters_in(holding.reading, 0, 1):
            readings.append(_respelt(holding))
            continue
        # Where its characters lie is known along the spliced crop only.
        marked = with_marks(reading, splices[index].seams, splices[index].spaced)
        readings.append(Reading(marked.text, marked.confidence))
    return readings
