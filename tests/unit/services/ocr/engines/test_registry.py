import importlib.util
import subprocess
import sys

import pytest

from services.errors import InvalidInputError, ModelLoadError
from services.ocr.engines import registry
from services.ocr.engines.stub import StubEngine


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setenv(registry.STUB_VARIABLE, "1")


def test_an_engine_is_made_once_in_a_process(stub):
    assert isinstance(registry.engine("stub"), StubEngine)
    assert registry.engine("stub") is registry.engine("stub")


def test_the_stub_is_known_only_where_tests_allow_it(monkeypatch):
    monkeypatch.delenv(registry.STUB_VARIABLE, raising=False)

    assert "stub" not in registry.available()
    with pytest.raises(InvalidInputError, match="Choose from: rapidocr, easyocr, tesseract"):
        registry.engine("stub")


def test_where_tests_allow_it_the_stub_is_listed(stub):
    assert registry.available()["stub"] is None


def test_an_engine_that_does_not_exist_is_refused():
    with pytest.raises(InvalidInputError, match="There is no OCR engine 'abbyy'"):
        registry.engine("abbyy")


def test_an_engine_without_its_weights_says_how_to_fetch_them(monkeypatch, tmp_path):
    if importlib.util.find_spec("easyocr") is None:
        pytest.skip("EasyOCR is not installed")
    monkeypatch.setenv("TASKBEAM_DATA_DIR", str(tmp_path))

    assert "doctor --fetch-models" in registry.available()["easyocr"]
    with pytest.raises(ModelLoadError, match="doctor --fetch-models"):
        registry.engine("easyocr")


def test_asking_what_is_available_loads_nothing_heavy():
    code = (
        "import sys; from services.ocr.engines import registry; registry.available();"
        "sys.exit(any(name in sys.modules for name in ('torch', 'onnxruntime', 'rapidocr', 'easyocr', 'cv2')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_available_lists_the_best_engine_first():
    assert list(registry.available())[:3] == ["rapidocr", "easyocr", "tesseract"]
