"""Small files that are whole and durable, or not there: keys, states, marks. All of it blocks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make the directory's entries durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes | memoryview) -> None:
    """Put a whole file in place by rename, it and its directory durable.

    Raises:
        OSError: what was under the name before is still there.
    """
    aside = path.with_name(f"{path.name}.tmp")
    _write(aside, content, os.O_TRUNC)
    aside.replace(path)
    sync_directory(path.parent)


def load_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """What a secret file (0600) holds, made at its first use, in a directory of its own (0700).

    Of processes that make it at once one wins, and all of them are given what that one wrote.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            _write(aside, make(), os.O_EXCL)
            # A link never replaces the file of a process that was faster.
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink(missing_ok=True)
        sync_directory(path.parent)
    return path.read_bytes()


def _write(path: Path, content: bytes | memoryview, how: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
