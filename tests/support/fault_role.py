"""One process of the product on a disk that fails when told to: ``python -m … DATA serve …``.

While ``DATA/failing-disk`` exists and holds ``ENOSPC`` or ``EIO``, whatever the process writes
or syncs in the spool fails so; a write that fails has left its first half behind.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

SWITCH: Final = "failing-disk"


def install(data: Path) -> None:
    """From now on the disk under ``data/spool`` can fail."""
    spool, switch = f"{data / 'spool'}/", data / SWITCH

    def failure(path: str) -> OSError | None:
        if not path.startswith(spool):
            return None
        try:
            number = getattr(errno, switch.read_text().strip() or "EIO")
        except OSError:
            return None
        return OSError(number, os.strerror(number))

    def named(descriptor: int) -> str:
        try:
            return str(Path(f"/proc/self/fd/{descriptor}").readlink())
        except OSError:
            return ""

    def writing(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(descriptor: int, content: Any, *at: int) -> Any:
            error = failure(named(descriptor))
            if error is not None:
                real(descriptor, bytes(content)[: len(content) // 2], *at)
                raise error
            return real(descriptor, content, *at)

        return write

    def syncing(real: Callable[..., Any]) -> Callable[..., Any]:
        def sync(descriptor: int) -> Any:
            error = failure(named(descriptor))
            if error is not None:
                raise error
            return real(descriptor)

        return sync

    for name, wrapped in (
        ("write", writing),
        ("pwrite", writing),
        ("fsync", syncing),
        ("fdatasync", syncing),
    ):
        setattr(os, name, wrapped(getattr(os, name)))
    opening = os.open

    def open_(path: Any, flags: int, *more: Any, **named_: Any) -> int:
        error = failure(os.fspath(path)) if flags & os.O_CREAT else None
        if error is not None and not Path(path).exists():
            raise error
        return opening(path, flags, *more, **named_)

    os.open = open_


if __name__ == "__main__":
    from proofcall.cli import app

    install(Path(sys.argv[1]))
    app(sys.argv[2:])
