"""Starts the real servers that tests ask for, each once per run and only when asked."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from infra.local.command_line import LocalServer
from runtime.errors import SetupError

Server = TypeVar("Server", bound=LocalServer)


@contextmanager
def running_server(start: Callable[[Path], Server]) -> Iterator[Server]:
    """Run a server of ``infra.local`` in a short-named directory that goes with it.

    Where it cannot start the test fails under CI and is skipped elsewhere,
    with the reason.
    """
    # Not pytest's own directory, which PostgreSQL's user could not enter, and
    # whose length some Unix sockets would not bear.
    folder = Path(tempfile.mkdtemp(prefix="pc-"))
    folder.chmod(0o711)
    try:
        server = start_or_skip(lambda: start(folder / "s"))
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_or_skip(start: Callable[[], Server]) -> Server:
    """Start something; a SetupError skips the test, or fails it where CI is true."""
    try:
        return start()
    except SetupError as error:
        missing_part(str(error))


def missing_part(reason: str) -> NoReturn:
    """Skip the test with a reason, or fail it where the environment says CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
