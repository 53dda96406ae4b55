"""`doctor`: check what the server needs, and say how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import click
from rich.text import Text

from services.config import Settings, load_settings
from services.ocr.models_store import easyocr_folder, fetch_easyocr
from web.cli import ocr_checks
from web.cli.checks import examine
from web.cli.finding import Finding
from web.cli.output import json_option, print_json, say, stdout

STYLES = {"ok": "green", "note": "cyan", "warn": "yellow", "fail": "bold red"}


@click.command("doctor")
@click.option(
    "--fetch-models", is_flag=True, help="Fetch the weights of EasyOCR into the data directory, and load them."
)
@json_option
def command(fetch_models: bool, as_json: bool) -> None:
    """Check database, Redis, data directory, disk, port, clock, worker processes, OCR engines and cameras.

    Status 1 when one fails; an optional OCR engine or a camera that is not there is but a note.
    """
    settings = load_settings()
    findings = []
    for finding in _fetched(settings) if fetch_models else examine(settings):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    if any(finding.state == "fail" for finding in findings):
        raise click.exceptions.Exit(1)


def _fetched(settings: Settings) -> Iterable[Finding]:
    """Raises ModelLoadError when they cannot be had."""
    fetch_easyocr(easyocr_folder(settings.data_dir), say)
    yield ocr_checks.easyocr(settings)


def _show(finding: Finding) -> None:
    line = Text.assemble((f"{finding.state:<5}", STYLES[finding.state]), f"{finding.check}: {finding.detail}")
    stdout().print(line, soft_wrap=True)
    if finding.remedy:
        stdout().print(f"     {finding.remedy}", soft_wrap=True)
