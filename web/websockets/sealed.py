"""Messages under a key shared with the client: compact JWE (RFC 7516) with alg `dir` and enc `A256GCM` (RFC 7518).

Not by a JOSE library: they take a whole message in one call, 150 ms of the hub for the largest. This one profile is a
header, a nonce, and AES-GCM over the rest, which `cryptography` does piece by piece.
"""

from __future__ import annotations

import binascii
import secrets
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from services.errors import InvalidInputError

WINDOW_SECONDS = 300.0  # how far a message's own clock may be from ours; an older copy of it is a replay
KEY_BYTES = 32
_NONCE_BYTES, _TAG_BYTES = 12, 16
_SLICE = 256 * 1024  # characters; a multiple of 4
_MOST_HEADER = 1024
_HEADER = urlsafe_b64encode(b'{"alg":"dir","enc":"A256GCM"}').rstrip(b"=")
_KNOWN = {"alg", "enc", "typ", "cty", "kid"}
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_DISABLED = (
    "Encrypted messages are off here. Set TASKBEAM_OCR_JWE_KEY on the server to 32 random bytes as base64url, and give "
    "the client the same key."
)


class Sealer:
    """`key`: base64url of 32 bytes; empty: encryption is off."""

    def __init__(self, key: str, clock: Callable[[], float] = time.time) -> None:
        self._key = urlsafe_b64decode(key + "=" * (-len(key) % 4)) if key else b""
        self._clock = clock

    def open(self, jwe: str, pause: Callable[[], None]) -> str:
        """The text inside. `pause` is called between pieces.

        Raises:
            InvalidInputError: encryption is off, it is no such JWE, or was not made with this key.
        """
        if not self._key:
            raise InvalidInputError(_DISABLED)
        header, nonce, ciphertext, tag = _parts(jwe)
        decryptor = _cipher(self._key, nonce, tag).decryptor()
        decryptor.authenticate_additional_data(header.encode())
        plain = bytearray()
        for piece in _pieces(ciphertext):
            plain += decryptor.update(piece)
            pause()
        try:
            decryptor.finalize()
            return plain.decode()
        except UnicodeDecodeError:
            raise InvalidInputError("What is encrypted is no UTF-8 text.") from None
        except Exception:  # noqa: BLE001  # cryptography's InvalidTag; its import here would be for every server
            raise InvalidInputError("The jwe was not made with this server's key, or was damaged.") from None

    def seal(self, text: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        encryptor = _cipher(self._key, nonce, None).encryptor()
        encryptor.authenticate_additional_data(_HEADER)
        ciphertext = encryptor.update(text.encode()) + encryptor.finalize()
        parts = [nonce, ciphertext, encryptor.tag]
        return b".".join([_HEADER, b"", *(urlsafe_b64encode(part).rstrip(b"=") for part in parts)]).decode()

    def check_age(self, timestamp: object) -> None:
        """Raises InvalidInputError unless the message says that it is of now."""
        now = self._clock()
        if isinstance(timestamp, bool) or not isinstance(timestamp, (int, float)):
            raise InvalidInputError("An encrypted message needs its own timestamp, in Unix seconds.")
        if abs(now - timestamp) > WINDOW_SECONDS:
            raise InvalidInputError(
                f"The encrypted message's timestamp is {abs(now - timestamp):.0f} s from the server's clock; "
                f"{WINDOW_SECONDS:.0f} s are allowed."
            )


def _parts(jwe: str) -> tuple[str, bytes, str, bytes]:
    parts = jwe.split(".", 5)
    if len(parts) != 5 or len(parts[0]) > _MOST_HEADER:
        raise InvalidInputError("The jwe is no compact JWE: header..iv.ciphertext.tag")
    header, key, nonce, ciphertext, tag = parts
    _check_header(header)
    if key or len(_bytes_of(nonce)) != _NONCE_BYTES or len(_bytes_of(tag)) != _TAG_BYTES:
        raise InvalidInputError("The jwe needs an empty key, an iv of 12 bytes and a tag of 16.")
    return header, _bytes_of(nonce), ciphertext, _bytes_of(tag)


def _check_header(encoded: str) -> None:
    try:
        header: Any = orjson.loads(_bytes_of(encoded))
    except orjson.JSONDecodeError:
        header = None
    if not isinstance(header, dict) or (header.get("alg"), header.get("enc")) != ("dir", "A256GCM"):
        raise InvalidInputError("The jwe's header must say alg dir and enc A256GCM.")
    if unknown := sorted(set(header) - _KNOWN):
        raise InvalidInputError(f"The jwe's header has what is not served here: {', '.join(unknown)[:100]}.")


def _pieces(text: str) -> Iterator[bytes]:
    for at in range(0, len(text), _SLICE):
        yield _bytes_of(text[at : at + _SLICE])


def _bytes_of(text: str) -> bytes:
    try:
        digits = text.encode("ascii").translate(_URL_SAFE)
        return b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise InvalidInputError("A part of the jwe is no base64url.") from None


def _cipher(key: bytes, nonce: bytes, tag: bytes | None) -> Any:
    # Imported when it is needed: few servers are asked for it.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    return Cipher(algorithms.AES(key), modes.GCM(nonce, tag))
