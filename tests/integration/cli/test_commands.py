"""The command line's manners: exit statuses, help, and errors of one line."""

import json

import pytest


def test_help_lists_every_command_and_none_that_is_not_there(taskbeam):
    done = taskbeam("--help")

    listed = [line.split()[0] for line in done.stdout.partition("Commands:")[2].strip().splitlines()]
    assert done.returncode == 0
    assert listed == ["serve", "config", "migrate", "keys", "import", "dedup", "ocr", "camera", "watch", "doctor"]


@pytest.mark.parametrize(
    "command", ["config", "migrate", "keys", "import", "dedup", "ocr", "camera", "watch", "doctor"]
)
def test_every_command_explains_itself(inside, command):
    status, out, _ = inside(command, "--help")

    assert status == 0
    assert out.startswith(f"Usage: python app.py {command}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("config", "--nonsense"),
        ("keys", "create"),
        ("keys", "create", "--name", "x", "--scope", "everything"),
        ("import",),
        ("import", "no-such-file.csv"),
        ("import", __file__, "--map", "Prompt=colour"),
        ("dedup", __file__, "--map", "Prompt"),
        ("dedup", "no-such-file.csv"),
        ("dedup", "--threshold", "2"),
        ("camera", "--clip", "clip.exe"),
        ("camera", "--quality", "0"),
        ("camera", "nonsense"),
        ("watch", "0"),
        ("watch", "one"),
        ("watch", "1", "--url", "nonsense"),
    ],
)
def test_wrong_usage_ends_with_2_and_writes_nothing(inside, data_dir, arguments):
    status, out, err = inside(*arguments)

    assert status == 2
    assert "Error:" in err
    assert out == ""
    assert not data_dir.exists()


def test_wrong_usage_is_the_status_of_the_process(taskbeam):
    assert taskbeam("nonsense").returncode == 2


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_a_bad_setting_stops_every_command_with_one_line(taskbeam, environment, command):
    environment["TASKBEAM_PORT"] = "many"

    done = taskbeam(command)

    assert done.returncode == 1
    assert done.stderr.startswith(f"{command}: TASKBEAM_PORT='many' (from environment) cannot be used")
    assert done.stderr.count("\n") == 1


def test_config_lists_every_setting_with_its_origin_and_hides_secrets(inside, environment, tmp_path):
    (tmp_path / ".env").write_text("TASKBEAM_LOG_LEVEL=debug\n")
    environment["TASKBEAM_SECRET_KEY"] = "s" * 40

    lines = {line["name"]: line for line in json.loads(inside("config", "--json")[1])}
    table = inside("config")[1]

    assert lines["TASKBEAM_LOG_LEVEL"]["origin"] == ".env"
    assert lines["TASKBEAM_WORKERS"]["origin"] == "environment"
    assert lines["TASKBEAM_HOST"] == {
        "name": "TASKBEAM_HOST",
        "value": "127.0.0.1",
        "origin": "default",
        "help": lines["TASKBEAM_HOST"]["help"],
    }
    assert lines["TASKBEAM_SECRET_KEY"]["value"] == "***"
    assert "s" * 40 not in table
    assert all(name in table for name in lines)


def test_an_unreachable_server_is_one_line(inside):
    status, out, err = inside("watch", "1", "--url", "http://127.0.0.1:1")

    assert (status, out) == (1, "")
    assert err == "watch: No server answers at http://127.0.0.1:1: Connection refused\n"
