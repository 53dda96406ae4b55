"""`watch`: follow a task to its end."""

from __future__ import annotations

from contextlib import nullcontext

import click

from web.cli.follow import cancelled_when_interrupted, follow, read_task
from web.cli.local import connect, server_options
from web.cli.output import json_option
from web.cli.progress import display
from web.cli.results import conclude


@click.command("watch")
@click.argument("task_id", type=click.IntRange(min=1))
@click.option("--keep", is_flag=True, help="Ctrl-C only stops watching; the task goes on.")
@server_options
@json_option
def command(task_id: int, keep: bool, url: str | None, token: str | None, as_json: bool) -> None:
    """Follow a task to its end. Ctrl-C cancels it, unless --keep is given."""
    with connect(url, token) as client:
        task = read_task(client, task_id)
        guarded = nullcontext() if keep else cancelled_when_interrupted(client, task_id)
        with guarded, display(silent=as_json) as shown:
            task = follow(client, task, shown)
        conclude(client, task, as_json=as_json)
