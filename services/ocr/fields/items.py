"""What was bought: rows of a name, perhaps a quantity and a price of one, and what it came to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.ocr.fields.amounts import Amount, amounts_in
from services.ocr.fields.rows import digits_mended

_TIMES = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=[mk][lg]))[xX×*]\s?(\d+(?:\.\d+)?)(?![A-Za-z\d])"  # x3
    r"|(?<![\d.])(\d+(?:\.\d+)?)\s?[xX×*](?=\s)"  # 3 x
)
_LEFT_OVER = re.compile(r"\s?[×*@:|.-]+$|\s[xX]$")
_LEADING_COUNT = re.compile(r"(\d{1,2})\s+(?=\D)")
_NAMED = re.compile(r"[A-Za-z\u4e00-\u9fff]{2}|[\u4e00-\u9fff]")
_HEADER = re.compile(
    r"品\s?名|商品|名\s?称|数\s?量|单\s?价|金\s?额|\b(?:qty|item|description|price|amount)\b", re.IGNORECASE
)

Item = dict[str, str]


def items_of(texts: Sequence[str]) -> list[Item]:
    """Rows that end in a price; a name may stand in the row above its figures."""
    found: list[Item] = []
    above = ""
    for text in texts:
        item = _item(text, above)
        above = "" if item or not _NAMED.search(text) or len(_HEADER.findall(text)) > 1 else text
        if item:
            found.append(item)
    return _counts_taken_from_names(found)


def _counts_taken_from_names(items: list[Item]) -> list[Item]:
    """Where all names begin with a number it is how many; one that does may be called so."""
    counts = [_LEADING_COUNT.match(item["name"]) for item in items]
    if len(items) < 2 or not all(counts) or any("quantity" in item for item in items):
        return items
    return [
        {"name": item["name"][count.end() :], "quantity": count[1]} | {k: v for k, v in item.items() if k != "name"}
        for item, count in zip(items, counts, strict=True)
        if count
    ]


def _item(text: str, above: str) -> Item | None:
    text = digits_mended(text)
    figures = _trailing(text)
    if not figures or not figures[-1].is_money:
        return None
    name, quantity = _without_quantity(_LEFT_OVER.sub("", text[: figures[0].start].strip()))
    if not _NAMED.search(name):
        name = above
    if not name:
        return None
    return {"name": name, **_figures(figures, quantity)}


def _trailing(text: str) -> list[Amount]:
    """The figures at the end of a row, with nothing but blanks and signs of multiplication between them."""
    figures = amounts_in(text)
    end, found = len(text), list[Amount]()
    for figure in reversed(figures):
        if text[figure.end : end].strip(" xX×*@=:"):
            break
        found.insert(0, figure)
        end = figure.start
    return found


def _without_quantity(name: str) -> tuple[str, str | None]:
    found = _TIMES.search(name)
    if not found:
        return name, None
    return (name[: found.start()] + name[found.end() :]).strip(), found[1] or found[2]


def _figures(figures: Sequence[Amount], quantity: str | None) -> Item:
    """Quantity and price of one are told apart by their product, else a whole number before the price is a quantity."""
    *before, price = (figure.value for figure in figures)
    item = {} if quantity is None else {"quantity": quantity}
    if len(before) >= 2 and abs(float(before[-1]) * float(before[-2]) - float(price)) < 0.011:
        whole_last = "." not in before[-1] and "." in before[-2]
        item["quantity"], item["unit_price"] = (before[-1], before[-2]) if whole_last else (before[-2], before[-1])
    elif before and "." not in before[-1] and quantity is None:
        item["quantity"] = before[-1]
    elif before:
        item["unit_price"] = before[-1]
    return item | {"price": price}
