"""Secret files that many make at once are one file, whole, and of their owner alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from runtime.durable_files import load_or_make


def test_of_many_who_make_it_one_wins(tmp_path: Path) -> None:
    """All are given the same bytes, and nothing stays beside the file."""
    path, all_there = tmp_path / "keys" / "master.key", Barrier(8)

    def make() -> bytes:
        all_there.wait(5)
        return os.urandom(32)

    with ThreadPoolExecutor(8) as threads:
        given = set(threads.map(lambda _: load_or_make(path, make), range(8)))
    assert given == {path.read_bytes()}
    assert [one.name for one in path.parent.iterdir()] == ["master.key"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_who_fails_to_make_it_leaves_nothing(tmp_path: Path) -> None:
    """The next one makes it."""
    path = tmp_path / "keys" / "master.key"

    def fail() -> bytes:
        raise OSError("no entropy")

    with pytest.raises(OSError, match="no entropy"):
        load_or_make(path, fail)
    assert list(path.parent.iterdir()) == []
    assert load_or_make(path, lambda: b"key") == b"key"
