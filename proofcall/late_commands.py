"""Commands that are imported when they are asked for: ``serve`` loads no more than it runs.

A media process parses hostile packets and must not even have loaded the database's code, which
``admin`` needs; it also comes back sooner after a crash.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from runtime.imports import loading

LATE = {
    "verify": "proofcall.evidence_commands",
    "export": "proofcall.evidence_commands",
    "admin": "proofcall.admin",
    "bench": "proofcall.bench_command",
}
"""Command → the module that holds it under the same name: a function, or a ``Typer`` of its own."""


class LateGroup(TyperGroup):
    """A group that also has the commands of ``LATE``."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of ``--help``."""
        return [*super().list_commands(ctx), *LATE]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command ``cmd_name``, or None."""
        if cmd_name not in LATE:
            return super().get_command(ctx, cmd_name)
        with loading():
            held = getattr(import_module(LATE[cmd_name]), cmd_name)
        if not isinstance(held, typer.Typer):
            function, held = held, typer.Typer(add_completion=False)
            held.command(cmd_name)(function)
        command = get_command(held)
        command.name = cmd_name
        return command
