"""What receipts, id cards and business cards say, by name.

All fields are found by their labels, their form and their place; none is made up: what a page does not show is absent.
Values are strings as printed, brought into one form where there is one: dates `YYYY-MM-DD`, times `HH:MM:SS`, amounts
`1234.50` (a string: money is no float).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.ocr.fields import business_card, id_card, receipt
from services.ocr.fields.rows import Row, printed_rows
from services.ocr.page import Region

__all__ = ["extract"]

_READERS: Mapping[str, Callable[[Sequence[Row]], dict[str, Any]]] = {
    "receipt": receipt.read,
    "id_card": id_card.read,
    "business_card": business_card.read,
}


def extract(
    document_type: str, regions: Sequence[Region], paragraphs: Sequence[Sequence[Sequence[int]]]
) -> dict[str, Any] | None:
    """The fields of a page; None for documents, {} where nothing was found.

    Args:
        document_type: "receipt", "id_card", "business_card"; any other has no fields.
        regions: in reading order, as in `PageResult`.
        paragraphs: rows of indexes of `regions`, as in `PageResult`.

    Returns:
        receipt: merchant, date, time, number, items [{name, quantity?, unit_price?, price}], subtotal, discount, tax,
            total, paid, change, payment ("cash", "card", "wechat", …), currency (ISO 4217, where its sign is printed).
        id_card: name, sex, ethnicity, birth_date, address, number, number_valid (bool: its check character is right),
            issuer, valid_from, valid_until (a date, or 长期 as printed).
        business_card: name, title, company, phones [], faxes [], emails [], urls [], address, postcode.
    """
    reader = _READERS.get(document_type)
    return None if reader is None else reader(printed_rows(regions, paragraphs))
