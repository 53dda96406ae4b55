"""Messages under a shared key, made and read by another library than ours."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.integration.websockets.client import STUB, OcrClient, base64_of
from tests.integration.websockets.conftest import StartSubject, Subject
from tests.pages import draw_page

jwe = pytest.importorskip("joserfc.jwe", reason="joserfc, a second opinion on JWE, is not installed")
jwk = pytest.importorskip("joserfc.jwk")

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
ALGORITHMS = ["dir", "A256GCM"]


def sealed(message: Any, key: str = KEY, **header: Any) -> str:
    secret = jwk.OctKey.import_key(base64.urlsafe_b64decode(key + "="))
    text = json.dumps(message) if not isinstance(message, bytes) else message
    return str(jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM", **header}, text, secret))


def unsealed(message: dict[str, Any]) -> Any:
    assert message["type"] == "encrypted"
    secret = jwk.OctKey.import_key(base64.urlsafe_b64decode(KEY + "="))
    return json.loads(jwe.decrypt_compact(message["data"]["jwe"], secret, algorithms=ALGORITHMS).plaintext)


def now(kind: str, data: Any = None, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "data": data or {}, "timestamp": time.time(), **fields}


def test_an_encrypted_request_is_answered_encrypted(start_subject: StartSubject) -> None:
    subject = start_subject(f"ocr_jwe_key={KEY}", "rate_limit=1000000/minute")
    client = subject.connected()
    page = {"image": base64_of(draw_page(["机密"], slow=0.3)), "requirements": STUB}
    client.send("encrypted", {"jwe": sealed(now("ocr_request", page, id="s"), kid="one")})
    client.wait(lambda: "ocr_complete" in kinds(client))
    assert kinds(client)[:2] == ["ocr_start", "ocr_progress"]
    end = unsealed(client.of_type("encrypted")[-1])
    assert (end["id"], end["data"]["result"]["text"]) == ("s", "机密")
    client.request(draw_page(["open"]), "open")
    assert client.end_of("open")["type"] == "ocr_complete"
    large = base64_of(draw_page(["large"]) + bytes(9_900_000))
    client.send("encrypted", {"jwe": sealed(now("ocr_request", {"image": large, "requirements": STUB}, id="l"))})
    client.wait(lambda: kinds(client).count("ocr_complete") == 2)
    for fault in (
        now("encrypted", {"jwe": "x"}, id=1),
        {"type": "ping"},
        {**now("ping"), "timestamp": time.time() - 400},
        {**now("ping"), "timestamp": 1000 * time.time()},
        {**now("ping"), "timestamp": "now"},
    ):
        before = len(client.of_type("encrypted"))
        client.send("encrypted", {"jwe": sealed(fault)})
        refusal = unsealed(client.await_type("encrypted", before + 1))
        assert (refusal["type"], refusal["data"]["error_code"]) == ("error", "INVALID_MESSAGE"), fault
    damaged = list(sealed(now("ping")))
    damaged[-5] = "A" if damaged[-5] != "A" else "B"
    other_key = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    for number, text in enumerate(
        ["", "x", "a.b.c.d.e", "." * 1000, "".join(damaged), sealed(now("ping"), other_key), sealed(b"\xff\xfe"),
         sealed(now("ping")).replace(".", "..", 1), "é" * 10, "e30....", 7, None]
    ):  # fmt: skip
        client.send("encrypted", {"jwe": text}, id=number)
        refusal = client.await_type("error", number + 1)
        assert refusal["data"]["error_code"] == "INVALID_MESSAGE"
        assert refusal["id"] == number


def kinds(client: OcrClient) -> list[str]:
    return [unsealed(message)["type"] for message in client.of_type("encrypted")]


def test_without_a_key_the_client_is_told_how_to_have_one(subject: Subject) -> None:
    client = subject.connected()
    client.send("encrypted", {"jwe": sealed(now("ping"))})
    refusal = client.await_type("error")["data"]
    assert refusal["error_code"] == "INVALID_MESSAGE"
    assert "TASKBEAM_OCR_JWE_KEY" in refusal["error_message"]
