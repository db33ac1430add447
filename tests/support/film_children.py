"""Finds the processes that draw films, to be killed or to be found gone."""

from __future__ import annotations

import contextlib
from pathlib import Path


def film_children(parent: int) -> list[int]:
    """The processes that draw a film for this one."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
                is_film = b"recorder.derived.render" in (folder / "cmdline").read_bytes()
                if is_film and int(after_name[1]) == parent:
                    found.append(int(folder.name))
    return found
