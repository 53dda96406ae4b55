"""Receipts and bills, Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from services.ocr.fields.amounts import Amount, amounts_in, currency_of
from services.ocr.fields.dates import dates_in, time_in
from services.ocr.fields.items import items_of
from services.ocr.fields.rows import Row, digits_mended

# In the order in which they are looked for: "subtotal" before "total", "合计税额" before "合计".
_LABELS = {
    "subtotal": r"小\s?计|商品金额|sub\W?total|net amount",
    "tax": r"(?:合\s?计)?税\s?额|增值税|(?:total )?(?:sales )?\b(?:tax|vat|gst|hst)\b(?! ?(?:no|id|reg|invoice))",
    "discount": r"(?:总?优\s?惠|折\s?扣|减\s?免|立\s?减|抹\s?零)(?:金额|合计)?|discount|savings?|total saved|coupon",
    "due": r"应\s?[付收](?:金额|合计|款)?|价税合计|总\s?应付|(?:amount|balance|total) due|grand total|total amount",
    "total": r"(?:金额)?[合总共]\s?计(?:金额)?|总\s?金?\s?额|(?:消费|交易)[金总]额|"
    r"\btotal\b(?! ?(?:items?|qty|quantity|no))",
    "paid": r"实\s?[收付](?:金额|款)?|已付(?:金额)?|收\s?款|付\s?款(?:金额)?|现\s?金(?:收|支付)?|微信支付|"
    r"支付宝|银行卡|刷卡|\bcash\b|tendered|amount paid|\bpaid\b|visa|mastercard|(?:credit|debit) card",
    "change": r"找\s?[零赎回]|change(?: due)?\b",
}
_LABEL = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _LABELS.items()), re.IGNORECASE)
_NOT_AN_AMOUNT = re.compile(r"方式|时间|日期|单号|件|数量|人|账号|卡号|积分|method|by\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:(?:小|收|发)?票\s?(?:据)?\s?(?:编?号|号码)|(?:交易|订|账|流水|单据|收据|销售)\s?单?\s?(?:编?号|号码)|流水号|单\s?号|"
    r"(?:receipt|invoice|order|trans(?:action)?|check|ticket|bill)\s?(?:number|no\.?|id|#)|(?<![A-Za-z])no\.)"
    r"\s?[.:#]?\s?(?P<number>[A-Za-z0-9][A-Za-z0-9/-]{2,})",
    re.IGNORECASE,
)
_MERCHANT = re.compile(r"(?:商户|商家|店铺?|门店|收款方|销售方)\s?(?:名\s?称|名)?\s?:\s?(?P<name>\S.*)")
_TITLE = re.compile(
    r"收银|小\s?票|收\s?据|结[账帐算]单|[账帐]\s?单|购物凭证|销售单|预结单|消费单|"
    r"电子发票|(?:增值税)?(?:普通|专用)?发票|欢迎(?:光临|惠顾)?|"
    r"(?:sales |tax |cash )?(?:receipt|invoice)|welcome(?: to)?|customer copy|duplicate",
    re.IGNORECASE,
)
_TRADE = re.compile(
    r"[店厅馆铺坊屋]$|超市|商[场店行城贸]|公司|餐[厅饮馆]|酒[店楼家]|药[房店]|便利|咖啡|饭[店馆庄]|百货|"
    r"书[店城]|集团|食堂|烘焙|"
    r"\b(?:store|market|mart|shop|ltd|inc|llc|gmbh|restaurant|caf[eé]|coffee|supermarket|pharmacy|hotel|bakery|bar|co)\b",
    re.IGNORECASE,
)
_PAYMENTS = {
    "wechat": r"微信|we\s?chat",
    "alipay": r"支付宝|ali\s?pay",
    "unionpay": r"银联|云闪付|union\s?pay",
    "apple_pay": r"apple\s?pay",
    "card": r"银行卡|刷卡|信用卡|储蓄卡|\b(?:visa|mastercard|amex|credit card|debit card|card)\b",
    "cash": r"现\s?金|\bcash\b",
}


def read(rows: Sequence[Row]) -> dict[str, Any]:
    """Fields of a receipt as `services.ocr.fields.extract` names them."""
    texts = [row.text for row in rows]
    sums = _sums(texts)
    currency = currency_of(texts)
    first_sum = min((number for number, _ in sums.values()), default=len(texts))
    merchant = _merchant(texts)
    found: dict[str, Any] = {
        "merchant": merchant,
        "date": next((day for text in texts for day in dates_in(text, month_first=_month_first(currency))), None),
        "time": next(filter(None, map(time_in, texts)), None),
        "number": next((match["number"] for match in map(_NUMBER.search, texts) if match), None),
        "items": items_of([text for text in texts[:first_sum] if _may_be_item(text, merchant)]),
        **{name: amount.value for name, (_, amount) in sums.items() if name != "due"},
        "total": (sums.get("due") or sums.get("total") or (0, None))[1],
        "payment": _payment(texts),
        "currency": currency,
    }
    found["total"] = found["total"].value if found["total"] else None
    return {name: value for name, value in found.items() if value}


def _month_first(currency: str | None) -> bool | None:
    """Americans write the month first; who pays in euros or pounds writes the day first."""
    return {"USD": True, "EUR": False, "GBP": False}.get(currency or "")


def _sums(texts: Sequence[str]) -> dict[str, tuple[int, Amount]]:
    """For each label its row and amount; of a label that stands twice, the first."""
    found: dict[str, tuple[int, Amount]] = {}
    for number, text in enumerate(texts):
        for name, amount in _labelled(text, texts[number + 1] if number + 1 < len(texts) else ""):
            found.setdefault(name, (number, amount))
    return found


def _labelled(text: str, below: str) -> Iterator[tuple[str, Amount]]:
    """Labels of a row with the amount after each; that of a label alone may be all there is in the row below."""
    text = digits_mended(text)
    labels = list(_LABEL.finditer(text))
    for label, end in zip(labels, [*(other.start() for other in labels[1:]), len(text)], strict=False):
        between = text[label.end() : end]
        if _NOT_AN_AMOUNT.match(between.lstrip()):
            continue
        amount = _best(amounts_in(between)) or (_alone(below) if not between.strip(" :") else None)
        if amount is not None and label.lastgroup:
            yield label.lastgroup, amount


def _best(amounts: Sequence[Amount]) -> Amount | None:
    """Money rather than a count of pieces; the last one: amounts stand at the right."""
    return next((amount for amount in reversed(amounts) if amount.is_money), amounts[-1] if amounts else None)


def _alone(text: str) -> Amount | None:
    amounts = amounts_in(text)
    mended = digits_mended(text).strip()
    return amounts[0] if len(amounts) == 1 and amounts[0].end - amounts[0].start >= len(mended) else None


def _merchant(texts: Sequence[str]) -> str | None:
    """After its label; else among the first rows the one named like a shop; else the first that is a name at all."""
    labelled = next((match["name"] for match in map(_MERCHANT.search, texts) if match), None)
    if labelled:
        return labelled
    names = [name for name in map(_name, texts[:6]) if name]
    return next(
        (name for name in names if _TRADE.search(name)), names[0] if names and _name(texts[0]) == names[0] else None
    )


def _name(text: str) -> str | None:
    name = _TITLE.sub("", text).strip(" -*=#.,:!~")
    letters = sum(map(str.isalpha, name))
    return name if letters >= 2 and letters > sum(map(str.isdigit, name)) and ":" not in name else None


def _may_be_item(text: str, merchant: str | None) -> bool:
    return (
        not (merchant and merchant in text)
        and not _NUMBER.search(text)
        and not dates_in(text)
        and time_in(text) is None
    )


def _payment(texts: Sequence[str]) -> str | None:
    page = "\n".join(texts)
    return next((name for name, pattern in _PAYMENTS.items() if re.search(pattern, page, re.IGNORECASE)), None)
