"""`import`, `dedup` and `watch` with a server that runs already, which all tests here share."""

import gzip
import json
import re
import subprocess
import sys
from urllib.request import urlopen

import pytest

from tests.integration.cli.bank_files import few_questions
from tests.integration.cli.conftest import APP, clean_environment


@pytest.fixture(scope="module")
def shared_data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("server") / "data"


@pytest.fixture(scope="module")
def server(shared_data_dir):
    with subprocess.Popen(
        [sys.executable, str(APP), "serve"],
        env=clean_environment(shared_data_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield re.search(r"http://\S+", process.stdout.readline())[0]
        process.terminate()


@pytest.fixture
def environment(shared_data_dir, server):
    return clean_environment(shared_data_dir)


@pytest.fixture
def file(tmp_path):
    return few_questions(tmp_path / "questions.jsonl")


def get(url):
    with urlopen(url, timeout=10) as response:
        return json.load(response)


def bank_names(server):
    return [bank["name"] for bank in get(f"{server}/api/banks?limit=500")["data"]]


def test_the_running_server_is_used_and_left_running(inside, file, server):
    status, out, err = inside("dedup", str(file))

    assert status == 0, err
    assert "1 exact and 0 near duplicates" in out
    assert "starting one" not in err
    assert re.search(rf"All of them: {server}/api/dedup/tasks/\d+/clusters", err)
    assert [task["kind"] for task in get(f"{server}/api/tasks?limit=2")["data"]] == ["dedup", "import"]


def test_dedup_in_json_is_one_document_and_nothing_else(inside, file):
    status, out, err = inside("dedup", str(file), "--json")

    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["task"]["status"] == "completed"
    assert found["task"]["result"]["exact"] == 1
    assert len(found["groups"]) == 3
    assert [len(cluster["members"]) for cluster in found["clusters"]] == [2]


def test_dedup_of_the_same_file_again_takes_another_new_bank(inside, tmp_path, server):
    file = few_questions(tmp_path / "twice.jsonl")

    for _ in range(2):
        assert inside("dedup", str(file))[0] == 0

    assert {"twice", "twice (2)"} <= set(bank_names(server))


def test_dedup_without_a_file_reads_bank_1_or_the_one_named(inside, file):
    inside("import", str(file))
    inside("import", str(file), "--bank", "other")
    inside("import", str(file), "--bank", "other")

    first = json.loads(inside("dedup", "--json")[1])["task"]["result"]
    other = json.loads(inside("dedup", "--bank", "other", "--json")[1])["task"]["result"]

    assert (first["questions"], other["questions"]) == (4, 8)


def test_filters_and_options_reach_the_task(inside, file):
    arguments = ("--subject", "历史", "--threshold", "0.9", "--across", "channel_code", "--name", "nightly")

    task = json.loads(inside("dedup", str(file), *arguments, "--json")[1])["task"]

    assert task["result"]["questions"] == 2
    assert task["task_name"] == "nightly"
    assert task["params"]["options"]["threshold"] == 0.9


def test_a_gzip_is_unpacked_on_the_way(inside, tmp_path, file, server):
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))

    _, out, _ = inside("dedup", str(packed), "--json")

    assert json.loads(out)["task"]["result"]["questions"] == 4
    assert "packed" in bank_names(server)


def test_a_damaged_gzip_is_one_line(inside, tmp_path, file):
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(file.read_bytes())[:-20])

    status, _, err = inside("import", str(packed))

    assert status == 1
    assert "is a damaged gzip file" in err


def test_import_lists_refused_rows_with_line_and_reason(inside, file, server):
    status, out, err = inside("import", str(file), "--bank", "历史题库")
    again = json.loads(inside("import", str(file), "--bank", "历史题库", "--json")[1])

    assert status == 0, err
    assert "Imported 4 questions; refused 1 row." in err
    assert re.search(r"^ *5\s+stem is missing", out, re.MULTILINE)
    assert again["task"]["result"]["bad"] == 1
    assert bank_names(server).count("历史题库") == 1


def test_watching_a_finished_task_prints_what_it_found(inside, file):
    task = json.loads(inside("dedup", str(file), "--json")[1])["task"]

    status, out, _ = inside("watch", str(task["id"]))

    assert status == 0
    assert "1 exact and 0 near duplicates" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dedup", "--bank", "nowhere"), "dedup: There is no bank nowhere."),
        (("dedup", "--bank", "77777"), "dedup: There is no bank 77777."),
        (("watch", "77777"), "watch: There is no task 77777."),
    ],
)
def test_what_is_not_there_is_one_line(inside, arguments, message):
    assert inside(*arguments) == (1, "", f"{message}\n")


def test_a_file_of_no_known_kind_fails_with_one_line(inside, tmp_path):
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)

    status, _, err = inside("dedup", str(picture))

    assert status == 1
    assert err.startswith("dedup: ")


def test_columns_of_other_names_are_said_on_the_command_line(inside, tmp_path):
    file = tmp_path / "other.csv"
    file.write_text("Prompt;Right = key;Remarks\nSky?;blue;easy\nSea?;wet;\n", encoding="utf-8")

    columns = ("--map", "Prompt=stem", "--map", "Right = key=answer", "--map", "Remarks=")
    status, out, err = inside("import", str(file), *columns, "--json")

    assert (status, err) == (0, "")
    result = json.loads(out)["task"]["result"]
    assert (result["imported"], result["notes"]) == (2, [])
