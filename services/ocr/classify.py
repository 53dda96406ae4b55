"""What kind of page it is: a document, a receipt, an id card or a business card."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from services.ocr.fields.amounts import amounts_in
from services.ocr.fields.business_card import ADDRESS, COMPANY, EMAIL, PHONE, TITLE, URL
from services.ocr.fields.dates import dates_in, time_in
from services.ocr.fields.id_card import is_valid, number_in
from services.ocr.fields.rows import printed_rows
from services.ocr.page import Region

_PRIOR = {"document": 0.7, "receipt": 0.1, "id_card": 0.1, "business_card": 0.1}

# How much more often a page of that type shows the sign than a document does, as the natural logarithm of the ratio.
# Set by hand from what such pages must or may show; 0.7 is twice as often, 2.3 ten times, 4.6 a hundred times.
_RECEIPT_SIGNS = {
    r"小\s?票|收\s?银|收据|结[账帐]单|\breceipt\b|\binvoice\b|发\s?票": 2.3,
    r"[合总共]\s?计|小\s?计|应[付收]|(?:sub\s?)?\btotal\b|amount due|balance due": 1.6,
    r"实\s?[收付]|找\s?[零赎]|\bchange\b|tendered|\bcash\b|现金|支付宝|微信支付|\bvisa\b|mastercard": 1.6,
    r"谢谢惠顾|欢迎(?:再次)?光临|多谢惠顾|thank you|come again": 1.4,
    r"单\s?价|数\s?量|金\s?额|\bqty\b|\bprice\b": 0.7,
    r"[¥$€£]\s?\d|\d\s?元": 0.5,
    r"流水号|单\s?号|收款|会员|税\s?额|\btax\b|\bvat\b|cashier": 0.9,
}
_ID_CARD_SIGNS = {
    r"居民身份证|身份证件|identitycard|driver'?s?licen[cs]e|residentpermit": 3.5,
    r"公民身份号码|身份证号": 3.0,
    r"签发机关|issuingauthority": 2.5,
    r"有效期限|dateofexpiry|dateofissue": 1.8,
    r"民族:?(?:汉|壮|满|回|苗|维吾尔|土家|彝|蒙古|藏|布依|侗|瑶|朝鲜|白|哈尼|哈萨克|黎|傣|畲|傈僳|东乡|仡佬)": 1.6,
    r"出生.{0,12}年.{0,6}月.{0,6}日": 1.6,
    r"住址:?.{5,}": 1.6,
    r"性别:?[男女]": 1.4,
    r"姓名:?[\u4e00-\u9fff]": 0.5,
    r"dateofbirth|\bdob\b|placeofbirth": 1.8,
    r"nationality": 1.0,
    r"\bsex:?[mf]": 0.8,
}
_CARD_ROWS = 30  # no card has more
_PROSE = re.compile(r"[。,;?!]|\w \w+ \w+ \w")
_NUMBERED = re.compile(r"\(?\d{1,2}[.、)](?!\d)")
_SECTION = re.compile(
    r"^[一二三四五六七八九十]、|试[卷题]|测[验试]|考试|\bexam|\bchapter\b|\bsection\b|\((?:\s|\d+ ?分)\)", re.IGNORECASE
)


def classify(
    regions: Sequence[Region], paragraphs: Sequence[Sequence[Sequence[int]]], width: int, height: int
) -> tuple[str, float]:
    """The likeliest type, and how likely it is: the posterior of a naive Bayes over four types.

    Seven pages of ten are taken for documents beforehand; each sign found on the page (words, forms of numbers, the
    share of rows that end in a price, how much text there is, the shape of the page) multiplies the odds of a type by
    its ratio. Signs on one page depend on each other, so what is far ahead is overstated: a confidence under 0.8 is a
    guess, one over 0.99 says that several signs agree.

    Args:
        regions: in reading order, as in `PageResult`.
        paragraphs: rows of indexes of `regions`, as in `PageResult`.
        width: of the upright page, in pixels.
        height: likewise.
    """
    rows = [row.text for row in printed_rows(regions, paragraphs)]
    aspect = width / max(height, 1)
    logs = {
        "document": sum(_document(rows)),
        "receipt": sum(_receipt(rows)),
        "id_card": sum(_id_card(rows)),
        "business_card": sum(_business_card(rows, aspect)),
    }
    return _likeliest({name: math.log(_PRIOR[name]) + log for name, log in logs.items()})


def _likeliest(logs: Mapping[str, float]) -> tuple[str, float]:
    highest = max(logs.values())
    odds = {name: math.exp(log - highest) for name, log in logs.items()}
    name = max(odds, key=lambda name: odds[name])
    return name, round(odds[name] / sum(odds.values()), 4)


def _signs(page: str, signs: Mapping[str, float]) -> Iterator[float]:
    return (log for pattern, log in signs.items() if re.search(pattern, page, re.IGNORECASE))


def _document(rows: Sequence[str]) -> Iterator[float]:
    """Running text, questions, sections."""
    prose = sum(len(row) >= 18 and bool(_PROSE.search(row)) and not amounts_in(row[-8:]) for row in rows)
    yield min(0.5 * prose, 4.0)
    yield min(0.8 * sum(map(bool, map(_NUMBERED.match, rows))), 3.0)
    yield 1.5 if any(map(_SECTION.search, rows)) else 0.0
    yield max(0.0, (len(rows) - 40) / 10)


def _receipt(rows: Sequence[str]) -> Iterator[float]:
    page = "\n".join(rows)
    yield from _signs(page, _RECEIPT_SIGNS)
    priced = sum(
        bool(amounts := amounts_in(row)) and amounts[-1].is_money and amounts[-1].end >= len(row) - 2 for row in rows
    )
    share = priced / max(len(rows), 1)
    yield 2.0 if priced >= 2 and share >= 0.25 else 0.8 if priced >= 2 and share >= 0.1 else -1.5
    yield 0.9 if any(dates_in(row) and time_in(row) for row in rows) else 0.0


def _id_card(rows: Sequence[str]) -> Iterator[float]:
    if len(rows) > _CARD_ROWS:
        yield -6.0
        return
    page = re.sub(r"[ \t]", "", "\n".join(rows))
    found = list(_signs(page, _ID_CARD_SIGNS))
    yield from found
    number = number_in(page)
    yield (4.0 if is_valid(number) else 1.5) if number else 0.0
    yield -2.0 if len(found) < 2 else 0.0


def _business_card(rows: Sequence[str], aspect: float) -> Iterator[float]:
    """Who somebody is and how to be reached, and little else."""
    if len(rows) > _CARD_ROWS:
        yield -6.0
        return
    page = "\n".join(rows)
    is_somebody = any(TITLE.search(row) and len(row) <= 40 for row in rows)
    is_somewhere = any(COMPANY.search(row) and len(row) <= 50 for row in rows)
    yield 1.8 if EMAIL.search(page) else 0.0
    yield 1.2 if URL.search(EMAIL.sub("", page)) else 0.0
    yield 1.2 if any(7 <= sum(map(str.isdigit, found[0])) <= 15 for found in PHONE.finditer(page)) else -1.0
    yield 1.2 * is_somebody + 0.8 * is_somewhere if is_somebody or is_somewhere else -1.5
    yield 0.8 if any(ADDRESS.search(row) for row in rows) else 0.0
    yield 0.7 if 1.3 <= aspect <= 2.1 or 0.48 <= aspect <= 0.77 else -0.5
    yield 0.5 if 2 <= len(rows) <= 14 and len(page) <= 400 else -2.5
    yield -1.5 if any(amount.is_money for row in rows for amount in amounts_in(row)) else 0.0
