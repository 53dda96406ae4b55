"""Blanks of exam papers: rules to write on and empty brackets, which recognisers tend to leave out."""

from services.ocr.blanks.restoration import restore

__all__ = ["restore"]
