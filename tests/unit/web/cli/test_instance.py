import subprocess
import sys
from pathlib import Path

import pytest

from services.errors import ConfigurationError
from web.cli.instance import NOTE_NAME, Instance, announce, running, sole_server

ROOT = Path(__file__).parents[4]
HOLD = """
import sys
from pathlib import Path
from web.cli.instance import announce, sole_server
with sole_server(Path(sys.argv[1])):
    announce(Path(sys.argv[1]), "http://127.0.0.1:1234")
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_server(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_running_server_is_found_by_its_note(tmp_path, other_server):
    assert running(tmp_path) == Instance(other_server.pid, "http://127.0.0.1:1234")


def test_a_second_server_is_refused_with_the_first_one_s_address(tmp_path, other_server):
    where = f"process {other_server.pid}, http://127.0.0.1:1234"

    with pytest.raises(ConfigurationError, match=where), sole_server(tmp_path):
        pytest.fail("held twice")


def test_a_killed_server_leaves_a_note_that_nobody_believes(tmp_path, other_server):
    other_server.kill()
    other_server.wait()

    assert (tmp_path / NOTE_NAME).exists()
    assert running(tmp_path) is None
    with sole_server(tmp_path):
        assert not (tmp_path / NOTE_NAME).exists()


def test_the_note_goes_with_its_server(tmp_path):
    with sole_server(tmp_path):
        announce(tmp_path, "http://127.0.0.1:5000")

    assert not (tmp_path / NOTE_NAME).exists()
    assert running(tmp_path) is None


def test_a_server_that_has_not_said_where_it_listens_is_not_there_yet(tmp_path):
    with sole_server(tmp_path):
        assert running(tmp_path) is None


def test_asking_never_stops_a_server_from_starting(tmp_path):
    script = "import sys, pathlib, web.cli.instance as i\nwhile True: i.running(pathlib.Path(sys.argv[1]))"
    asking = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT)
    try:
        for _ in range(50):
            with sole_server(tmp_path):
                pass
    finally:
        asking.kill()
        asking.wait()


def test_a_data_directory_that_cannot_be_made_is_said_clearly(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError, match="TASKBEAM_DATA_DIR"), sole_server(tmp_path / "file" / "below"):
        pytest.fail("held what cannot be")
