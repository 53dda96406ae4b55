"""What clients may give as a source: nothing that reads this machine's files or speaks to its neighbours unasked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from services.cameras.source_spec import Source, parse
from services.config import Settings
from services.errors import CameraUnavailableError, FieldProblem, SourceRefusedError

PRIVATE = "TASKBEAM_CAMERA_PRIVATE_URLS"
FOLDER = "TASKBEAM_CAMERA_FILES_DIR"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Networks whose addresses carry another one, which a gateway would take out again.
_CARRIERS = [
    ipaddress.IPv6Network(network)
    for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]


def checked(text: str, settings: Settings) -> Source:
    """A client's source, as far as it can be judged without opening anything. Names are resolved when it is opened.

    Raises:
        SourceRefusedError: what it says of the source is what is allowed.
    """
    try:
        source = parse(text)
    except ValueError as problem:
        raise _refused(f"The source cannot be used: {str(problem).rstrip('.')}.") from problem
    source = Source(
        source.kind, source.text, files=str(settings.camera_files), private_urls=settings.camera_private_urls
    )
    if source.kind == "file":
        _refuse_absent(source)
    elif source.kind in {"rtsp", "http"} and not source.private_urls:
        _refuse_private_literal(source.text)
    return source


def _refuse_absent(source: Source) -> None:
    try:
        path_of(source)
    except CameraUnavailableError as problem:
        raise _refused(problem.message) from problem


def path_of(source: Source) -> Path:
    """Where the file lies; links are followed before they are judged.

    Raises:
        SourceRefusedError: outside the folder that clients may name files of.
        CameraUnavailableError: there is no such file.
    """
    try:
        path = Path(source.text).expanduser().resolve() if source.trusted else _inside(source)
        is_file = path.is_file()
    except (OSError, RuntimeError):  # a name too long, a folder that may not be entered, a link to itself
        is_file = False
    if not is_file:
        # The same for a client whether it is a folder, a device or nothing at all.
        raise CameraUnavailableError(f"There is no video file {source.text[:200]!r}.")
    return path


def _inside(source: Source) -> Path:
    folder = Path(source.files).resolve()
    path = (folder / source.text).resolve()
    if not path.is_relative_to(folder):
        raise _refused(f"Only files in {FOLDER} can be a camera. Put the file there and give its name.")
    return path


def addresses_of(source: Source) -> list[str]:
    """The addresses to connect to, resolved now and checked: use these and not the name, which may lead elsewhere soon.

    Raises:
        SourceRefusedError: one of them is private and that is not allowed.
        CameraUnavailableError: the name is not known.
    """
    url = urlsplit(source.text)
    assert url.hostname is not None
    try:
        found = socket.getaddrinfo(url.hostname, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise CameraUnavailableError(f"The name {url.hostname} is not known: {problem}.") from problem
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not (source.trusted or source.private_urls):
        refuse_private(addresses)
    return addresses


def refuse_private(addresses: Iterable[str]) -> None:
    """Raises SourceRefusedError where one of them is not an address of the public net."""
    for address in addresses:
        if not _is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise _refused(f"The source is at a private address, which {PRIVATE} does not allow.")


def _refuse_private_literal(text: str) -> None:
    host = urlsplit(text).hostname or ""
    if host.rstrip(".").lower() == "localhost":
        refuse_private(["127.0.0.1"])
    try:
        refuse_private([str(ipaddress.ip_address(host.partition("%")[0]))])
    except ValueError:  # a name
        return


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address.is_site_local or any(address in carrier for carrier in _CARRIERS):
            return False
    return address.is_global and not address.is_multicast


def _refused(message: str) -> SourceRefusedError:
    return SourceRefusedError(message, [FieldProblem("source", message)])
