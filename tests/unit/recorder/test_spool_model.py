"""The spool against a model of what it promises, on a disk that fails at any operation."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from recorder import fmp4
from recorder.crypt import open_sealed
from recorder.depacketise import Loss
from recorder.fragments import ClockReading, Fragment, Sample
from recorder.spool import SpoolSession
from recorder.spool_facts import Gap, RecordingOpening
from recorder.spool_layout import ACKNOWLEDGED_NAME, acknowledged
from recorder.spool_state import SessionState, TrackFact
from recorder.tree import tree_root
from recorder.virtual_file import Container
from runtime.durable_files import write_durably
from tests.support.failing_disk import CrashError, FailingDisk, Failure
from tests.support.recording_rig import KEY, T0_NS
from tests.support.spool_model import RecordingModel, SpoolModel

INIT: Final = fmp4.initialisation()
RECORDINGS: Final = ("rec_1", "rec_2")

faults = st.one_of(
    st.none(), st.none(), st.tuples(st.sampled_from(Failure), st.integers(1, 24), st.floats(0, 1))
)
Fault = tuple[Failure, int, float] | None
Fact = dict[str, Any]
which = st.sampled_from(RECORDINGS)


def fragment(number: int, lost: int) -> Fragment:
    """Fragment ``number``: one picture and one sound of 0.8 s; each loss is a bit of ``lost``."""
    losses = [Loss(T0_NS, T0_NS + lost, lost)] if lost else []
    return Fragment(
        [Sample(0, number * 72_000, 72_000, number, number == 0, b"v%d" % number * 50)],
        [Sample(1, number * 38_400, 38_400, number, True, b"a%d" % number * 5)],
        [ClockReading("trk_1", number << 32, number, T0_NS)],
        T0_NS + number * 800_000_000,
        T0_NS + (number + 1) * 800_000_000,
        losses,
    )


def opening(recording_id: str) -> RecordingOpening:
    """What begins a recording."""
    track = TrackFact(f"trk_{recording_id}", "video", "h264", 90_000)
    return RecordingOpening(recording_id, "par_1", 1, Container.MP4, "h264", (track,), INIT, T0_NS)


class SpoolMachine(RuleBasedStateMachine):
    """Calls as a recorder makes them, an uploader that takes facts away, and failures."""

    def __init__(self) -> None:
        super().__init__()
        # In memory where there is some: it is synced thousands of times.
        shared = Path("/dev/shm")
        place = shared if os.access(shared, os.W_OK) else None
        self.root = Path(tempfile.mkdtemp(prefix="pc-spool-", dir=place))
        self.directory = self.root / "ses_1"
        self.disk = FailingDisk(self.root)
        self.model = SpoolModel.of(RECORDINGS)
        self.ledger: dict[int, tuple[Fact, bytes | None]] = {}
        self.bits = 0
        state = SessionState("ses_1", "key_1", KEY, "tenant/ses_1")
        self.spool = SpoolSession.create(self.root, state, segment_s=2.4, wake=lambda: None)

    # What fails

    def attempt(self, call: Callable[[], object], fault: Fault) -> bool:
        """Make a call on the failing disk; whether it has certainly been carried out.

        One that raised is made again at times, as the recorder does, or left; after a
        crash the next process starts, and that is where the model learns what came of it.
        """
        failure, step, share = fault or (None, 0, 0.0)
        try:
            with self.disk.failing(failure, step):
                call()
        except OSError:
            if share < 0.3:
                return False
            with self.disk.failing(None, 0):
                call()
        except CrashError:
            assert failure is not None
            self._next_process(failure, step, share)
            return False
        return True

    def _next_process(self, failure: Failure, step: int, share: float) -> None:
        """The process is gone, with or without the machine's power; the next one may die too."""
        self._gone(failure, share)
        if step % 3 == 0:
            try:
                with self.disk.failing(failure, 1 + round(share * 12)):
                    self._start()
            except (CrashError, OSError):
                self._gone(failure, 1 - share)
            else:
                self._gone(Failure.KILLED, 0)
        with self.disk.failing(None, 0):
            self._start()
        state = self.spool.state
        self.model.recovered(
            {
                one.recording_id: (one.next_fragment - 1, one.closed)
                for one in state.recordings.values()
            },
            state.closed,
        )

    def _gone(self, failure: Failure, share: float) -> None:
        self.spool.release()
        if failure is Failure.POWER:
            self.disk.cut_power(share, 1 - share)
        else:
            self.disk.forget()

    def _start(self) -> None:
        self.spool = SpoolSession.recover(self.directory, segment_s=2.4, wake=lambda: None)
        self.spool.finish_recovery(T0_NS)

    @rule(share=st.floats(0, 1), step=st.integers(0, 24), power=st.booleans())
    def dies_between_two_calls(self, share: float, step: int, power: bool) -> None:
        """Killed, or without power, while nothing was under way."""
        self._next_process(Failure.POWER if power else Failure.KILLED, step, share)

    # What a recorder does

    @initialize(recording_id=which, fault=faults)
    def open_recording(self, recording_id: str, fault: Fault) -> None:
        """Safe to repeat."""
        if self.attempt(lambda: self.spool.open_recording(opening(recording_id), T0_NS), fault):
            self.model.recordings[recording_id].opened = True

    def _lose(self, model: RecordingModel, loses: bool) -> None:
        if loses:
            model.pending |= 1 << self.bits
            self.bits += 1

    @rule(recording_id=which, loses=st.booleans(), fault=faults)
    def append(self, recording_id: str, loses: bool, fault: Fault) -> None:
        """The next fragment; what was kept of it goes after that."""
        model = self.model.recordings[recording_id]
        if not model.takes_fragments:
            self.open_recording(recording_id, fault)
            return
        self._lose(model, loses)
        number, pending = model.durable, model.pending
        model.perhaps = 1
        cut = fragment(number, pending)
        if self.attempt(lambda: self.spool.append(recording_id, cut), fault):
            model.durable, model.perhaps = number + 1, 0
            model.promised |= pending
            was_kept, model.kept = model.kept, False
            if was_kept:
                self.attempt(lambda: self.spool.drop_kept(recording_id), fault)

    @rule(recording_id=which, loses=st.booleans(), fault=faults)
    def keep(self, recording_id: str, loses: bool, fault: Fault) -> None:
        """The next fragment waits behind a hole."""
        model = self.model.recordings[recording_id]
        if not model.takes_fragments:
            return
        self._lose(model, loses)
        number, pending = model.durable, model.pending
        model.perhaps = 1
        cut = fragment(number, pending)
        if self.attempt(lambda: self.spool.keep(recording_id, cut), fault):
            model.kept = True
            model.promised |= pending

    @rule(recording_id=which, fault=faults, force=st.booleans())
    def seal(self, recording_id: str, fault: Fault, force: bool) -> None:
        """What is long enough becomes a segment; what waits behind a hole is cut first."""
        if self.model.recordings[recording_id].opened:
            self.attempt(lambda: self.spool.seal_due(recording_id, T0_NS, force=force), fault)

    @rule(recording_id=which, fault=faults)
    def tell_losses(self, recording_id: str, fault: Fault) -> None:
        """What never came becomes a gap."""
        model = self.model.recordings[recording_id]
        pending = model.pending
        if not pending or not model.takes_fragments:
            return
        gap = Gap("par_1", recording_id, T0_NS, T0_NS + pending, "packet_loss", pending)
        if self.attempt(lambda: self.spool.gap(gap, T0_NS), fault):
            model.pending = 0
            model.promised |= pending

    @rule(recording_id=which, fault=faults)
    def close_recording(self, recording_id: str, fault: Fault) -> None:
        """Safe to repeat; nothing waits behind a hole any more."""
        model = self.model.recordings[recording_id]
        if not model.opened or model.kept or model.pending:
            return
        model.closing = True
        if self.attempt(lambda: self.spool.close_recording(recording_id, T0_NS), fault):
            model.closed = True

    @rule(fault=faults, left=st.booleans())
    def note_person(self, fault: Fault, left: bool) -> None:
        """Somebody may no longer be recorded, or went away."""
        if left:
            self.attempt(lambda: self.spool.note_left("par_1", True), fault)
        elif self.attempt(lambda: self.spool.stop_participant("par_1"), fault):
            self.model.stopped.add("par_1")

    # What an uploader does

    def _first_fact(self) -> Path | None:
        return min((self.directory / "outbox").glob("*.json"), default=None)

    @rule(fault=faults)
    def take_one_away(self, fault: Fault) -> None:
        """Post the first fact, note that it is acknowledged, unlink it: or die in between."""
        path = self._first_fact()
        if path is None:
            return
        fact = json.loads(path.read_bytes())
        if fact["seq"] <= acknowledged(self.directory / "outbox"):
            path.with_suffix(".segment").unlink(missing_ok=True)
            path.unlink()
            return
        segment = path.with_suffix(".segment")
        stored = segment.read_bytes() if fact["kind"] == "segment_sealed" else None
        if stored is not None:
            assert sha256(stored).hexdigest() == fact["stored_sha256"]
        self.ledger.setdefault(fact["seq"], (fact, stored))
        assert self.ledger[fact["seq"]] == (fact, stored), "one number, two facts"

        def acknowledge() -> None:
            mark = self.directory / "outbox" / ACKNOWLEDGED_NAME
            write_durably(mark, str(fact["seq"]).encode())
            segment.unlink(missing_ok=True)
            path.unlink(missing_ok=True)

        self.attempt(acknowledge, fault)

    # What must hold

    @invariant()
    def who_may_not_be_recorded_is_remembered(self) -> None:
        """Whatever has failed since."""
        assert self.model.stopped <= set(self.spool.state.stopped)

    def teardown(self) -> None:
        """Start once more, end the session, take everything away, and look at the ledger."""
        try:
            self._next_process(Failure.POWER, 1, 0.5)
            self.spool.close("ended", T0_NS)
            while self._first_fact() is not None:
                self.take_one_away(None)
            self._check_ledger()
            left = {path.name for path in self.directory.rglob("*") if path.is_file()}
            assert {n for n in left if not n.endswith(".tmp")} == {"acked", "session.json"}
            self.spool.release()
        finally:
            shutil.rmtree(self.root)

    def _check_ledger(self) -> None:
        facts = [self.ledger[seq][0] for seq in sorted(self.ledger)]
        assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
        assert [f["kind"] for f in facts].count("session_closed") == 1
        assert facts[-1]["kind"] == "session_closed"
        for recording_id, model in self.model.recordings.items():
            mine = [fact for fact in facts if fact.get("recording_id") == recording_id]
            if not model.opened:
                assert mine == []
                continue
            kinds = [fact["kind"] for fact in mine]
            assert (kinds[0], kinds.count("recording_opened")) == ("recording_opened", 1)
            (closed,) = (fact for fact in mine if fact["kind"] == "recording_closed")
            digests = [sha256(INIT).digest()]
            sealed = [fact for fact in mine if fact["kind"] == "segment_sealed"]
            assert [f["segment_no"] for f in sealed] == list(range(1, len(sealed) + 1))
            bodies = []
            for fact in sealed:
                stored = self.ledger[fact["seq"]][1]
                assert stored is not None
                plain = open_sealed(KEY, fact["object_key"], stored)
                for one in fact["fragments"]:
                    body, plain = plain[: one["bytes"]], plain[one["bytes"] :]
                    assert (one["no"], one["sha256"]) == (len(digests), sha256(body).hexdigest())
                    digests.append(sha256(body).digest())
                    bodies.append(body)
                assert plain == b""
            assert bodies == [
                fmp4.fragment_bytes(number + 1, fragment(number, 0))
                for number in range(model.durable)
            ]
            assert (closed["fragments"], closed["root"]) == (
                model.durable,
                tree_root(digests).hex(),
            )
            told = [f["packets"] for f in mine if f["kind"] == "gap"]
            assert not model.promised & ~_union(told), "a loss was never told"
            assert sum(told) == _union(told), "a loss was told twice"


def _union(masks: list[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


@pytest.mark.timeout(300)
def test_the_spool_keeps_its_promises_whatever_fails_and_when() -> None:
    """Killed, without power, a full or a broken disk, at any operation, while recovering too."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        SpoolMachine,
        settings=settings(
            max_examples=int(os.environ.get("PROOFCALL_SPOOL_EXAMPLES", "60")),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
