"""The client against a real HTTP server that behaves as badly as the test wants."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.errors import UnavailableError
from web.cli.client import Address, Client, RefusedError


class Badly:
    """Answers each request with the next of `answers`: (status, content type, body), or None to hang up."""

    def __init__(self, answers):
        self.answers, self.requests = list(answers), []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.command, self.path, dict(self.headers), body))
                answer = outer.answers.pop(0)
                if answer is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                status, kind, content = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _answer  # noqa: N815 (the library finds them by name)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def behaving():
    servers, clients = [], []

    def make(*answers, **options):
        servers.append(Badly(answers))
        clients.append(Client(lambda: Address(servers[-1].url), **options))
        return servers[-1], clients[-1]

    yield make
    for client in clients:
        client.close()
    for bad in servers:
        bad.server.shutdown()
        bad.server.server_close()


def data(value):
    return 200, "application/json", json.dumps({"data": value}).encode()


def test_a_query_and_a_token_are_sent(behaving):
    server, client = behaving(data([]), token="tb_x")

    client.get("/api/tasks", limit=5, cursor=None, q="数学")

    method, path, headers, _ = server.requests[0]
    assert (method, path) == ("GET", "/api/tasks?limit=5&q=%E6%95%B0%E5%AD%A6")
    assert headers["Authorization"] == "Bearer tb_x"


def test_a_server_below_a_path_is_reached_there(behaving):
    server, _ = behaving(data(1))
    client = Client(lambda: Address(f"{server.url}/taskbeam/"))

    client.get("/api/tasks")
    client.close()

    assert server.requests[0][1] == "/taskbeam/api/tasks"


def test_a_problem_document_becomes_an_error_with_its_fields(behaving):
    problem = {
        "title": "Unprocessable",
        "status": 422,
        "detail": "The body is refused.",
        "code": "INVALID_INPUT",
        "errors": [{"field": "options.threshold", "message": "It must be at most 1."}],
    }
    _, client = behaving((422, "application/problem+json", json.dumps(problem).encode()))

    with pytest.raises(RefusedError) as caught:
        client.post("/api/dedup/tasks", {})

    assert (caught.value.status, caught.value.code) == (422, "INVALID_INPUT")
    assert caught.value.message == "The body is refused. (options.threshold: It must be at most 1.)"


def test_who_is_not_known_is_told_how_to_give_a_key(behaving):
    problem = {"detail": "This server needs an API key.", "code": "UNAUTHORIZED"}
    _, client = behaving((401, "application/problem+json", json.dumps(problem).encode()))

    with pytest.raises(RefusedError, match="TASKBEAM_TOKEN"):
        client.get("/api/tasks")


def test_an_answer_of_another_program_is_no_crash(behaving):
    _, client = behaving((502, "text/html", b"<h1>Bad gateway</h1>"))

    with pytest.raises(RefusedError, match="502"):
        client.get("/api/tasks")


def test_a_write_whose_answer_was_lost_is_sent_again_under_the_same_key(behaving):
    server, client = behaving(data("first"), None, data("second"))

    client.get("/api/tasks")
    answer = client.post("/api/banks", {"name": "数学"})

    (_, _, first, body), (_, _, second, again) = server.requests[1:]
    assert answer == {"data": "second"}
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    assert body == again == '{"name": "数学"}'.encode()


def test_two_writes_have_two_keys(behaving):
    server, client = behaving(data(1), data(2))

    client.post("/api/banks", {"name": "a"})
    client.post("/api/banks", {"name": "a"})

    assert server.requests[0][2]["Idempotency-Key"] != server.requests[1][2]["Idempotency-Key"]


def test_too_many_requests_are_waited_out(behaving):
    _, client = behaving((429, "application/problem+json", b"{}"), data("now"))

    assert client.get("/api/tasks") == {"data": "now"}


def test_a_write_that_is_still_being_done_is_waited_for(behaving):
    problem = {"code": "REQUEST_IN_PROGRESS", "detail": "It is being done."}
    _, client = behaving((409, "application/problem+json", json.dumps(problem).encode()), data("done"))

    assert client.post("/api/banks", {"name": "a"}) == {"data": "done"}


def test_a_server_that_never_answered_is_given_up_at_once():
    client = Client(lambda: Address("http://127.0.0.1:1"))

    with pytest.raises(UnavailableError, match="No server answers at http://127.0.0.1:1"):
        client.get("/api/tasks")


def test_a_server_that_went_away_is_given_up_after_some_patience(behaving):
    server, client = behaving(data(1), None, None, None, None, None, None, None, patience=0.6)
    client.get("/api/tasks")

    with pytest.raises(UnavailableError):
        client.get("/api/tasks")

    assert len(server.requests) > 2


def test_a_server_that_came_back_elsewhere_is_found_again(behaving):
    first, _ = behaving(data("first"), None)
    second, _ = behaving(data("second"))
    urls = [first.url, second.url]
    client = Client(lambda: Address(urls.pop(0)))

    assert client.get("/api/tasks") == {"data": "first"}
    assert client.get("/api/tasks") == {"data": "second"}
    client.close()


def test_a_file_is_one_multipart_field_whatever_its_name(behaving, tmp_path):
    server, client = behaving(data({"id": 1}))
    file = tmp_path / '题"库.csv'
    file.write_bytes(b"a,b\r\n1,2\r\n" * 100_000)

    client.upload("/api/banks/1/import", file)

    _, _, headers, body = server.requests[0]
    head, _, rest = body.partition(b"\r\n\r\n")
    boundary = headers["Content-Type"].partition("boundary=")[2].encode()
    assert int(headers["Content-Length"]) == len(body)
    assert b'name="file"; filename="%E9%A2%98%22%E5%BA%93.csv"' in head
    assert rest == file.read_bytes() + b"\r\n--" + boundary + b"--\r\n"
