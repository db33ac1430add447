"""A process loads what it runs and no more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proofcall.late_commands import LATE

_LOADED = "import sys, proofcall.cli, media.process; print(*sys.modules)"


def test_a_media_process_has_not_loaded_the_database_nor_the_store() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "media.process" in loaded
    rooms = {name.partition(".")[0] for name in loaded}
    assert not rooms & {"cases", "sqlalchemy", "dbos", "boto3", "socketio"}


@pytest.mark.parametrize("words", [[], *([name] for name in LATE)])
def test_every_command_has_its_help(words: list[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "proofcall", *words, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    for name in words or ["serve", "demo", *LATE]:
        assert name in told.stdout
