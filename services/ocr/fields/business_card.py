"""Business cards, Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from services.ocr.fields.rows import Row, digits_mended

EMAIL = re.compile(r"[A-Za-z0-9][\w.+-]*\s?@\s?[A-Za-z0-9-]+(?:\s?\.\s?[A-Za-z0-9-]+)*\s?\.\s?[A-Za-z]{2,}")
URL = re.compile(r"(?:https?://\S+|www\s?\.\s?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/\S*)?)", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\d.])(?:\(?\+?\d{1,3}\)?[\s.-]?)?(?:\(0?\d{2,4}\)|\d{2,4})[\s.-]?\d{3,4}[\s.-]?\d{3,4}(?:[\s-]?(?:ext\.?|转|x)\s?\d{1,5}|-\d{1,5})?(?![\d.])",
    re.IGNORECASE,
)
COMPANY = re.compile(
    r"公司|集团|事务所|研究[院所]|[大中小]学$|学院$|银行|医院|工作室|出版社|协会|"
    r"\b(?:ltd|limited|inc|llc|corp|corporation|gmbh|company|group|university|institute|bank|studio|partners|technologies|labs?)\b|\bco\.",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"经理|总监|总裁|董事|主[任管席]|工程师|设计师|律师|会计师?|教授|讲师|教师|顾问|助理|专员|代表|秘书|院长|校长|编辑|架构师|医师|医生|创始人|合伙人|"
    r"\b(?:manager|director|president|engineer|designer|officer|c[efto]o|founder|partner|consultant|professor|lawyer|attorney|analyst|developer|"
    r"architect|assistant|secretary|editor|head of|sales|lead|chief|vp|scientist|accountant)\b",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"地\s?址|[省市区县镇].*(?:[路街道巷村园]|大厦|广场|号|楼)|[路街道巷]\s?\d+\s?号|"
    r"\b(?:add(?:ress)?)\s?:|\d+\W+(?:\w+\W+){0,4}(?:street|st|road|rd|avenue|ave|boulevard|blvd|lane|drive|way|square|suite|floor)\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"(?:邮\s?编|邮政编码|post\s?code|zip)\s?:?\s?(\d{5,6})", re.IGNORECASE)
_FAX = re.compile(r"传\s?真|\bfax\b|(?<![A-Za-z])F\s?[:.]", re.IGNORECASE)
_PHONE_LABEL = re.compile(
    r"电\s?话|手\s?机|传\s?真|热线|\b(?:tel|phone|mobile|mob|cell|fax|direct)\b|(?<![A-Za-z])[TMPF]\s?[:.]",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^(?:地\s?址|公司|姓\s?名|职\s?务|职\s?位|add(?:ress)?|name|title|company)\s?[:.]\s?", re.IGNORECASE
)
_HAN_NAME = re.compile(r"[\u4e00-\u9fff](?:\s?[\u4e00-\u9fff]){1,3}")
_LATIN_NAME = re.compile(r"(?:(?:Dr|Mr|Ms|Mrs|Prof)\.?\s)?[A-Z][A-Za-z'’-]+(?:\s[A-Z]\.?)?(?:\s[A-Z][A-Za-z'’-]+){1,2}")


def read(rows: Sequence[Row]) -> dict[str, Any]:
    """Fields of a business card as `services.ocr.fields.extract` names them."""
    numbers = [(row.text, list(_phones(row.text))) for row in rows]
    found = {
        **_person(rows),
        "company": next((_bare(part) for row in rows for part in row.parts if _is_company(part)), None),
        "phones": [phone for _, phones in numbers for is_fax, phone in phones if not is_fax],
        "faxes": [phone for _, phones in numbers for is_fax, phone in phones if is_fax],
        "emails": _all(EMAIL, rows),
        "urls": _all(URL, rows),
        "address": _address(rows),
        "postcode": next((match[1] for row in rows if (match := _POSTCODE.search(row.text))), None),
    }
    return {name: value for name, value in found.items() if value}


def _person(rows: Sequence[Row]) -> dict[str, str | None]:
    """The tallest line that can be a name; the title in its row, or the first line that holds one."""
    names = [(row.height, name) for row in rows if (name := _name(row))]
    name = max(names, key=lambda found: found[0], default=(0.0, None))[1]
    titles = [title for row in rows for part in row.parts if (title := _title(part, name))]
    return {"name": name, "title": titles[0] if titles else None}


def _name(row: Row) -> str | None:
    for part in row.parts:
        text = _bare(part)
        for candidate in (text, text.split(" ")[0], TITLE.sub("", text).strip(" ,-|/")):
            if _is_name(candidate):
                return candidate
    return None


def _is_name(text: str) -> bool:
    shaped = _HAN_NAME.fullmatch(text) or _LATIN_NAME.fullmatch(text)
    return bool(shaped) and not any(pattern.search(text) for pattern in (TITLE, COMPANY, ADDRESS, _PHONE_LABEL))


def _title(part: str, name: str | None) -> str | None:
    text = _bare(part).replace(name, "", 1) if name else _bare(part)
    found = text.strip(" ,-|/")
    is_title = TITLE.search(found) and not COMPANY.search(found) and not EMAIL.search(found) and not URL.search(found)
    return found if is_title else None


def _is_company(part: str) -> bool:
    return bool(COMPANY.search(part)) and not EMAIL.search(part) and not URL.search(part) and not ADDRESS.match(part)


def _phones(text: str) -> Iterator[tuple[bool, str]]:
    """Whether it is a fax, and the number; told by the label before it. Addresses and postcodes hold no phones."""
    text = digits_mended(URL.sub(" ", EMAIL.sub(" ", _POSTCODE.sub(" ", text))))
    labelled = _PHONE_LABEL.search(text)
    if ADDRESS.search(text) and not labelled:
        return
    for found in PHONE.finditer(text):
        if 7 <= sum(map(str.isdigit, found[0])) <= 17:
            labels = [label[0] for label in _PHONE_LABEL.finditer(text[: found.start()])]
            yield bool(labels and _FAX.search(labels[-1])), found[0].strip(" .-")


def _all(pattern: re.Pattern[str], rows: Sequence[Row]) -> list[str]:
    return list(
        dict.fromkeys(re.sub(r"\s", "", found[0]).rstrip(".,;") for row in rows for found in pattern.finditer(row.text))
    )


def _address(rows: Sequence[Row]) -> str | None:
    row = next((row.text for row in rows if ADDRESS.search(row.text) and not _is_company_only(row.text)), None)
    return _POSTCODE.sub("", _bare(row)).strip(" ,;") if row else None


def _is_company_only(text: str) -> bool:
    return bool(COMPANY.search(text)) and not re.search(r"\d|地\s?址", text)


def _bare(text: str) -> str:
    return _LABEL.sub("", text).strip()
