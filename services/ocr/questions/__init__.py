"""From the rows of recognised pages to questions: `cut`."""

from services.ocr.questions.cutter import CutQuestion, PageText, cut

__all__ = ["CutQuestion", "PageText", "cut"]
