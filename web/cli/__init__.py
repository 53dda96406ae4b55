"""The command line: `main(arguments)` gives the exit status: 0, 1 (failed), 2 (usage) or 130 (interrupted)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click

from services.errors import TaskbeamError

FAILED, INTERRUPTED = 1, 130

# Each command's module is imported when it is asked for: `config` must not wait for what `serve` needs.
COMMANDS = {
    "serve": "Run the server (what `python app.py` does).",
    "config": "Print every setting, its value and where it came from.",
    "migrate": "Bring the database to the newest revision.",
    "keys": "Create, list and revoke API keys.",
    "import": "Import a file of questions into a bank.",
    "dedup": "Find the duplicates in a file or a bank.",
    "ocr": "Read the text of pictures and documents.",
    "camera": "Watch a camera: rate and age of its frames; save them.",
    "watch": "Follow a task to its end.",
    "doctor": "Check what the server needs, and say how to mend it.",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"web.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def _commands() -> None:
    """Taskbeam runs long jobs on question banks and lets people watch them live.

    Settings come from TASKBEAM_ variables and a .env file; `config` lists them.
    """


def main(arguments: Sequence[str]) -> int:
    """Run one command; every failure a user can mend is one line on stderr."""
    try:
        status = _commands.main(list(arguments), prog_name="python app.py", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except TaskbeamError as error:
        click.echo(f"{arguments[0]}: {error.message}", err=True)
        return FAILED
    return status if isinstance(status, int) else 0
