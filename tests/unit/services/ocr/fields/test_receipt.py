import json
from pathlib import Path
from typing import Any

import pytest

from services.ocr.fields import extract

from .printed import printed


def fields_of(text: str) -> dict[str, Any]:
    return extract("receipt", *printed(text)) or {}


SHOP = """
青石巷便民超市
收银小票 RECEIPT
日期:2024-03-15 18:42:07
小票号:0031-5527
矿泉水 550ml x3 | 6.00
方便面 红烧味 x2 | 9.80
纸巾 三层 120抽 | 2.50
合计: | 18.30
实收:20.00 | 找零:1.70
谢谢惠顾 欢迎再次光临
"""


def test_a_chinese_receipt_is_read_whole() -> None:
    assert fields_of(SHOP) == {
        "merchant": "青石巷便民超市",
        "date": "2024-03-15",
        "time": "18:42:07",
        "number": "0031-5527",
        "items": [
            {"name": "矿泉水 550ml", "quantity": "3", "price": "6.00"},
            {"name": "方便面 红烧味", "quantity": "2", "price": "9.80"},
            {"name": "纸巾 三层 120抽", "price": "2.50"},
        ],
        "total": "18.30",
        "paid": "20.00",
        "change": "1.70",
    }


def test_an_english_receipt_is_read_whole() -> None:
    found = fields_of("""
        Blue Bottle Coffee
        Order #4521
        Mar 12, 2024 9:05 PM
        2 Latte | $11.00
        1 Croissant | $4.25
        Subtotal | $15.25
        Sales Tax 8% | $1.22
        TOTAL | $16.47
        VISA ****1234 | $16.47
        Thank you""")
    assert found == {
        "merchant": "Blue Bottle Coffee",
        "date": "2024-03-12",
        "time": "21:05",
        "number": "4521",
        "items": [
            {"name": "Latte", "quantity": "2", "price": "11.00"},
            {"name": "Croissant", "quantity": "1", "price": "4.25"},
        ],
        "subtotal": "15.25",
        "tax": "1.22",
        "total": "16.47",
        "paid": "16.47",
        "payment": "card",
        "currency": "USD",
    }


@pytest.mark.parametrize(
    ("clean", "noisy"),
    [
        ("合计: | 18.30", "合 计：18。30"),
        ("合计: | 18.30", "合计 | １８．３０"),
        ("合计: | 18.30", "合计: | l8.3O"),
        ("合计: | 18.30", "合计:\n18.30"),
        ("合计: | 18.30", "合计 3件 | 18.30"),
        ("合计: | 18.30", "合计：￥18.30"),
        ("2024-03-15 18:42:07", "2O24-O3-l5 18：42：07"),
        ("2024-03-15 18:42:07", "2024-03-1518:42:07"),
        ("2024-03-15 18:42:07", "2024年3月15日 18:42:07"),
    ],
)
def test_what_recognisers_get_wrong_is_mended(clean: str, noisy: str) -> None:
    assert clean in SHOP
    found = fields_of(SHOP.replace(clean, noisy))
    assert (found["date"], found["time"], found["total"]) == ("2024-03-15", "18:42:07", "18.30")


def test_a_label_without_an_amount_takes_none_that_belongs_to_another() -> None:
    assert "total" not in fields_of("便民超市\n矿泉水 | 6.00\n合计:\n实收: | 20.00")


def test_what_is_due_after_a_discount_is_the_total() -> None:
    found = fields_of("便民超市\n果汁 | 20.00\n合计 | 20.00\n优惠 | -2.00\n应付金额 | 18.00")
    assert (found["total"], found["discount"]) == ("18.00", "-2.00")


def test_a_table_of_items_tells_quantity_and_price_of_one() -> None:
    found = fields_of(
        "小龙餐馆\n品名 | 数量 | 单价 | 金额\n红烧肉 | 2 | 38.00 | 76.00\n米饭 | 3.00 | 4 | 12.00\n总计 | 88.00元"
    )
    assert found["items"] == [
        {"name": "红烧肉", "quantity": "2", "unit_price": "38.00", "price": "76.00"},
        {"name": "米饭", "quantity": "4", "unit_price": "3.00", "price": "12.00"},
    ]
    assert found["currency"] == "CNY"


def test_a_name_may_stand_over_its_figures() -> None:
    found = fields_of("小龙餐馆\n特价大米 5kg装\n2 | 29.90 | 59.80\n合计 | 59.80")
    assert found["items"] == [{"name": "特价大米 5kg装", "quantity": "2", "unit_price": "29.90", "price": "59.80"}]


def test_a_shop_is_found_under_a_greeting() -> None:
    assert fields_of("欢迎光临\n家家乐超市\n牛奶 | 5.50\n合计 | 5.50")["merchant"] == "家家乐超市"


def test_a_date_that_may_be_one_of_two_days_is_left_out() -> None:
    assert "date" not in fields_of("Corner Shop\n03/04/2024\nTotal 5.00")
    assert fields_of("Corner Shop\n03/04/2024\nTotal $5.00")["date"] == "2024-03-04"
    assert fields_of("Corner Shop\n03/04/2024\nTotal £5.00")["date"] == "2024-04-03"
    assert fields_of("Corner Shop\n13/04/2024\nTotal 5.00")["date"] == "2024-04-13"


def test_no_field_is_made_up() -> None:
    assert fields_of("12\n34") == {}
    assert extract("receipt", [], ()) == {}


def test_documents_have_no_fields() -> None:
    assert extract("document", *printed("合计 18.30")) is None


def test_the_shared_receipts_say_their_fields(shared_data: Path) -> None:
    entries = json.loads((shared_data / "ocr" / "manifest.json").read_text(encoding="utf-8"))
    receipts = [entry for entry in entries if entry["kind"] == "receipt" and entry.get("fields")]
    assert receipts
    for entry in receipts:
        found = fields_of("\n".join(entry["lines"]))
        assert {name: found.get(name) for name in entry["fields"]} == entry["fields"]


@pytest.mark.parametrize("piece", ["1 ", "a@", "12-", "姓名", "公司", "x"])
def test_only_as_much_is_looked_at_as_such_pages_have(piece: str) -> None:
    page = printed("\n".join([piece * 50_000] * 3))
    for kind in ("receipt", "id_card", "business_card"):
        assert isinstance(extract(kind, *page), dict)
