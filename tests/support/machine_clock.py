"""The machine's wall clock set during a test, for the processes that a test starts.

Debian's libfaketime stands between them and the clock; the monotonic clock and the times of
files stay as they are.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.errors import SetupError


class MachineClock:
    """Sets the clock of everything that was started under ``turnable_clock``."""

    def __init__(self, offset_file: Path) -> None:
        self._offset_file = offset_file
        self.set(0)

    def set(self, ahead_s: int) -> None:
        """So far ahead of the real time, within a second; negative is behind."""
        aside = self._offset_file.with_suffix(".new")
        aside.write_text(f"{ahead_s:+d}\n")
        aside.replace(self._offset_file)


@contextmanager
def turnable_clock(folder: Path) -> Iterator[MachineClock]:
    """Processes started inside have a clock that can be set.

    Raises SetupError without libfaketime.
    """
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    library = Path("/usr/lib") / triplet / "faketime/libfaketimeMT.so.1"
    if not library.exists():
        raise SetupError("no libfaketime: apt-get install libfaketime")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(folder / "clock"),
            # Seconds. Without it the file is read at each look at the clock, under one lock: a
            # process of a dozen threads then needs minutes to start.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }.items():
            patch.setenv(name, value)
        yield MachineClock(folder / "clock")
