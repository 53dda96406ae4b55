import pytest

from services.ocr.running_text import is_one_run


@pytest.mark.parametrize("pair", ["题目", "用T", "P协", "a,", "5%", "は1", "ＡB", "𠮷x"])
def test_no_blank_stands_beside_square_characters_and_before_closing_marks(pair):
    assert is_one_run(*pair)


@pytest.mark.parametrize("pair", ["ab", "1a", ",a", "(a", "한글"])
def test_words_of_letters_are_parted(pair):
    assert not is_one_run(*pair)
