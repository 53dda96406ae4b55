"""What a finished task found, as tables for people or JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.table import Table

from web.cli.client import Client
from web.cli.follow import TaskObject
from web.cli.output import print_json, say, stderr, stdout

FAILED = 1
MOST_GROUPS, MOST_BAD_ROWS = 30, 20
COUNTS = ("questions", "exact", "near", "review", "variant", "clusters")


def conclude(client: Client, task: TaskObject, *, as_json: bool, top: int = 20) -> None:
    """Print the end of a task; anything but `completed` ends the command with status 1."""
    found = _duplicates(client, task, top) if task["kind"] == "dedup" and task["status"] == "completed" else {}
    if as_json:
        print_json({"task": task, **found})
    elif task["status"] != "completed":
        say(f"{task['kind']} task {task['id']} {task['status']}{_reason(task)}")
    elif task["kind"] == "dedup":
        show_duplicates(task, found["groups"], found["clusters"])
        _say_where_to_read_on(client, f"/api/dedup/tasks/{task['id']}")
    elif task["kind"] == "import":
        show_import(task)
    elif task["kind"] == "ocr":
        show_pages(task)
    else:
        say(f"{task['kind']} task {task['id']} completed. {task.get('message') or ''}")
    if task["status"] != "completed":
        raise click.exceptions.Exit(FAILED)


def show_import(task: TaskObject) -> None:
    result = task["result"]
    say(f"Imported {_many(result['imported'], 'question')}; refused {_many(result['bad'], 'row')}.")
    rows: Sequence[dict[str, Any]] = result.get("bad_rows", [])
    if not rows:
        return
    table = _table(expand=True)
    table.add_column("line", justify="right")
    table.add_column("reason", ratio=2)
    table.add_column("begins", ratio=3, no_wrap=True, overflow="ellipsis")
    for row in rows[:MOST_BAD_ROWS]:
        table.add_row(str(row["line"]), literal(row["reason"]), literal(row.get("excerpt", "")))
    stdout().print(table)
    if result["bad"] > MOST_BAD_ROWS:
        say(f"… and {result['bad'] - MOST_BAD_ROWS:,} more.")


def show_pages(task: TaskObject) -> None:
    result = task["result"]
    sure = f", confidence {100 * result['confidence']:.1f} %" if result["confidence"] is not None else ""
    say(
        f"Read {_many(result['completed'], 'page')}, {_many(result['characters'], 'character')}{sure}; "
        f"{result['failed']:,} failed. {result['seconds']:.1f} s."
    )
    if not result["failed_pages"]:
        return
    table = _table(expand=True)
    table.add_column("page", justify="right")
    table.add_column("file", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("reason", ratio=3)
    for page in result["failed_pages"][:MOST_BAD_ROWS]:
        table.add_row(str(page["page"]), literal(page["file_name"]), literal(f"{page['message']} ({page['code']})"))
    stderr().print(table)


def show_duplicates(task: TaskObject, groups: Sequence[dict[str, Any]], clusters: Sequence[dict[str, Any]]) -> None:
    """The groups, the first clusters with their members, and the sums."""
    out, result = stdout(), task["result"]
    out.print(_groups_table(groups))
    if clusters:
        out.print("")
        out.print(_clusters_table(clusters))
    out.print("")
    shown = f" ({len(clusters):,} of them above)" if result["clusters"] > len(clusters) else ""
    out.print(
        f"{_many(result['questions'], 'question')} in {_many(result['groups'], 'group')}, "
        f"{_many(result['clusters'], 'cluster')}{shown}: "
        f"{result['exact']:,} exact and {result['near']:,} near duplicates, {result['review']:,} for review, "
        f"{result['variant']:,} variants; {result['unique']:,} unique. {result['seconds']:.1f} s.",
        soft_wrap=True,
    )


def literal(text: object) -> str:
    """On one line, without anything a terminal would obey: texts come out of other people's files."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text or "")).split())


def _say_where_to_read_on(client: Client, path: str) -> None:
    where = f"{client.address.url}{path}" if client.address.lasts else f"run `python app.py`, then read {path}"
    say(f"All of them: {where}/clusters, or …/export?format=xlsx&what=clusters")


def _duplicates(client: Client, task: TaskObject, top: int) -> dict[str, Any]:
    base = f"/api/dedup/tasks/{task['id']}"
    return {"groups": list(_all(client, f"{base}/groups")), "clusters": _surest_clusters(client, base, top)}


def _surest_clusters(client: Client, base: str, most: int) -> list[dict[str, Any]]:
    """What is a duplicate before what resembles one."""
    found: dict[int, dict[str, Any]] = {}
    for verdict in ("exact", "near", "review", "variant"):
        if len(found) < most:
            answer = client.get(f"{base}/clusters", verdict=verdict, limit=most)
            found |= {cluster["id"]: cluster for cluster in answer["data"]}
    return list(found.values())[:most]


def _all(client: Client, path: str) -> Iterable[dict[str, Any]]:
    cursor = None
    while True:
        answer = client.get(path, limit=500, cursor=cursor)
        yield from answer["data"]
        cursor = answer["meta"]["next_cursor"]
        if cursor is None:
            return


def _groups_table(groups: Sequence[dict[str, Any]]) -> Table:
    table = _table()
    for header in ("type", "subject", "channel"):
        table.add_column(header)
    for header in COUNTS:
        table.add_column(header, justify="right", no_wrap=True)
    largest = sorted(groups, key=lambda group: -group["questions"])
    for group in largest[:MOST_GROUPS]:
        table.add_row(*_group_names(group), *(f"{group[count]:,}" for count in COUNTS))
    if rest := largest[MOST_GROUPS:]:
        table.add_row(f"{len(rest):,} more", "", "", *(f"{sum(group[count] for group in rest):,}" for count in COUNTS))
    return table


def _clusters_table(clusters: Sequence[dict[str, Any]]) -> Table:
    table = _table(expand=True)
    for header in ("cluster", "verdict", "alike"):
        table.add_column(header)
    table.add_column("question", max_width=24, no_wrap=True, overflow="ellipsis")
    table.add_column("stem", ratio=1, no_wrap=True, overflow="ellipsis")
    for cluster in clusters:
        for member in cluster["members"]:
            is_first = member["question_id"] == cluster["representative_id"]
            table.add_row(
                str(cluster["id"]) if is_first else "",
                "" if is_first else member["verdict"],
                "" if is_first else f"{100 * member['similarity']:.0f} %",
                literal(member.get("external_id") or member["question_id"]),
                literal((member.get("question") or {}).get("stem")),
            )
        table.add_section()
    return table


def _group_names(group: dict[str, Any]) -> list[str]:
    return [literal(group[key]) for key in ("type_name", "subject_name", "channel_code")]


def _table(*, expand: bool = False) -> Table:
    """Columns with a `ratio` share what the others leave of the width; only `expand` makes them do so."""
    return Table(box=None, pad_edge=False, header_style="bold", expand=expand)


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _reason(task: TaskObject) -> str:
    error = task.get("error")
    return f": {error['message']} ({error['code']})" if error else "."
