"""Text in which a blank line ends a question: what GIFT and Aiken have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from services.banks.formats.base import BadRow, Limits, excerpt
from services.banks.formats.lines import Line, read_lines, too_long, wrong_encoding


@dataclass(slots=True)
class Block:
    """Lines without a blank one between them; `line` is the number of the first."""

    lines: list[Line] = field(default_factory=list)
    size: int = 0  # characters

    @property
    def line(self) -> int:
        return self.lines[0].number

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def read_blocks(path: Path, limits: Limits) -> Iterator[Block | BadRow]:
    block = Block()
    for line in read_lines(path, limits):
        if isinstance(line, BadRow):
            yield line
        elif line.text.strip():
            _add(block, line, limits)
        elif block.lines:
            yield _checked(block, limits)
            block = Block()
    if block.lines:
        yield _checked(block, limits)


def _add(block: Block, line: Line, limits: Limits) -> None:
    block.size += len(line.text)
    if block.size <= limits.row_bytes or not block.lines:
        block.lines.append(line)


def _checked(block: Block, limits: Limits) -> Block | BadRow:
    if block.size > limits.row_bytes:
        return BadRow(block.line, "too_long", too_long(limits), excerpt(block.lines[0].text))
    if not all(line.intact for line in block.lines):
        return wrong_encoding(block.line, block.text)
    return block
