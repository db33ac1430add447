"""What hashing and encryption add to the recorder's CPU, with and without side by side.

A busy machine slows whatever runs at the moment, so nothing is measured long after what it is
compared with: the inner parts take turns of some seconds of media, the processes run at once.
What counts is CPU time (user and system) and, as a count that no neighbour moves, the pages
that the kernel had to hand out.

``python -m bench.sealing_cpu DATA sealed|unsealed`` is one of the two recorder processes.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import secrets
import signal
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.evidence_lag import answers, heavy_packets
from recorder import fragment_record, spool, tree
from recorder.crypt import Sealer
from recorder.depacketise import Codec
from recorder.process import CONTROL_SOCKET, TAP_SOCKET, run_recorder
from runtime.control import ControlClient, load_control_secret
from runtime.logging import configure_logging
from runtime.settings import Settings
from tests.support.recording_rig import T0_NS, SpoolRig
from tests.support.tap_feed import Packet, TapFeeder, batches

_POLL_S: Final = 0.01
"""As the tap hands packets over."""
_TURN_S: Final = 20
_TURNS: Final = 20
_CALLS: Final = 10
_FROM_S: Final = 10
_UNTIL_S: Final = 58
"""Twelve segments are sealed in between, and none of them at either end."""
_CALLS_S: Final = 60
_CODECS: Final = ("h264", "opus")


class Spent(NamedTuple):
    """What a stretch of work took: CPU seconds and pages handed out."""

    cpu_s: float
    pages: int

    def since(self, before: Spent) -> Spent:
        """What has been added."""
        return Spent(self.cpu_s - before.cpu_s, self.pages - before.pages)


@dataclass(frozen=True, slots=True)
class Added:
    """One run: what each side took for a minute of one person."""

    sealed: Spent
    unsealed: Spent

    @property
    def percent(self) -> float:
        """What sealing adds, of the CPU without it."""
        return 100 * (self.sealed.cpu_s / self.unsealed.cpu_s - 1)

    def __str__(self) -> str:
        sides = (("sealed", self.sealed), ("unsealed", self.unsealed))
        each = (f"{name} {1000 * one.cpu_s:.1f} ms, {one.pages} pages" for name, one in sides)
        return f"{self.percent:.1f} %; for a minute of one person {'; '.join(each)}"


class _NoDigest:
    """A SHA-256 that costs nothing."""

    def __init__(self, _: bytes = b"") -> None:
        pass

    def update(self, _: bytes) -> None:
        """Take nothing in."""

    def digest(self) -> bytes:
        """Zeros."""
        return bytes(32)

    def hexdigest(self) -> str:
        """Zeros."""
        return "0" * 64


def _as_it_is(sealer: Sealer, _key: bytes, _object_key: str, plain: Sequence[bytes]) -> memoryview:
    """What has to be written, in the sealer's buffer: no page is asked for here either."""
    size = sum(map(len, plain))
    if len(sealer._buffer) < size:
        sealer._buffer = bytearray(size)
    stored, at = memoryview(sealer._buffer)[:size], 0
    for part in plain:
        stored[at : at + len(part)] = part
        at += len(part)
    return stored


@contextmanager
def unsealed() -> Iterator[None]:
    """Neither hashing nor encryption."""
    kept = Sealer.seal, spool.sha256, fragment_record.sha256, tree.sha256
    Sealer.seal = _as_it_is  # type: ignore[assignment,method-assign]
    spool.sha256 = fragment_record.sha256 = tree.sha256 = _NoDigest  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        Sealer.seal, spool.sha256, fragment_record.sha256, tree.sha256 = kept  # type: ignore[misc]


def inner_run() -> Added:
    """The recorder's inner parts on a simulated clock, in turns."""
    polls = _polls(_TURNS * _TURN_S)
    gc.collect()
    gc.freeze()
    spent: dict[bool, list[Spent]] = {True: [], False: []}
    with tempfile.TemporaryDirectory(prefix="pcb-") as folder:
        sides = {is_sealed: _Side(Path(folder) / str(is_sealed)) for is_sealed in spent}
        per_turn = round(_TURN_S / _POLL_S)
        for turn in range(_TURNS):
            due = polls[turn * per_turn : (turn + 1) * per_turn]
            for is_sealed in (True, False) if turn % 2 else (False, True):
                if is_sealed:
                    spent[True].append(sides[True].take(due))
                else:
                    with unsealed():
                        spent[False].append(sides[False].take(due))
    gc.unfreeze()
    minutes = _TURNS * _TURN_S / 60
    return Added(_per_minute(spent[True], minutes), _per_minute(spent[False], minutes))


_Poll = list[tuple[bool, tuple[int, int, bool, bytes, int]]]
"""What one look at the tap gives: for each packet whether it is sound, and ``rtp``'s arguments."""


def _polls(seconds: int) -> list[_Poll]:
    polls: list[_Poll] = [[] for _ in range(round(seconds / _POLL_S))]
    for is_sound, packets in enumerate(heavy_packets(seconds)):
        for one in packets:
            arguments = (
                one.sequence,
                one.timestamp,
                one.marker,
                one.payload,
                T0_NS + round(one.at_s * 1e9),
            )
            at = min(int(one.at_s / _POLL_S), len(polls) - 1)
            polls[at].append((bool(is_sound), arguments))
    return polls


