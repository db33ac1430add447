"""The command line: ``proofcall serve | demo | verify | export | admin | bench``."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from proofcall.late_commands import LateGroup
from proofcall.preflight import (
    check_credentials,
    check_data_directory,
    check_front_end,
    check_port,
    load_settings,
)
from proofcall.roles import Role, run_role, stand_by
from runtime.errors import ProofcallError, SetupError
from runtime.imports import loading
from runtime.settings import Settings

app = typer.Typer(
    name="proofcall",
    cls=LateGroup,
    help="Live video inspection of returned goods, with evidence either side can verify.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

HttpOption = Annotated[str | None, typer.Option("--http", help="host:port to listen on.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="The data directory.")]
LanOption = Annotated[
    bool, typer.Option("--lan", help="Also serve HTTPS to phones and tablets in this network.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="A TOML settings file.")]

PAGES = Path(__file__).resolve().parent.parent / "web" / "dist"


@app.command()
def serve(
    role: Annotated[Role, typer.Option(help="One process, or all of them.")] = Role.ALL,
    index: Annotated[int, typer.Option(help="Which media worker.", min=0)] = 0,
    standby: Annotated[
        bool, typer.Option(help="A spare media worker: wait for its index on standard input.")
    ] = False,
    http: HttpOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    lan: LanOption = False,
) -> None:
    """Run Proofcall: every process on this machine, or one of them."""
    settings = load_settings(http=http, data=data, config=config, lan=lan or None)
    if role is Role.ALL:
        _run_all(settings, demo=False)
    elif standby and role is Role.MEDIA:
        stand_by(role, settings)
    else:
        check_data_directory(settings.data)
        if settings.lan and role in (Role.WEB, Role.WEB_AND_JOBS):
            settings = _prepared_for_lan(settings)
        run_role(role, settings, index)


@app.command()
def demo(
    http: HttpOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    lan: LanOption = False,
) -> None:
    """Run Proofcall with a demo tenant, warehouse, people and cases."""
    settings = load_settings(http=http, data=data, config=config, lan=lan or None)
    if "log_level" not in settings.model_fields_set:
        # Links and sign-ins are what this prints; a log around them would hide them.
        settings = settings.model_copy(update={"log_level": "error"})
    _run_all(settings, demo=True)


def _run_all(settings: Settings, *, demo: bool) -> None:
    with loading():
        from proofcall.machine import run_machine

    check_data_directory(settings.data)
    check_port(settings.http_host, settings.http_port)
    if settings.lan:
        settings = _prepared_for_lan(settings)
        for port in (settings.lan_port, settings.trust_port):
            check_port("0.0.0.0", port, "PROOFCALL_LAN_PORT")  # noqa: S104  The LAN is meant.
    check_front_end(PAGES)
    check_credentials(settings)
    asyncio.run(run_machine(settings, demo=demo))


def _prepared_for_lan(settings: Settings) -> Settings:
    from proofcall.lan import prepare_lan

    return prepare_lan(settings)


def main() -> None:
    """Run the command line; a fault the user can mend is one line on standard error."""
    try:
        app()
    except SetupError as error:
        print(f"proofcall: {error}", file=sys.stderr)
        sys.exit(2)
    except ProofcallError as error:
        print(f"proofcall: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has gone.
        os._exit(1)
