"""The spool survives a crash at every single step."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from recorder import fmp4
from recorder.crypt import open_sealed
from recorder.depacketise import Loss
from recorder.fragments import ClockReading, Fragment, Sample
from recorder.spool import SpoolSession
from recorder.spool_facts import Gap, RecordingOpening
from recorder.spool_layout import ACKNOWLEDGED_NAME
from recorder.spool_state import SessionState, TrackFact
from recorder.tree import tree_root
from recorder.virtual_file import Container
from tests.support.recording_rig import KEY, T0_NS, SpoolRig

STATE = SessionState("ses_1", "key_1", KEY, "tenant/ses_1")
INIT = fmp4.initialisation()
OPENING = RecordingOpening(
    "rec_1",
    "par_1",
    1,
    Container.MP4,
    "h264",
    (TrackFact("trk_1", "video", "h264", 90_000),),
    INIT,
    T0_NS,
)
FRAGMENTS = 7
KEPT = 5
"""The fragment that waited behind a hole before it was cut."""


@pytest.fixture
def memory_path(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: these tests sync thousands of times."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared) as made:
        yield Path(made)


class CrashError(BaseException):
    """The process died here; nothing catches it."""


def fragment(number: int) -> Fragment:
    """Fragment ``number`` of a recording: one picture and one sound of 0.8 s."""
    return Fragment(
        [Sample(0, number * 72_000, 72_000, number, number == 0, b"v%d" % number * 50)],
        [Sample(1, number * 38_400, 38_400, number, True, b"a%d" % number * 5)],
        [ClockReading("trk_1", number << 32, number, T0_NS)],
        T0_NS,
        T0_NS + (number + 1) * 800_000_000,
    )


def steps_of(
    spool: SpoolSession, durable: list[int], *, first: int = 0
) -> list[Callable[[], object]]:
    """The calls of a whole session from fragment ``first`` on; ``durable`` counts the fragments."""

    def append(number: int) -> None:
        spool.append("rec_1", fragment(number))
        if number not in durable:
            durable.append(number)

    def keep(number: int) -> None:
        spool.keep("rec_1", fragment(number))
        durable.append(number)

    calls: list[Callable[[], object]] = [lambda: spool.open_recording(OPENING, T0_NS)]
    for number in range(first, FRAGMENTS):
        if number == KEPT:
            calls.append(partial(keep, number))
        calls.append(partial(append, number))
        if number == KEPT:
            calls.append(lambda: spool.drop_kept("rec_1"))
        calls.append(lambda: spool.seal_due("rec_1", T0_NS))
    calls.append(
        lambda: spool.gap(Gap("par_1", "rec_1", T0_NS, T0_NS + 5, "packet_loss", 3), T0_NS)
    )
    calls.append(lambda: spool.close("ended", T0_NS))
    return calls


def story(spool: SpoolSession, durable: list[int]) -> None:
    """A whole session."""
    for call in steps_of(spool, durable):
        call()


def begin(root: Path) -> SpoolSession:
    """A fresh session."""
    return SpoolSession.create(root, STATE, segment_s=4.0, wake=lambda: None)


def recover(root: Path) -> SpoolSession:
    """The session as a new process finds it."""
    spool = SpoolSession.recover(root / "ses_1", segment_s=4.0, wake=lambda: None)
    spool.finish_recovery(T0_NS)
    return spool


@contextmanager
def failing_at(step: int, failure: Callable[[], BaseException]) -> Iterator[list[int]]:
    """Count what reaches the disk, and fail before operation number ``step``."""
    done = [0]
    names = ("fsync", "fdatasync", "pwrite", "write", "open")
    real: dict[str, Any] = {name: getattr(os, name) for name in names}
    real_replace, real_unlink = Path.replace, Path.unlink

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*given: Any, **named: Any) -> Any:
            done[0] += 1
            if done[0] == step:
                raise failure()
            return call(*given, **named)

        return wrapper

    patch = pytest.MonkeyPatch()
    for name in names:
        patch.setattr(os, name, counted(real[name]))
    patch.setattr(Path, "replace", counted(real_replace))
    patch.setattr(Path, "unlink", counted(real_unlink))
    try:
        yield done
    finally:
        patch.undo()


def facts_in(root: Path) -> list[dict[str, Any]]:
    """The facts in a session's outbox."""
    rig = object.__new__(SpoolRig)
    rig.root = root
    return rig.facts()


