"""Which pages of a document are asked for: "1-3,7,9-"."""

from __future__ import annotations

from services.errors import FieldProblem, InvalidInputError

_FIELD = "requirements.pages"
_MAX_PARTS = 1_000


def pages(spec: str | None, count: int) -> list[int]:
    """The page numbers (from 1) that `spec` names, sorted, each once; all `count` of them when it is None or blank.

    "4-2" is read as "2-4" and what lies outside the document is left out. The work is bounded by the number of parts
    and of pages, whatever numbers are written.

    Raises:
        InvalidInputError: `spec` is not understood, or names none of the pages; with the field "requirements.pages".
    """
    if spec is None or not spec.strip():
        return list(range(1, count + 1))
    parts = spec.split(",")
    if len(parts) > _MAX_PARTS:
        raise _problem(f"Name at most {_MAX_PARTS:,} ranges of pages.")
    wanted: set[int] = set()
    for part in parts:
        first, last = _ends(part, count)
        wanted.update(range(max(1, first), min(last, count) + 1))
    if not wanted:
        raise _problem(f"The document has {count} pages; none of them is in {spec.strip()[:50]!r}.")
    return sorted(wanted)


def _ends(part: str, count: int) -> tuple[int, int]:
    first, dash, last = (piece.strip() for piece in part.partition("-"))
    if not _is_number(first) or (last and not _is_number(last)):
        raise _problem(f"{part.strip()[:50]!r} is not a page or a range of pages. Write them like 1-3,7,9-.")
    begin = _number(first)
    end = (_number(last) if last else max(begin, count)) if dash else begin
    return min(begin, end), max(begin, end)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _number(digits: str) -> int:
    return int(digits[:12])  # longer ones lie outside of any document too


def _problem(message: str) -> InvalidInputError:
    return InvalidInputError(message, [FieldProblem(_FIELD, message)])
