import pytest

from services.ocr.fields import extract
from services.ocr.fields.id_card import is_valid, number_in

from .printed import printed

# The examples of GB 11643-1999.
VALID = ["11010519491231002X", "440524188001010014"]


@pytest.mark.parametrize("number", VALID)
def test_a_number_with_the_right_check_character_is_valid(number: str) -> None:
    assert is_valid(number)


@pytest.mark.parametrize(
    "number", ["110105194912310021", "11010519491331002X", "1101051949123100", "1101051949123100XX"]
)
def test_a_number_with_another_check_character_date_or_length_is_not(number: str) -> None:
    assert not is_valid(number)


def test_every_single_wrong_digit_is_noticed() -> None:
    number = VALID[0]
    wrong = [number[:k] + digit + number[k + 1 :] for k in range(17) for digit in "0123456789" if digit != number[k]]
    assert not any(map(is_valid, wrong))


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert number_in("公民身份号码llO105I949123lO02x") == VALID[0]


def test_the_front_is_read_whole() -> None:
    page = printed("""姓名 | 张三丰
性别 男 | 民族 汉
出生 1949 年 12 月 31 日
住址 北京市朝阳区建国路
88号院2号楼1501室
公民身份号码 11010519491231002X""")
    assert extract("id_card", *page) == {
        "name": "张三丰",
        "sex": "男",
        "ethnicity": "汉",
        "birth_date": "1949-12-31",
        "address": "北京市朝阳区建国路88号院2号楼1501室",
        "number": "11010519491231002X",
        "number_valid": True,
    }


def test_rows_may_run_together_and_colons_be_full_width() -> None:
    found = extract("id_card", *printed("姓名：李红性别：女民族：土家\n出生1985年12月1日")) or {}
    assert (found["name"], found["sex"], found["ethnicity"], found["birth_date"]) == (
        "李红",
        "女",
        "土家",
        "1985-12-01",
    )


@pytest.mark.parametrize(("printed_end", "end"), [("2035.06.01", "2035-06-01"), ("长期", "长期")])
def test_the_back_is_read_whole(printed_end: str, end: str) -> None:
    page = printed(f"中华人民共和国\n居民身份证\n签发机关 北京市公安局朝阳分局\n有效期限 2015.06.01-{printed_end}")
    assert extract("id_card", *page) == {
        "issuer": "北京市公安局朝阳分局",
        "valid_from": "2015-06-01",
        "valid_until": end,
    }


def test_a_damaged_number_is_given_and_said_to_be_wrong() -> None:
    found = extract("id_card", *printed("公民身份号码 110105194912310029")) or {}
    assert found == {"number": "110105194912310029", "number_valid": False}


def test_what_is_not_there_is_absent() -> None:
    assert extract("id_card", *printed("居民身份证")) == {}
