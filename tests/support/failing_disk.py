"""A disk that fails when told to: at any operation the process dies, or the power, or a write.

It stands between ``os`` and a directory. What was written but not synced is kept apart, so
that a power cut may tear it, leave zeros where it was, and undo renames and unlinks whose
directory was not synced; a sync that failed once does not make good what it lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest


class Failure(StrEnum):
    """What happens at an operation."""

    KILLED = "killed"
    POWER = "power"
    ENOSPC = "ENOSPC"
    EIO = "EIO"


class CrashError(BaseException):
    """The process died here; nothing catches it."""


@dataclass
class _File:
    """What the platter has of one file, and what a failed sync has lost of it."""

    durable: bytes
    lost: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class _Entry:
    """A change to a directory that a power cut may undo."""

    directory: Path
    undo: Callable[[], None]


class FailingDisk:
    """The disk under ``root``; only what goes through ``os`` within ``failing`` can fail."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[Path, _File] = {}
        self._entries: list[_Entry] = []
        self._names: dict[int, Path] = {}
        self._left = -1
        self._failure = Failure.KILLED

    @contextmanager
    def failing(self, failure: Failure | None, step: int) -> Iterator[None]:
        """Fail once, at operation number ``step`` (from 1); None only watches."""
        self._failure = failure or Failure.KILLED
        self._left = step if failure else -1
        patch = pytest.MonkeyPatch()
        for name in ("open", "write", "pwrite", "fsync", "fdatasync", "close"):
            patch.setattr(os, name, self._wrapped(name, getattr(os, name)))
        replace, unlink = Path.replace, Path.unlink
        patch.setattr(Path, "replace", lambda path, to: self._replace(replace, path, Path(to)))
        patch.setattr(
            Path,
            "unlink",
            lambda path, missing_ok=False: self._unlink(unlink, path, missing_ok),
        )
        try:
            yield
        finally:
            patch.undo()

    def cut_power(self, torn: float, undone: float) -> None:
        """Lose what was not synced: ``torn`` is the share of it that had reached the platter
        (the rest is gone, or zeros), ``undone`` the share of unsynced directory changes undone.
        """
        count = round(len(self._entries) * undone)
        for entry in reversed(self._entries[len(self._entries) - count :]):
            entry.undo()
        for path, file in self._files.items():
            with suppress(FileNotFoundError):
                path.write_bytes(_torn(path.read_bytes(), file, torn))
        self.forget()

    def forget(self) -> None:
        """The process is gone: its descriptors are, and what is on the disk is what there is."""
        for descriptor in list(self._names):
            with suppress(OSError):
                os.close(descriptor)
        self._names.clear()
        self._files.clear()
        self._entries.clear()

    def _fails(self) -> bool:
        self._left -= 1
        return self._left == 0

    def _raise(self) -> None:
        if self._failure in (Failure.KILLED, Failure.POWER):
            raise CrashError
        number = {"ENOSPC": 28, "EIO": 5}[self._failure]
        raise OSError(number, os.strerror(number))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        act = getattr(self, f"_{name}")

        def wrapper(*given: Any, **named: Any) -> Any:
            return act(real, *given, **named)

        return wrapper

    def _open(self, real: Callable[..., int], path: Any, flags: int, *more: Any) -> int:
        here = Path(path)
        if self._root not in here.parents:
            return real(path, flags, *more)
        if self._fails():
            self._raise()
        there = here.exists()
        if flags & (os.O_WRONLY | os.O_RDWR):
            before = here.read_bytes() if there else b""
            self._files.setdefault(here, _File(before))
        descriptor = real(path, flags, *more)
        self._names[descriptor] = here
        if not there:
            self._entries.append(_Entry(here.parent, lambda: here.unlink(missing_ok=True)))
        return descriptor

    def _close(self, real: Callable[..., None], descriptor: int) -> None:
        self._names.pop(descriptor, None)
        real(descriptor)

    def _write(self, real: Callable[..., int], descriptor: int, content: Any) -> int:
        if descriptor in self._names and self._fails():
            real(descriptor, bytes(content)[: len(content) // 2])
            self._raise()
        at = os.lseek(descriptor, 0, os.SEEK_CUR) if descriptor in self._names else 0
        written = real(descriptor, content)
        self._rewritten(descriptor, at, written)
        return written

    def _pwrite(self, real: Callable[..., int], descriptor: int, content: Any, at: int) -> int:
        if descriptor in self._names and self._fails():
            real(descriptor, bytes(content)[: len(content) // 2], at)
            self._raise()
        written = real(descriptor, content, at)
        self._rewritten(descriptor, at, written)
        return written

    def _rewritten(self, descriptor: int, at: int, size: int) -> None:
        file = self._files.get(self._names.get(descriptor, Path()))
        if file is not None:
            file.lost = [
                piece
                for start, end in file.lost
                for piece in ((start, min(end, at)), (max(start, at + size), end))
                if piece[0] < piece[1]
            ]

    def _fsync(self, real: Callable[..., None], descriptor: int) -> None:
        path = self._names.get(descriptor)
        if path is None:
            real(descriptor)
        elif path.is_dir():
            if self._fails():
                self._raise()
            self._entries = [one for one in self._entries if one.directory != path]
        else:
            self._sync(path)

    _fdatasync = _fsync

    def _sync(self, path: Path) -> None:
        file, now = self._files[path], path.read_bytes()
        if self._fails():
            if self._failure is Failure.EIO:
                # The kernel forgets what was dirty: the next sync says yes and writes nothing.
                file.lost.append((_same(file.durable, now), len(now)))
            self._raise()
        file.durable = _zeroed(now, file.lost)

    def _replace(self, real: Callable[..., Path], path: Path, to: Path) -> Path:
        if self._root in path.parents and self._fails():
            self._raise()
        before = to.read_bytes() if to.exists() else None
        moved = self._files.pop(path, None)
        replaced = self._files.pop(to, None)
        result = real(path, to)
        if moved is not None:
            self._files[to] = moved

        def undo() -> None:
            content = to.read_bytes()
            path.write_bytes(content)
            if moved is not None:
                self._files[path] = moved
            self._files.pop(to, None)
            if before is None:
                to.unlink()
            else:
                to.write_bytes(before)
                if replaced is not None:
                    self._files[to] = replaced

        self._entries.append(_Entry(to.parent, undo))
        return result

    def _unlink(self, real: Callable[..., None], path: Path, missing_ok: bool) -> None:
        if self._root in path.parents and path.exists():
            if self._fails():
                self._raise()
            before, file = path.read_bytes(), self._files.pop(path, None)

            def undo() -> None:
                path.write_bytes(before)
                if file is not None:
                    self._files[path] = file

            self._entries.append(_Entry(path.parent, undo))
        real(path, missing_ok=missing_ok)


def _same(before: bytes, now: bytes) -> int:
    return len(before) if now.startswith(before) else 0


def _zeroed(content: bytes, lost: list[tuple[int, int]]) -> bytes:
    changed = bytearray(content)
    for start, end in lost:
        end = min(end, len(changed))
        changed[start:end] = bytes(max(0, end - start))
    return bytes(changed)


def _torn(now: bytes, file: _File, torn: float) -> bytes:
    now = _zeroed(now, file.lost)
    same = _same(file.durable, now)
    if same < len(file.durable):
        return now if torn > 0.5 else file.durable
    kept = same + round((len(now) - same) * torn)
    # Some file systems make the file longer before its blocks are written.
    return now[:kept] + (bytes(len(now) - kept) if torn < 0.5 else b"")
