"""Taskbeam's entry: `python app.py [serve]` runs the server, `python app.py --help` lists the commands."""

from __future__ import annotations

import io
import os
import sys
import warnings

SERVE = "serve"


def _make_the_standard_library_green() -> None:
    """Must run before anything imports socket, threading or time: a reference taken earlier would stay blocking."""
    # psycopg's C wait would stop every greenthread; its Python wait goes through select, which is patched.
    os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_select")
    with warnings.catch_warnings():
        # Eventlet announces its own retirement at each import: news for us, not for who starts the server.
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet  # noqa: PLC0415 (the server only: commands and workers never load it)
    eventlet.monkey_patch()


def _run() -> int:
    arguments = sys.argv[1:] or [SERVE]
    if arguments[0] == SERVE:
        _make_the_standard_library_green()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console that cannot show Chinese must not end a command that has done its work.
        sys.stdout.reconfigure(errors="backslashreplace")
    from web.cli import main  # noqa: PLC0415 (after the patch, see above)

    return main(arguments)


if __name__ == "__main__":
    sys.exit(_run())