def check_whole(root: Path) -> None:
    """Facts without a hole, each fragment once and unaltered, the root over all of them."""
    facts = facts_in(root)
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    entries = [sha256(INIT).digest()]
    plain_fragments = []
    for fact in facts:
        if fact["kind"] != "segment_sealed":
            continue
        stored = (root / "ses_1" / "outbox" / f"{fact['seq']:08d}.segment").read_bytes()
        assert sha256(stored).hexdigest() == fact["stored_sha256"]
        plain = open_sealed(KEY, fact["object_key"], stored)
        for one in fact["fragments"]:
            assert one["no"] == len(entries)
            body, plain = plain[: one["bytes"]], plain[one["bytes"] :]
            assert sha256(body).hexdigest() == one["sha256"]
            entries.append(bytes.fromhex(one["sha256"]))
            plain_fragments.append(body)
        assert plain == b""
    assert plain_fragments == [
        fmp4.fragment_bytes(number + 1, fragment(number)) for number in range(FRAGMENTS)
    ]
    (closed,) = [fact for fact in facts if fact["kind"] == "recording_closed"]
    assert closed["root"] == tree_root(entries).hex()
    assert closed["fragments"] == FRAGMENTS
    (opened,) = [fact for fact in facts if fact["kind"] == "recording_opened"]
    assert b64decode(opened["init"]) == INIT
    assert [fact["kind"] for fact in facts][-1] == "session_closed"
    assert len([fact for fact in facts if fact["kind"] == "gap"]) == 1
    assert not list((root / "ses_1").glob("*.journal"))
    assert not list((root / "ses_1").glob("*.held"))


def count_steps(root: Path) -> int:
    """How many operations a whole story takes."""
    spool = begin(root)
    with failing_at(-1, CrashError) as done:
        story(spool, [])
    check_whole(root)
    return done[0]


def test_a_crash_at_any_step_loses_no_durable_fragment(memory_path: Path) -> None:
    """Killed before any write, sync, rename or unlink, the next process goes on whole."""
    steps = count_steps(memory_path / "count")
    for step in range(1, steps + 1):
        root = memory_path / f"at{step}"
        spool = begin(root)
        durable: list[int] = []
        with failing_at(step, CrashError), pytest.raises(CrashError):
            story(spool, durable)
        again = recover(root)
        recording = again.state.recordings.get("rec_1")
        kept = recording.next_fragment - 1 if recording else 0
        assert kept >= len(durable)
        if not again.state.closed:
            finish(again, root, kept)
        check_whole(root)
        shutil.rmtree(root)


def finish(spool: SpoolSession, root: Path, kept: int) -> None:
    """What a live session still does after its recovery."""
    spool.open_recording(OPENING, T0_NS)
    for number in range(kept, FRAGMENTS):
        spool.append("rec_1", fragment(number))
        spool.seal_due("rec_1", T0_NS)
    if not any(fact["kind"] == "gap" for fact in facts_in(root)):
        spool.gap(Gap("par_1", "rec_1", T0_NS, T0_NS + 5, "packet_loss", 3), T0_NS)
    spool.close("ended", T0_NS)


def test_a_failed_write_at_any_step_may_be_tried_again(memory_path: Path) -> None:
    """A full disk at any step changes nothing: the same call again succeeds."""
    steps = count_steps(memory_path / "count")
    for step in range(1, steps + 1, 3):
        root = memory_path / f"at{step}"
        spool = begin(root)
        calls = steps_of(spool, [])
        with failing_at(step, lambda: OSError(errno.ENOSPC, "no space left")):
            for call in calls:
                try:
                    call()
                except OSError:
                    call()
        check_whole(root)
        shutil.rmtree(root)


def test_a_fact_that_was_acknowledged_is_not_written_again(tmp_path: Path) -> None:
    """The uploader's mark tells a starting recorder that the last fact has gone."""
    spool = begin(tmp_path)
    spool.open_recording(OPENING, T0_NS)
    outbox = tmp_path / "ses_1" / "outbox"
    (outbox / ACKNOWLEDGED_NAME).write_text("1")
    (outbox / "00000001.json").unlink()
    recover(tmp_path)
    assert facts_in(tmp_path) == []
    (outbox / ACKNOWLEDGED_NAME).unlink()
    recover(tmp_path)
    assert [fact["kind"] for fact in facts_in(tmp_path)] == ["recording_opened"]


def test_a_loss_that_was_told_is_not_told_again_by_the_next_process(tmp_path: Path) -> None:
    """The journal still names it; what is lost after that is told once more."""
    loss = Gap("par_1", "rec_1", T0_NS, T0_NS + 5, "packet_loss", 3)
    for lost_again, told in ((False, 1), (True, 2)):
        root = tmp_path / str(told)
        spool = begin(root)
        spool.open_recording(OPENING, T0_NS)
        spool.append("rec_1", replace(fragment(0), losses=[Loss(T0_NS, T0_NS + 5, 3)]))
        spool.gap(loss, T0_NS)
        if lost_again:
            spool.append("rec_1", replace(fragment(1), losses=[Loss(T0_NS, T0_NS + 9, 1)]))
        spool.release()
        recover(root)
        assert len([fact for fact in facts_in(root) if fact["kind"] == "gap"]) == told


def test_the_same_names_are_never_used_twice(tmp_path: Path) -> None:
    """Segments sealed again after a crash get another object key."""
    keys = []
    for attempt in ("a", "b"):
        story(begin(tmp_path / attempt), [])
        keys += [
            fact["object_key"]
            for fact in facts_in(tmp_path / attempt)
            if fact["kind"] == "segment_sealed"
        ]
    assert len(set(keys)) == len(keys)


def test_the_state_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """The session's key is in it."""
    begin(tmp_path)
    assert (tmp_path / "ses_1" / "session.json").stat().st_mode & 0o777 == 0o600
