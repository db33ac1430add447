"""The journal: durable records, torn tails, failed writes."""

from __future__ import annotations

import errno
import os
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.journal import Journal, read_journal
from runtime.durable_files import write_durably


def written(path: Path, bodies: list[bytes]) -> Journal:
    """A journal with one record per body."""
    journal = Journal(path)
    for number, body in enumerate(bodies):
        journal.append({"no": number}, body)
    journal.close()
    return journal


@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.integers(0, 2_000), st.binary()
)
@settings(max_examples=40, deadline=None)
def test_a_torn_tail_costs_only_what_is_torn(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], cut: int, garbage: bytes
) -> None:
    """Cut anywhere and followed by anything, a journal gives its whole records in order."""
    path = tmp_path_factory.mktemp("journal") / "one.journal"
    written(path, bodies)
    content = path.read_bytes()
    path.write_bytes(content[: min(cut, len(content))] + garbage)
    records = read_journal(path)
    whole = [record.body for record in records]
    assert whole[: len(bodies)] == bodies[: len(whole)]
    sizes = [8 + len(b'{"no":0}\n') + len(body) for body in bodies]
    reached = sum(end <= cut for end in accumulate(sizes))
    assert len(whole) >= reached


@given(st.integers(0, 400), st.integers(1, 255))
@settings(max_examples=30, deadline=None)
def test_an_altered_byte_ends_the_reading(
    tmp_path_factory: pytest.TempPathFactory, at: int, flip: int
) -> None:
    """No altered record is ever given out."""
    path = tmp_path_factory.mktemp("journal") / "one.journal"
    bodies = [bytes([number]) * 100 for number in range(4)]
    written(path, bodies)
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= flip
    path.write_bytes(bytes(content))
    found = [record.body for record in read_journal(path)]
    assert found == bodies[: len(found)]
    assert len(found) < len(bodies)


def test_a_failed_append_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that stops halfway and a sync that fails leave no trace after the retry."""
    journal = Journal(tmp_path / "one.journal")
    journal.append({"no": 0}, b"first")
    real_write, real_sync = os.pwrite, os.fdatasync

    def half(descriptor: int, content: bytes, at: int) -> int:
        real_write(descriptor, content[: len(content) // 2], at)
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(OSError, match="space"):
        journal.append({"no": 1}, b"second" * 50)
    monkeypatch.setattr(os, "pwrite", real_write)

    def failing_sync(_: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fdatasync", failing_sync)
    with pytest.raises(OSError, match="input"):
        journal.append({"no": 1}, b"second" * 50)
    monkeypatch.setattr(os, "fdatasync", real_sync)
    journal.append({"no": 1}, b"short")
    assert [record.body for record in read_journal(journal.path)] == [b"first", b"short"]


def test_a_whole_file_replaces_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails leaves what was under the name."""
    path = tmp_path / "state"
    write_durably(path, b"before")

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="input"):
        write_durably(path, b"after")
    assert path.read_bytes() == b"before"
