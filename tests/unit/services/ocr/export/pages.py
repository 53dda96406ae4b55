"""Pages to export, made of rows of text; hostile ones from Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from services.ocr.export import ExportPage, write
from services.ocr.page import PageResult, Region, box_polygon

HOSTILE = (
    "</script><b>&amp;&lt;]]>",
    "50% (a) \\(b\\) <<x>> [y] {z} /N #20",
    "tab\there\nnewline\rreturn\x0cfeed\u2028line\u2029par\x85nel",
    "nul\x00 bell\x07 escape\x1b c1\x9f",
    "left \u202eright\u202c \u2066iso\u2069",
    "lone \ud800 high, low \udfff",
    "\ufffe\uffff\ufeff none",
    "\"quoted\" 'single' =1+1",
    "𠀀𠮷 😀 e\u0301 ﬁ",
    "",
    "   \u3000 ",
)

texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=30))
coordinates = st.one_of(st.just(0.0), st.floats(-50, 500))
regions = st.builds(
    Region,
    st.tuples(*[st.tuples(coordinates, coordinates)] * 4),
    texts,
    st.floats(-0.5, 1.5),
    st.just("stub"),
)


def region(text: str, x: float, y: float, width: float | None = None, height: float = 20) -> Region:
    return Region(box_polygon((x, y, x + (width or 10.0 * max(1, len(text))), y + height)), text, 0.95, "stub")


def result(paragraphs: Sequence[Sequence[Sequence[Region]]], width: int = 600, height: int = 800) -> PageResult:
    numbers = iter(range(1_000_000))
    return PageResult(
        text="\n\n".join("\n".join(" ".join(part.text for part in row) for row in rows) for rows in paragraphs),
        confidence=0.95,
        processing_time=0.1,
        selected_models=("stub",),
        strategy="single",
        language="chinese",
        document_type="document",
        document_confidence=0.9,
        regions=tuple(part for rows in paragraphs for row in rows for part in row),
        paragraphs=tuple(tuple(tuple(next(numbers) for _ in row) for row in rows) for rows in paragraphs),
        width=width,
        height=height,
        rotation=0,
        dpi=300.0,
    )


def page(found: PageResult | None, number: int = 1, **more: object) -> ExportPage:
    return ExportPage(number, "scan.png", number, found, **more)  # type: ignore[arg-type]


def failed(number: int = 1, message: str = "Not a picture.", image: Callable[[], bytes] | None = None) -> ExportPage:
    return page(None, number, error={"code": "INVALID_IMAGE", "message": message}, image=image)


def of_rows(*rows: str) -> ExportPage:
    """A page of one paragraph."""
    return page(result([[[region(text, 10, 10 + 30 * number)] for number, text in enumerate(rows)]]))


def of_regions(found: Sequence[Region]) -> ExportPage:
    """Each region is a row, two rows a paragraph."""
    rows = [[part] for part in found]
    return page(result([rows[at : at + 2] for at in range(0, len(rows), 2)]))


def exported(format_name: str, *pages: ExportPage, title: str = "试卷 A") -> str:
    return b"".join(write(format_name, pages, title)).decode()
