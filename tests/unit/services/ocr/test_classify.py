import json
from pathlib import Path

import pytest

from services.ocr.classify import classify

from .fields.printed import printed
from .fields.test_receipt import SHOP

EXAM = """七年级数学上册单元测试卷
班级:____ 姓名:____ 得分:____
一、填空题(每空2分,共16分)
1.若气温上升3℃记作+3℃,则下降5℃记作____。
2.-7的相反数是____"""
LETTER = """Dear Sir,
the price of the book dropped from $48.00 to $36.00 after we wrote
to you on 12 March 2024; we ask you to send us the difference by cash.
Yours sincerely"""
ID_FRONT = """姓名 王小明
性别 男 民族 汉
出生 1949 年 12 月 31 日
住址 北京市朝阳区建国路88号
公民身份号码 11010519491231002X"""
ID_BACK = "中华人民共和国\n居民身份证\n签发机关 北京市公安局朝阳分局\n有效期限 2015.06.01-2035.06.01"
CARD = "青石科技有限公司\n王小明 高级工程师\n手机：138-1234-5678\nwang.xm@qingshi.com.cn\n北京市海淀区中关村大街1号"
ENGLISH_CARD = "John Smith\nSales Director\nAcme Inc.\nT: +1 (415) 555-2671\njohn@acme.com\nwww.acme.com"
ENGLISH_RECEIPT = "CORNER STORE\n03/15/2024 18:42\nMILK 3.48\nBREAD 2.50\nTOTAL $5.98\nCASH 10.00\nCHANGE 4.02"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SHOP, "receipt"),
        (ENGLISH_RECEIPT, "receipt"),
        (ID_FRONT, "id_card"),
        (ID_BACK, "id_card"),
        (CARD, "business_card"),
        (ENGLISH_CARD, "business_card"),
        (EXAM, "document"),
        (LETTER, "document"),
    ],
)
def test_a_page_is_known_by_its_signs(text: str, kind: str) -> None:
    found, confidence = classify(*printed(text), 900, 560)
    assert found == kind
    assert confidence > 0.8


def test_an_empty_page_is_a_document_as_most_are() -> None:
    assert classify([], (), 100, 100)[0] == "document"


def test_a_form_that_asks_for_a_name_is_no_id_card() -> None:
    assert classify(*printed("学生登记表\n姓名 性别 民族\n出生年月 住址\n联系电话 备注"), 600, 900)[0] == "document"


def test_less_evidence_makes_less_confident() -> None:
    rows = SHOP.strip().split("\n")
    whole, part = classify(*printed(SHOP), 400, 600), classify(*printed("\n".join(rows[3:6])), 400, 600)
    assert whole[1] > part[1]


def test_the_shared_pages_are_what_they_are(shared_data: Path) -> None:
    entries = json.loads((shared_data / "ocr" / "manifest.json").read_text(encoding="utf-8"))
    pages = [(entry, printed("\n".join(entry["lines"]))) for entry in entries if "lines" in entry]
    wrong = [entry["file"] for entry, page in pages if classify(*page, 600, 800)[0] != entry["kind"]]
    assert wrong == []
