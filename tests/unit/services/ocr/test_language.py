import json
from pathlib import Path

import pytest

from services.ocr.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("下列关于质点的说法中,正确的是(  )", "chinese"),
        ("The quick brown fox jumps over the lazy dog.", "english"),
        ("信息技术 Information Technology 测验", "mixed"),
        ("一辆汽车以20m/s的速度匀速行驶,加速度为5m/s, f(x) = sin x, 体积 500mL, pH 小于 7", "chinese"),
        ("A.体积很小 B.质量很小 C.地球 D.乒乓球", "chinese"),
        ("Beijing (北京) is the capital of China and has been so for most of seven centuries.", "english"),
        ("", "mixed"),
        ("3 + 4 = 7, x < 2", "mixed"),
    ],
)
def test_what_is_said_most_names_the_language(text: str, language: str) -> None:
    assert detect(text) == language


def test_lost_blanks_do_not_change_the_language() -> None:
    text = "信息技术 Information Technology 测验"
    assert detect(text.replace(" ", "")) == detect(text)


def test_the_shared_pages_are_in_their_languages(shared_data: Path) -> None:
    entries = json.loads((shared_data / "ocr" / "manifest.json").read_text(encoding="utf-8"))
    wrong = [
        entry["file"] for entry in entries if "lines" in entry and detect("\n".join(entry["lines"])) != entry["lang"]
    ]
    assert wrong == []
