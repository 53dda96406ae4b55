"""A font without ink for the text that lies over a scan.

A Type0 font of two-byte codes. Each character gets the next free code when it first occurs; `ToUnicode` says which
character a code is, so that all of Unicode is copied and searched, and `W` gives it the width it usually has in print,
so that a cursor falls between the characters of the picture. Every code shows the same glyph without ink.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.ocr.export.characters import advance
from services.ocr.export.pdf_file import PdfFile
from services.ocr.export.pdf_glyph import inkless_truetype

_NAME = b"/Inkless"
_UNKNOWN = "\ufffd"
_LAST_CODE = 0xFFFF
_BLOCK = 100  # entries that one section of a CMap may have
_CMAP = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
%bendcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


class InklessFont:
    """Its size is that of the line's height: it reaches from the baseline to one em above it."""

    def __init__(self) -> None:
        self._codes = {_UNKNOWN: 1}

    def encoded(self, text: str) -> bytes:
        """`text` as the operand of a text-showing operator."""
        return b"<" + b"".join(b"%04X" % self._code(character) for character in text) + b">"

    def objects(self, file: PdfFile, number: int) -> Iterator[bytes]:
        """The font as the object `number`, once all text is encoded."""
        descendant, descriptor, truetype, glyphs, unicode_map = (file.reserve() for _ in range(5))
        yield file.object(
            number,
            b"<< /Type /Font /Subtype /Type0 /BaseFont %b /Encoding /Identity-H /DescendantFonts [%d 0 R]"
            b" /ToUnicode %d 0 R >>" % (_NAME, descendant, unicode_map),
        )
        yield file.object(
            descendant,
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont %b"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
            b" /FontDescriptor %d 0 R /CIDToGIDMap %d 0 R /DW 1000 /W [1 [%b]] >>"
            % (_NAME, descriptor, glyphs, self._widths()),
        )
        yield file.object(
            descriptor,
            b"<< /Type /FontDescriptor /FontName %b /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 1000"
            b" /Descent 0 /CapHeight 1000 /StemV 80 /FontFile2 %d 0 R >>" % (_NAME, truetype),
        )
        font = inkless_truetype()
        yield file.deflated(truetype, font, b"/Length1 %d" % len(font))
        yield file.deflated(glyphs, b"\x00\x01" * (len(self._codes) + 1))
        yield file.deflated(unicode_map, self._unicode_map())

    def _code(self, character: str) -> int:
        code = self._codes.get(character)
        if code is None and len(self._codes) < _LAST_CODE:
            code = self._codes[character] = len(self._codes) + 1
        return code or self._codes[_UNKNOWN]

    def _widths(self) -> bytes:
        return b" ".join(b"%d" % round(1000 * advance(character)) for character in self._codes)

    def _unicode_map(self) -> bytes:
        entries = [
            b"<%04X> <%b>\n" % (code, character.encode("utf-16-be").hex().upper().encode())
            for character, code in self._codes.items()
        ]
        blocks = (entries[at : at + _BLOCK] for at in range(0, len(entries), _BLOCK))
        return _CMAP % b"".join(b"%d beginbfchar\n%bendbfchar\n" % (len(block), b"".join(block)) for block in blocks)
