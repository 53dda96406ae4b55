"""The server as a process: how it starts, what it says, how it stops."""

import json
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import time
from contextlib import suppress
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.conftest import absent
from tests.processes import has_ended

STOPS_WITHIN = 20  # seconds; only to notice a hang


@pytest.fixture
def serve(start):
    """Starts a server and gives (process, url) when it listens."""

    def run(*arguments):
        process = start("serve", *arguments)
        line = process.stdout.readline()
        match = re.search(r"https?://\S+", line)
        assert match, line + process.stderr.read()
        return process, match[0]

    return run


def get(url, token=None, context=None):
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(request, timeout=10, context=context) as response:
        return json.load(response)


def test_the_server_says_where_it_is_to_people_and_to_programs(serve, data_dir):
    process, url = serve()

    assert get(f"{url}/healthz")["data"]["status"] == "alive"
    assert json.loads((data_dir / "server.json").read_text()) == {"pid": process.pid, "url": url}


def test_the_data_directory_that_it_makes_is_its_owner_s_alone(serve, data_dir):
    serve()

    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_in_order(serve, data_dir, number):
    process, _ = serve()

    process.send_signal(number)

    assert process.wait(STOPS_WITHIN) == 0
    assert not (data_dir / "server.json").exists()
    assert json.loads(process.stderr.read().splitlines()[-1])["message"] == "stopped"


def test_an_open_connection_does_not_hold_up_the_end(serve):
    process, url = serve()
    host, port = url.removeprefix("http://").split(":")

    with socket.create_connection((host, int(port))) as idle:
        process.terminate()

        assert process.wait(STOPS_WITHIN) == 0
        with suppress(ConnectionResetError):
            assert idle.recv(1) == b""


def test_no_process_outlives_the_server(serve):
    process, _ = serve()
    children = psutil.Process(process.pid).children(recursive=True)

    process.terminate()
    process.wait(STOPS_WITHIN)

    assert children
    assert [child for child in children if not has_ended(child.pid)] == []


def test_a_second_server_on_the_same_data_is_refused(serve, taskbeam):
    process, url = serve()

    done = taskbeam("serve")

    assert done.returncode == 1
    assert f"process {process.pid}, {url}" in done.stderr.splitlines()[-1]
    assert get(f"{url}/healthz")


def test_a_killed_server_s_place_and_secret_key_are_there_for_the_next(serve, data_dir):
    process, _ = serve()
    key = (data_dir / "secret.key").read_text()
    process.kill()
    process.wait()

    _, url = serve()

    assert get(f"{url}/healthz")
    assert (data_dir / "secret.key").read_text() == key
    assert stat.S_IMODE((data_dir / "secret.key").stat().st_mode) == 0o600


def test_a_port_that_is_taken_is_one_clear_line(taskbeam, environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment["TASKBEAM_PORT"] = str(taken.getsockname()[1])
        done = taskbeam("serve")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("serve: TASKBEAM_PORT")
    assert "Traceback" not in done.stderr


def test_the_server_ends_with_the_stdin_of_who_started_it(tmp_path, environment):
    from tests.integration.cli.conftest import APP, sys

    process = subprocess.Popen(
        [sys.executable, str(APP), "serve", "--until-stdin-ends"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert "http://" in process.stdout.readline()
    time.sleep(0.2)
    assert process.poll() is None

    process.stdin.close()

    assert process.wait(STOPS_WITHIN) == 0
    process.stdout.close()


def test_beyond_loopback_a_key_is_asked_for(serve, environment, taskbeam):
    environment["TASKBEAM_HOST"] = "0.0.0.0"
    _, url = serve()

    with pytest.raises(HTTPError) as refused:
        get(f"{url}/api/tasks")
    refused.value.close()
    key = taskbeam("keys", "create", "--name", "me", "--scope", "tasks:read").stdout.strip()

    assert refused.value.code == 401
    assert get(f"{url}/api/tasks", token=key)["data"] == []
    assert get(f"{url}/healthz")


def test_a_server_that_needs_keys_and_has_none_says_how_to_make_one(serve, environment):
    environment["TASKBEAM_AUTH"] = "required"
    process, _ = serve()

    process.terminate()
    process.wait(STOPS_WITHIN)

    assert "python app.py keys create" in process.stderr.read()


def test_an_open_door_is_warned_of(serve, environment):
    environment |= {"TASKBEAM_HOST": "0.0.0.0", "TASKBEAM_AUTH": "off"}
    process, url = serve()

    assert get(f"{url}/api/tasks")["data"] == []
    process.terminate()
    process.wait(STOPS_WITHIN)

    warnings = [line for line in map(json.loads, process.stderr) if line["level"] == "warning"]
    assert [line["message"].partition(":")[0] for line in warnings] == ["TASKBEAM_AUTH=off"]


def test_it_serves_https_itself(serve, environment, tmp_path):
    certificate = _self_signed(tmp_path)
    environment |= {"TASKBEAM_TLS_CERT": str(certificate), "TASKBEAM_TLS_KEY": str(tmp_path / "key.pem")}

    _, url = serve()

    assert url.startswith("https://")
    assert get(f"{url}/healthz", context=ssl.create_default_context(cafile=str(certificate)))


def test_a_command_finds_a_https_server_and_trusts_its_own_certificate(serve, environment, taskbeam, tmp_path):
    certificate = _self_signed(tmp_path, name="exams.example.org")
    environment |= {"TASKBEAM_TLS_CERT": str(certificate), "TASKBEAM_TLS_KEY": str(tmp_path / "key.pem")}
    serve()

    done = taskbeam("watch", "7")

    assert (done.returncode, done.stderr) == (1, "watch: There is no task 7.\n")


def _self_signed(folder, name="127.0.0.1"):
    if shutil.which("openssl") is None:
        absent("openssl is not installed")
    kind = "IP" if name[0].isdigit() else "DNS"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=taskbeam -keyout {folder}/key.pem "
        f"-out {folder}/cert.pem -addext subjectAltName={kind}:{name}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return folder / "cert.pem"
