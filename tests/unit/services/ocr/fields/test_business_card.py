from services.ocr.fields import extract

from .printed import printed


def test_a_chinese_card_is_read_whole() -> None:
    page = printed(
        """
青石科技有限公司
王小明 | 高级工程师
手机：138-1234-5678
电话: 010-8888 6666 传真:010-88886667
邮箱：wang.xm@qingshi.com.cn
网址 www.qingshi.com.cn
地址：北京市海淀区中关村大街1号 邮编：100080""",
        {1: 36.0},
    )
    assert extract("business_card", *page) == {
        "name": "王小明",
        "title": "高级工程师",
        "company": "青石科技有限公司",
        "phones": ["138-1234-5678", "010-8888 6666"],
        "faxes": ["010-88886667"],
        "emails": ["wang.xm@qingshi.com.cn"],
        "urls": ["www.qingshi.com.cn"],
        "address": "北京市海淀区中关村大街1号",
        "postcode": "100080",
    }


def test_an_english_card_is_read_whole() -> None:
    page = printed("""John A. Smith
Senior Product Manager
Acme Technologies Inc.
T: +1 (415) 555-2671
F: +1 415 555 2672
john.smith@acme.com | www.acme.com
500 Market Street, Suite 200, San Francisco, CA 94105""")
    assert extract("business_card", *page) == {
        "name": "John A. Smith",
        "title": "Senior Product Manager",
        "company": "Acme Technologies Inc.",
        "phones": ["+1 (415) 555-2671"],
        "faxes": ["+1 415 555 2672"],
        "emails": ["john.smith@acme.com"],
        "urls": ["www.acme.com"],
        "address": "500 Market Street, Suite 200, San Francisco, CA 94105",
    }


def test_blanks_inside_an_address_for_mail_are_taken_out() -> None:
    found = extract("business_card", *printed("e-mail: li @ example . com")) or {}
    assert found["emails"] == ["li@example.com"]


def test_name_and_title_may_stand_in_one_line() -> None:
    found = extract("business_card", *printed("李小红 总经理\n大明集团\n电话 13912345678")) or {}
    assert (found["name"], found["title"], found["company"]) == ("李小红", "总经理", "大明集团")


def test_the_largest_line_is_the_name() -> None:
    found = extract("business_card", *printed("诚信为本\n赵子龙\n总监", {1: 40.0})) or {}
    assert found["name"] == "赵子龙"


def test_the_number_of_a_house_is_no_phone() -> None:
    assert extract("business_card", *printed("地址:上海市南京路1234号5678室 200001")) == {
        "address": "上海市南京路1234号5678室 200001"
    }