class _Side:
    """One recorder's inner parts, which wait for their turn."""

    def __init__(self, folder: Path) -> None:
        self._rig = SpoolRig(folder)
        self._polls = 0
        tracks = [
            self._rig.session.open_track("par_1", f"trk_{codec}", "peer_1", Codec(codec))
            for codec in _CODECS
        ]
        self._rtp = [track.rtp for track in tracks if track is not None]

    def take(self, polls: Sequence[_Poll]) -> Spent:
        """Record what comes in so many looks."""
        before = _own()
        rtp, rig = self._rtp, self._rig
        for packets in polls:
            self._polls += 1
            rig.advance(self._polls * _POLL_S)
            for is_sound, arguments in packets:
                rtp[is_sound](*arguments)
        return _own().since(before)


def _own() -> Spent:
    return Spent(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt)


async def process_run() -> Added:
    """Two recorder processes, one sealing, one not, given the same calls at the same time."""
    heavy_packets(_CALLS_S)
    with tempfile.TemporaryDirectory(prefix="pcb-") as folder:
        sides = [_Process(Path(folder) / name, name) for name in ("sealed", "unsealed")]
        try:
            for side in sides:
                await side.start()
            spent = await _feed(sides)
        finally:
            for side in sides:
                await side.stop()
    minutes = 2 * _CALLS * (_UNTIL_S - _FROM_S) / 60
    return Added(*(_per_minute([one], minutes) for one in spent))


class _Process:
    """A recorder process with calls of two people each."""

    def __init__(self, data: Path, mode: str) -> None:
        self._data = data
        self._mode = mode
        self._process: asyncio.subprocess.Process | None = None
        self._feeder: TapFeeder | None = None

    async def start(self) -> None:
        """Start it, and every call."""
        settings = Settings(data=self._data)
        self._data.mkdir()
        secret = load_control_secret(settings.keys_dir)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.sealing_cpu", str(self._data), self._mode
        )
        client = ControlClient(f"unix://{settings.run_dir / CONTROL_SOCKET}", secret)
        try:
            await answers(client)
            for call in range(_CALLS):
                await client.command(
                    "/sessions",
                    {
                        "session_id": f"ses_{call}",
                        "key_id": "key_1",
                        "key": b64encode(secrets.token_bytes(32)).decode(),
                        "object_prefix": f"bench/ses_{call}",
                    },
                )
        finally:
            await client.close()
        self._feeder = TapFeeder(settings.run_dir / TAP_SOCKET)

    def open_tracks(self) -> list[int]:
        """Announce all tracks; gives their handles, picture and sound in turns."""
        assert self._feeder is not None
        return [
            self._feeder.open_track(
                f"ses_{call}",
                f"par_{person}",
                f"trk_{person}{codec}",
                codec,
                time.time_ns(),
                peer_id=f"peer_{person}",
            )
            for call in range(_CALLS)
            for person in range(2)
            for codec in _CODECS
        ]

    def send(self, message: bytes) -> None:
        """Hand packets over."""
        assert self._feeder is not None
        self._feeder.send_bytes(message)

    def spent(self) -> Spent:
        """Until now, all its threads."""
        assert self._process is not None
        pid = self._process.pid
        # clock_getcpuclockid(3): what the kernel calls the CPU clock of another process.
        cpu_s = time.clock_gettime(~pid << 3 | 2)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return Spent(cpu_s, int(fields[7]))

    async def stop(self) -> None:
        """End it; may be called twice."""
        if self._feeder is not None:
            self._feeder.close()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


async def _feed(sides: Sequence[_Process]) -> list[Spent]:
    """Feed in real time; gives what each side took between the two moments."""
    handles = sides[0].open_tracks()
    if any(side.open_tracks() != handles for side in sides[1:]):
        raise RuntimeError("the sides count their tracks otherwise")
    tracks: list[tuple[int, Sequence[Packet]]] = [
        (handle, heavy_packets(_CALLS_S)[at % 2]) for at, handle in enumerate(handles)
    ]
    done = [0] * len(tracks)
    began_ns = time.time_ns()
    marks: list[list[Spent]] = []
    step_s = 0.05
    for step in range(1, round(_CALLS_S / step_s) + 1):
        due_s = step * step_s
        await asyncio.sleep(max(0.0, due_s - (time.time_ns() - began_ns) / 1e9))
        for at, (handle, packets) in enumerate(tracks):
            end = done[at]
            while end < len(packets) and packets[end].at_s < due_s:
                end += 1
            for message in batches(handle, packets[done[at] : end], began_ns):
                for side in sides:
                    side.send(message)
            done[at] = end
        if step in (round(_FROM_S / step_s), round(_UNTIL_S / step_s)):
            marks.append([side.spent() for side in sides])
    return [after.since(before) for before, after in zip(*marks, strict=True)]


def _per_minute(spent: Sequence[Spent], minutes: float) -> Spent:
    return Spent(
        sum(one.cpu_s for one in spent) / minutes, round(sum(one.pages for one in spent) / minutes)
    )


async def _serve(settings: Settings) -> None:
    task: Any = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await run_recorder(settings)


def main() -> None:
    """Be one of the recorder processes."""
    data, mode = sys.argv[1:]
    # Both on one processor: what else the machine does then slows both alike.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    configure_logging("error", "text", "recorder")
    settings = Settings(data=Path(data))
    try:
        if mode == "unsealed":
            with unsealed():
                asyncio.run(_serve(settings))
        else:
            asyncio.run(_serve(settings))
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    main()
