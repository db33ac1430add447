"""The command line that the local servers share: ``python -m infra.local.NAME DIR``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from infra.local.process import until_interrupted
from runtime.errors import SetupError


class LocalServer(Protocol):
    """A server that is running."""

    def describe(self) -> str:
        """Return one line on how to reach it."""

    def stop(self) -> None:
        """End it; may be called twice."""


def serve_from_command_line(name: str, start: Callable[[Path], LocalServer]) -> int:
    """Start a server in the directory of the first argument and keep it until Ctrl-C.

    Returns the exit status: 0, 2 for a wrong call, 1 if it does not start.
    """
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(f"usage: python -m infra.local.{name} DIR", file=sys.stderr)  # noqa: T201
        return 2
    server: LocalServer | None = None
    try:
        with until_interrupted():
            server = start(Path(sys.argv[1]).resolve())
            print(server.describe(), flush=True)  # noqa: T201
    except SetupError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        if server is not None:
            server.stop()
    return 0
