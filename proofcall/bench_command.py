"""``proofcall bench``: runs the measurements in ``bench/`` and writes or prints their results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.errors import SetupError

_CHECKOUT = Path(__file__).resolve().parent.parent


class Part(StrEnum):
    """What can be measured; each is a module of ``bench/`` that prints a JSON list."""

    RELAY = "relay"
    JOIN = "join"
    NETWORK = "network"
    OUTAGES = "outages"
    DESK = "desk"
    VERIFY = "verify"
    EVIDENCE = "evidence"
    ALL = "all"


def bench(
    part: Annotated[Part, typer.Argument(help="What to measure.")] = Part.ALL,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    output: Annotated[Path | None, typer.Option(help="Also write them to this file.")] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="network: only this one, such as 3g, bad or blackout; may be repeated."),
    ] = None,
) -> None:
    """Measure on this machine, peers side by side (needs a checkout and ``make test-env``)."""
    parts = [one for one in Part if one is not Part.ALL] if part is Part.ALL else [part]
    results: list[dict[str, Any]] = []
    for one in parts:
        if part is Part.ALL and one is Part.NETWORK and os.geteuid() != 0:
            typer.echo("network: left out, network namespaces need root", err=True)
            continue
        chosen = profile if one is Part.NETWORK and profile else []
        results += _measure(one, *(word for name in chosen for word in ("--profile", name)))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(results, indent=2) + "\n")
    if as_json:
        print(json.dumps(results, indent=2))
        return
    for result in results:
        against = (
            f" · {result['peer']} {result['peer_value']:g} (ratio {result['ratio']:g})"
            if result.get("peer")
            else ""
        )
        target = f" · target {result['target']}" if result.get("target") is not None else ""
        print(f"{result['name']:<34} {result['value']:g} {result['unit']}{target}{against}")


def _measure(part: Part, *options: str) -> list[dict[str, Any]]:
    module = _CHECKOUT / "bench" / f"{part}.py"
    if not module.is_file():
        raise SetupError("benches run from a checkout: clone the repository and `make test-env`")
    finished = subprocess.run(  # noqa: S603 - our own module with our own interpreter
        [sys.executable, "-m", f"bench.{part}", *options],
        cwd=_CHECKOUT,
        stdout=subprocess.PIPE,
        check=False,
    )
    if finished.returncode != 0:
        raise SetupError(f"the {part} bench failed; what it says stands above")
    results: list[dict[str, Any]] = json.loads(finished.stdout)
    return results
