import pytest

from services.errors import InvalidInputError, ModelLoadError
from services.ocr.requirements import Requirements
from services.ocr.selector import ACCURACY, BALANCE, SPEED, select

ALL = {"rapidocr": None, "easyocr": None, "tesseract": None}
RAPIDOCR = {"rapidocr": None, "easyocr": "easyocr has no weights.", "tesseract": "tesseract is not installed."}
NONE = {"rapidocr": "rapidocr is broken.", "easyocr": "no weights.", "tesseract": "no program."}


def choose(available=ALL, **asked):
    strategy = select(Requirements.of(asked), available)
    return strategy.engines, strategy.detector_side, strategy.fusion


@pytest.mark.parametrize(
    ("accuracy", "speed", "side"),
    [
        ("low", "fast", SPEED),
        ("low", "medium", SPEED),
        ("low", "slow", BALANCE),
        ("medium", "fast", SPEED),
        ("medium", "medium", BALANCE),
        ("medium", "slow", ACCURACY),
        ("high", "fast", BALANCE),
        ("high", "medium", ACCURACY),
        ("high", "slow", ACCURACY),
    ],
)
def test_the_page_is_looked_at_as_closely_as_accuracy_and_speed_allow(accuracy, speed, side):
    asked = {"accuracy_requirement": accuracy, "speed_requirement": speed}

    assert choose(RAPIDOCR, **asked) == (("rapidocr",), side, False)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, (("rapidocr",), BALANCE, False)),
        ({"accuracy_requirement": "high"}, (("rapidocr", "easyocr"), ACCURACY, True)),
        ({"accuracy_requirement": "high", "language": "chinese"}, (("rapidocr", "easyocr"), ACCURACY, True)),
        ({"accuracy_requirement": "high", "language": "english"}, (("rapidocr", "tesseract"), ACCURACY, True)),
        ({"accuracy_requirement": "high", "real_time": True}, (("rapidocr",), SPEED, False)),
        ({"accuracy_requirement": "high", "document_type": "id_card"}, (("rapidocr", "easyocr"), BALANCE, True)),
        ({"accuracy_requirement": "high", "document_type": "receipt"}, (("rapidocr", "easyocr"), ACCURACY, True)),
        ({"document_type": "business_card", "speed_requirement": "fast"}, (("rapidocr",), SPEED, False)),
        ({"engines": ["tesseract"]}, (("tesseract",), BALANCE, False)),
        ({"engines": ["tesseract", "rapidocr"]}, (("tesseract", "rapidocr"), BALANCE, True)),
        ({"engines": ["easyocr", "easyocr"]}, (("easyocr",), BALANCE, False)),
        ({"engines": ["rapidocr", "easyocr", "tesseract"]}, (("rapidocr", "easyocr"), BALANCE, True)),
        ({"engines": ["rapidocr", "easyocr"], "real_time": True}, (("rapidocr", "easyocr"), SPEED, True)),
    ],
)
def test_what_is_asked_decides_engines_side_and_fusion(asked, wanted):
    assert choose(**asked) == wanted


@pytest.mark.parametrize(
    ("available", "engines"),
    [
        (RAPIDOCR, ("rapidocr",)),
        (ALL | {"easyocr": "no weights."}, ("rapidocr", "tesseract")),
        (ALL | {"rapidocr": "is broken."}, ("easyocr", "tesseract")),
        (NONE | {"tesseract": None}, ("tesseract",)),
        (RAPIDOCR | {"stub": None}, ("rapidocr",)),
    ],
)
def test_engines_that_can_be_used_stand_in_for_those_that_cannot(available, engines):
    assert choose(available, accuracy_requirement="high")[0] == engines


def test_an_engine_asked_for_by_name_that_cannot_be_used_says_what_to_do():
    with pytest.raises(ModelLoadError, match="easyocr has no weights"):
        choose(RAPIDOCR, engines=["rapidocr", "easyocr"])


def test_when_no_engine_can_be_used_every_remedy_is_named():
    with pytest.raises(ModelLoadError, match="rapidocr is broken.*no weights.*no program"):
        choose(NONE)


def test_the_engine_of_the_tests_is_unknown_outside_them():
    with pytest.raises(InvalidInputError, match="There is no OCR engine 'stub'"):
        choose(ALL, engines=["stub"])
    assert choose(ALL | {"stub": None}, engines=["stub"])[0] == ("stub",)


def test_the_reason_names_engines_and_side():
    reason = select(Requirements.of({"accuracy_requirement": "high"}), ALL).reason

    assert reason == "rapidocr + easyocr at 1280 px: high accuracy is asked, so weak lines are read twice"
