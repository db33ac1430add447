"""``proofcall verify COPY --statement STATEMENT``: a derived copy is checked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

import typer

from recorder.proof.derived_check import DerivedReport, verify_derived
from recorder.proof.report import EXIT_STATUS
from runtime.errors import SetupError


def verify_copy(copy: Path, statement: bytes, keys: bytes | None, *, as_json: bool) -> NoReturn:
    """Check a copy, tell, and end with the answer's status.

    Raises:
        SetupError: the copy cannot be read, or no keys were given.
    """
    if keys is None:
        raise SetupError("A derived copy is checked with the operator's keys: give --key.")
    try:
        with copy.open("rb") as file:
            report = verify_derived(file, statement, keys)
    except OSError as error:
        raise SetupError(f"Cannot read {copy}: {error.strerror}.") from error
    if as_json:
        told = {"answer": report.answer, "problem": report.problem, "statement": report.said}
        typer.echo(json.dumps(told))
    else:
        _tell(report)
    sys.exit(EXIT_STATUS[report.answer])


def _tell(report: DerivedReport) -> None:
    if report.problem is not None:
        typer.echo(f"NOT VERIFIED: {report.problem}.")
        return
    said = report.said
    typer.echo(f"VERIFIED: a derived copy ({said['kind']}) of case {said['case_id']}.")
    typer.echo("It is no original. The package of the case proves the recordings it is made from:")
    for one in said["originals"]:
        typer.echo(f"  {one['recording_id']}  root {one['root']}")
    for mask in said["masks"]:
        typer.echo(f"  covered: {mask['participant_id']}, {mask['from_ms']} to {mask['to_ms']}")
    for mute in said["mutes"]:
        typer.echo(f"  silent: {mute['from_ms']} to {mute['to_ms']}")
    if said["reason"] is not None:
        typer.echo(f"  reason: {said['reason']}")
