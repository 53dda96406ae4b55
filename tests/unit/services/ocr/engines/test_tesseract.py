import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from services.errors import ModelLoadError, UnitError, UnitTimeoutError
from services.ocr.crops import cut
from services.ocr.engines import registry, tesseract_program
from services.ocr.engines.tesseract import TesseractEngine
from tests.pages import draw_text_page, pixels

needs_tesseract = pytest.mark.skipif(
    "eng" not in tesseract_program.languages(), reason="The program tesseract with English is not installed"
)

LINES = ["Honey bees communicate", "the location of flowers", "31. Which one is right?"]


@pytest.fixture(scope="module")
def engine():
    return TesseractEngine()


@pytest.fixture(scope="module")
def page():
    return pixels(draw_text_page(LINES))


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program of the given shell lines in the place of tesseract."""

    def write(*lines):
        path = tmp_path / "tesseract"
        path.write_text("\n".join(["#!/bin/sh", *lines]))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return write


def top_down(quads):
    return sorted(quads, key=lambda quad: quad[0, 1])


@needs_tesseract
@pytest.mark.parametrize("threads", [1, 2])
def test_it_finds_and_reads_the_lines_of_a_page(engine, page, threads):
    quads = top_down(engine.detect(page, 960, threads))
    readings = engine.recognize([cut(page, quad) for quad in quads], threads=threads)

    assert [reading.text for reading in readings] == LINES
    assert all(0.5 < reading.confidence <= 1 for reading in readings)


@needs_tesseract
def test_every_character_has_a_position_in_order(engine, page):
    (reading,) = engine.recognize([cut(page, top_down(engine.detect(page, 960))[0])])

    assert len(reading.positions) == len(reading.text)
    assert list(reading.positions) == sorted(reading.positions)
    assert reading.positions[0] < 0.1
    assert reading.positions[-1] > 0.9


@needs_tesseract
def test_more_lines_than_one_run_takes_come_back_in_their_order(engine, page):
    crops = [cut(page, quad) for quad in top_down(engine.detect(page, 960))] * 5
    heard = {}

    readings = engine.recognize(crops, heard.__setitem__, threads=2)

    assert [reading.text for reading in readings] == LINES * 5
    assert heard == dict(enumerate(readings))


@needs_tesseract
def test_a_large_page_is_reduced_and_its_quads_are_pixels_of_the_page(engine):
    image = pixels(draw_text_page(LINES, font_size=90))

    quads = top_down(engine.detect(image, 400))

    assert [reading.text for reading in engine.recognize([cut(image, quad) for quad in quads])] == LINES


@needs_tesseract
def test_an_empty_page_and_an_empty_crop_have_no_text(engine):
    blank = np.full((300, 200, 3), 255, np.uint8)

    assert engine.detect(blank, 960) == []
    assert [reading.text for reading in engine.recognize([blank, blank[:0], blank[:1, :1]])] == ["", "", ""]


@needs_tesseract
def test_it_votes_on_lines_that_stand_on_their_head(engine, page):
    crops = [cut(page, quad) for quad in top_down(engine.detect(page, 960))]

    assert all(vote < 0.5 for vote in engine.votes_upside_down(crops))
    assert all(vote > 0.5 for vote in engine.votes_upside_down([crop[::-1, ::-1] for crop in crops]))


@needs_tesseract
def test_the_lines_of_a_skewed_page_are_tilted_as_they_are(engine, shared_data):
    image = pixels((shared_data / "ocr" / "en_reading__skew.png").read_bytes())

    long = [quad for quad in engine.detect(image, 960) if np.ptp(quad[:, 0]) > 250]

    slopes = [(quad[1, 1] - quad[0, 1]) / (quad[1, 0] - quad[0, 0]) for quad in long]
    assert long
    assert all(0.02 < abs(slope) < 0.09 for slope in slopes)
    assert len({slope > 0 for slope in slopes}) == 1


@needs_tesseract
def test_chinese_text_has_no_spaces_between_its_characters(engine, shared_data):
    if "chi_sim" not in tesseract_program.languages():
        pytest.skip("tesseract has no chi_sim here")
    image = pixels((shared_data / "ocr" / "zh_physics__clean.png").read_bytes())

    first = top_down(engine.detect(image, 960))[0]

    assert engine.recognize([cut(image, first)])[0].text == "高一物理期中考试试题"


@needs_tesseract
def test_its_version_names_its_languages(engine):
    assert tesseract_program.version() in engine.version
    assert "eng" in engine.version


def test_without_the_program_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "apt-get install tesseract-ocr" in registry.available()["tesseract"]
    with pytest.raises(ModelLoadError, match="apt-get install tesseract-ocr"):
        TesseractEngine()


def test_a_program_without_languages_is_of_no_use(program):
    program('[ "$1" = --list-langs ] && echo "List of available languages (1):" && echo osd')

    with pytest.raises(ModelLoadError, match="no language it could read"):
        TesseractEngine()


def test_a_program_that_fails_is_reported_with_its_last_line(program):
    program('[ "$1" = --list-langs ] && echo eng && exit 0', "echo first >&2; echo out of luck >&2; exit 3")

    with pytest.raises(UnitError, match="status 3: out of luck"):
        tesseract_program.read(b"", mode=7, timeout=10)


def test_a_program_that_hangs_is_killed(program):
    program('[ "$1" = --list-langs ] && echo eng && exit 0', "exec sleep 60")
    began = time.monotonic()

    with pytest.raises(UnitTimeoutError):
        tesseract_program.read(b"", mode=7, timeout=0.2)
    assert time.monotonic() - began < 30


def test_a_text_with_separators_of_lines_keeps_its_row(program):
    row = "5\\t1\\t1\\t1\\t1\\t1\\t10\\t20\\t30\\t40\\t96.5\\ta\\342\\200\\250b"
    program('[ "$1" = --list-langs ] && echo eng && exit 0', f"printf 'level\\n{row}\\n'")

    (word,) = tesseract_program.read(b"", mode=7, timeout=10)

    assert word == tesseract_program.Word((1, 1, 1, 1), 10, 20, 30, 40, 0.965, "a\u2028b")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are for POSIX")
def test_it_dies_with_the_process_group_of_the_worker(program, tmp_path):
    program(
        '[ "$1" = --list-langs ] && echo eng && exit 0', f"echo $$ > {tmp_path}/pid", f"exec {shutil.which('sleep')} 60"
    )
    code = "from services.ocr.engines.tesseract_program import read; read(b'', mode=7, timeout=60)"
    worker = subprocess.Popen([sys.executable, "-c", code], process_group=0)
    pid = tmp_path / "pid"
    until(lambda: pid.exists() and pid.read_text().strip())

    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()

    until(lambda: not is_running(int(pid.read_text())))


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid):
    try:
        return subprocess.check_output(["ps", "-o", "stat=", "-p", str(pid)], text=True)[0] != "Z"
    except subprocess.CalledProcessError:
        return False
