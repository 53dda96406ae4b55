"""EasyOCR's true code path, on weights that are built here: the true ones lie on the net."""

import importlib.util
import subprocess
import sys
import warnings

import numpy as np
import pytest

from services.errors import ModelLoadError
from services.ocr.crops import cut
from services.ocr.engines.easyocr import EasyOcrEngine, _define_missing_operators
from tests.pages import draw_text_page, pixels
from tests.unit.services.ocr.engines.constructed import READ, build

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("easyocr") is None, reason="EasyOCR is not installed (requirements.txt)"
)

LINES = ["Honey bees communicate", "the location of flowers"]


@pytest.fixture(scope="module")
def easyocr():
    import torch

    _define_missing_operators(torch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import easyocr
    return easyocr


@pytest.fixture(scope="module")
def weights(easyocr, tmp_path_factory):
    """The folder of the built weights, whose sums EasyOCR expects for the while."""
    from easyocr.config import detection_models, recognition_models

    folder = tmp_path_factory.mktemp("models") / "easyocr"
    sums = build(folder)
    models = [detection_models["craft"], recognition_models["gen2"]["zh_sim_g2"]]
    with pytest.MonkeyPatch.context() as patch:
        for model in models:
            patch.setitem(model, "md5sum", sums[model["filename"]])
        yield folder


@pytest.fixture(scope="module")
def engine(weights):
    return EasyOcrEngine(weights)


@pytest.fixture(scope="module")
def page():
    # Sides that are multiples of 32: EasyOCR fills up with black, which the built detector takes for ink.
    return pixels(draw_text_page(LINES, font_size=40, size=(640, 256)))


def test_it_finds_the_lines_of_a_page(engine, page):
    quads = sorted(engine.detect(page, 960), key=lambda quad: quad[0, 1])

    assert len(quads) == len(LINES)
    for quad in quads:
        assert quad.shape == (4, 2)
        assert quad.dtype == np.float32
        assert cut(page, quad).min() < 50  # there is ink in it
    assert quads[0][:, 1].max() <= quads[1][:, 1].min() + 8


def test_quads_are_pixels_of_the_page_whatever_the_side(engine, page):
    small, large = (np.concatenate(engine.detect(page, side)) for side in (320, 960))

    assert np.abs(small.max(0) - large.max(0)).max() < 25


def test_boxes_do_not_reach_beyond_the_page(engine, page):
    tight = page[48:176, 48:-16]

    corners = np.concatenate(engine.detect(tight, 960))

    assert corners.min() >= 0
    assert (corners.max(0) <= (tight.shape[1], tight.shape[0])).all()


def test_an_empty_page_has_no_lines(engine):
    assert engine.detect(np.full((192, 320, 3), 255, np.uint8), 960) == []


def test_it_reads_crops_and_says_each_when_it_is_read(engine, page):
    heard = []

    readings = engine.recognize([page[40:100, 40:300], page[100:160, 40:200]], lambda *read: heard.append(read))

    assert [reading.text for reading in readings] == [READ, READ]
    assert all(0.99 < reading.confidence <= 1 for reading in readings)
    assert heard == list(enumerate(readings))


@pytest.mark.parametrize("shape", [(0, 10, 3), (200, 1, 3), (1, 3000, 3), (1, 1, 3)])
def test_crops_of_odd_shapes_do_no_harm(engine, shape):
    (reading,) = engine.recognize([np.zeros(shape, np.uint8)])

    assert reading.text in {"", READ}


def test_threads_are_set_as_asked(engine, page):
    import torch

    engine.recognize([page[40:100, 40:300]], threads=2)
    assert torch.get_num_threads() == 2
    engine.recognize([page[40:100, 40:300]], threads=1)
    assert torch.get_num_threads() == 1


def test_a_line_that_reads_the_same_either_way_does_not_vote(engine, page):
    assert engine.votes_upside_down([page[40:100, 40:300]]) == [pytest.approx(0.5)]


def test_loading_leaves_the_import_path_as_it_was(engine, weights):
    assert str(weights) not in sys.path


def test_missing_weights_say_how_to_fetch_them(tmp_path):
    with pytest.raises(ModelLoadError, match="doctor --fetch-models"):
        EasyOcrEngine(tmp_path)


def test_damaged_weights_say_how_to_fetch_them(weights, tmp_path):
    for file in weights.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(b"damaged")

    with pytest.raises(ModelLoadError, match="damaged.*doctor --fetch-models"):
        EasyOcrEngine(tmp_path)


def test_it_loads_in_a_process_of_its_own_beside_operators_that_do_not_fit(tmp_path):
    """The order of imports that a worker has: nothing of torch or torchvision is there yet."""
    code = (
        "import warnings; warnings.simplefilter('ignore');"
        "import torch; from services.ocr.engines.easyocr import _define_missing_operators as define;"
        "define(torch); import torchvision, easyocr; print(easyocr.Reader.__name__)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "Reader", done.stderr
