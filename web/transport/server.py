"""Listening, accepting and stopping."""

from __future__ import annotations

import contextlib
import errno
import logging
import ssl
import sys
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import wsgi
from eventlet.green import socket
from eventlet.green import ssl as green_ssl

from services.errors import ConfigurationError
from web.transport.channel import Channel, shut_down
from web.transport.http import Deadlines, Protocol, ServerLog
from web.transport.stop import StopEvent

logger = logging.getLogger("taskbeam.server")

_BACKLOG = 1024
_SPARE_CONNECTIONS = 64  # beyond the limit, so that health checks and the refusal itself still get through
_SPARE_DESCRIPTORS = 256  # databases, files, workers
_TRY_LATER = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_RESOURCES_SECONDS = 0.5  # until some may be free again
_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def listen(host: str, port: int, setting: str = "TASKBEAM_PORT") -> Any:
    """A green listening socket; port 0 takes any free one (`getsockname()` tells which).

    `setting`: which one the port came from, for the error.

    Raises:
        ConfigurationError: the address is taken, not ours, or not to be used by this user.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as problem:
        raise ConfigurationError(f"TASKBEAM_HOST: {host} cannot be listened on: {problem}") from None
    # Not eventlet.listen(): it sets SO_REUSEPORT, with which a second server on the port would silently share it.
    if sys.platform != "win32":  # where SO_REUSEADDR means the same sharing
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as problem:
        listener.close()
        raise _listen_error(host, port, setting, problem) from None
    return listener


def _listen_error(host: str, port: int, setting: str, problem: OSError) -> ConfigurationError:
    if problem.errno == errno.EADDRINUSE:
        return ConfigurationError(f"{setting}: {host}:{port} is in use by another program; choose another port.")
    if problem.errno == errno.EACCES:
        return ConfigurationError(f"{setting}: this user may not listen on port {port}; choose one above 1023.")
    return ConfigurationError(f"TASKBEAM_HOST: {host}:{port} cannot be listened on: {problem.strerror}.")


def serve(
    listener: Any,
    wsgi_app: Callable[..., Any],
    *,
    tls: tuple[str, str] | None = None,
    max_connections: int = 5000,
    stop: StopEvent,
    on_stop: Callable[[], None] | None = None,
    deadlines: Deadlines | None = None,
) -> None:
    """Serve until `stop` is set, then stop accepting, let requests finish for a few seconds, and return.

    Args:
        listener: from `listen`; closed at the end.
        wsgi_app: the application.
        tls: paths of certificate chain and key, to serve https and wss.
        max_connections: live connections; a few more are accepted, the rest are told to come back later.
        stop: may be shared by several servers.
        on_stop: called when nothing new is accepted any more (say goodbye to the clients of sockets here).
        deadlines: how long connections may take for what they do.
    """
    deadlines = deadlines or Deadlines()
    server = _Server(listener, wsgi_app, _tls_context(tls), max_connections, deadlines)
    acceptor = eventlet.spawn(server.accept)
    try:
        stop.wait()
    finally:
        acceptor.kill()
        listener.close()
        if on_stop is not None:
            on_stop()
        server.close(deadlines.stop)


class _Server:
    """The accept loop and the connections it made.

    Our own loop, since `eventlet.wsgi.server` ends for good when an accept fails (a client that resets at the wrong
    moment, no descriptor left) and stops at 1,024 connections unless told.
    """

    def __init__(
        self,
        listener: Any,
        wsgi_app: Callable[..., Any],
        tls: ssl.SSLContext | None,
        max_connections: int,
        deadlines: Deadlines,
    ) -> None:
        self._listener = listener
        self._tls = tls
        self._limit = max_connections + _SPARE_CONNECTIONS
        self._connections: dict[int, tuple[Any, Any]] = {}  # id -> (greenthread, connection state)
        environ = {"wsgi.url_scheme": "https", "HTTPS": "on"} if tls else {}
        self._wsgi = wsgi.Server(
            listener, listener.getsockname(), wsgi_app, environ=environ, log_output=False, debug=False
        )
        self._wsgi.log = ServerLog()
        self._wsgi.deadlines = deadlines
        self._handshake_seconds = deadlines.handshake
        _allow_descriptors(self._limit + _SPARE_DESCRIPTORS)

    def accept(self) -> None:
        while True:
            try:
                sock, address = self._listener.accept()
            except OSError as problem:
                logger.warning("cannot accept a connection: %s", problem.strerror)
                eventlet.sleep(_RESOURCES_SECONDS if problem.errno in _OUT_OF_RESOURCES else 0)
                continue
            if len(self._connections) >= self._limit:
                self._refuse(sock)
                continue
            state = [address, sock, wsgi.STATE_IDLE]
            thread = eventlet.spawn(self._serve_connection, state)
            self._connections[id(thread)] = (thread, state)
            thread.link(self._forget)

    def close(self, seconds: float) -> None:
        """End idle connections now, busy ones within `seconds`, and the stubborn by force."""
        with eventlet.Timeout(seconds, False):
            while self._connections:
                self._end(lambda state: state[2] == wsgi.STATE_IDLE)
                eventlet.sleep(0.05)
        self._end(lambda _: True)
        with eventlet.Timeout(1.0, False):
            while self._connections:
                eventlet.sleep(0.02)
        for thread, _ in list(self._connections.values()):
            thread.kill()

    def _serve_connection(self, state: list[Any]) -> None:
        try:
            if self._tls is not None:
                state[1] = self._shake_hands(state[1])
            # It reads, answers and closes, all from its constructor.
            Protocol(state, self._wsgi)
        except (OSError, EOFError) as problem:
            logger.debug("connection from %s ended: %s", state[0], problem)
        finally:
            with contextlib.suppress(OSError):
                state[1].close()

    def _shake_hands(self, sock: Any) -> Any:
        # In the connection's own greenthread: a client that connects and says nothing holds up nobody else.
        secure = green_ssl.GreenSSLSocket(sock, server_side=True, do_handshake_on_connect=False, _context=self._tls)
        with eventlet.Timeout(self._handshake_seconds, TimeoutError("no TLS handshake")):
            secure.do_handshake()
        return secure

    def _refuse(self, sock: Any) -> None:
        logger.warning("refused a connection: %d are open", len(self._connections))
        channel = Channel(sock)
        with contextlib.suppress(OSError):
            if self._tls is None:
                channel.send_now(_TRY_LATER)
        channel.shutdown()
        sock.close()

    def _end(self, chosen: Callable[[list[Any]], bool]) -> None:
        for _, state in list(self._connections.values()):
            if chosen(state):
                state[2] = wsgi.STATE_CLOSE
                shut_down(state[1])

    def _forget(self, thread: Any) -> None:
        self._connections.pop(id(thread), None)


def _tls_context(paths: tuple[str, str] | None) -> ssl.SSLContext | None:
    if paths is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client that renegotiates makes reads write and writes read; nobody needs it.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(*paths)
    except (OSError, ssl.SSLError) as problem:
        raise ConfigurationError(f"TASKBEAM_TLS_CERT, TASKBEAM_TLS_KEY: {problem}") from None
    return context


def _allow_descriptors(wanted: int) -> None:
    """Raise this process's soft limit on open files, 1,024 on most systems, as far as it may."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < wanted:
        logger.warning("the system allows %d open files; %d connections may need %d", possible, wanted, wanted)
