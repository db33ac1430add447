"""A recorder's inner parts on a simulated clock, and the ledger's view of what they wrote."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av

from recorder.ledger import FragmentRow, RecordingSource, SegmentRow
from recorder.playback import Playback, VirtualFile
from recorder.session import RecorderSession, TapTrack
from recorder.spool import SpoolSession
from recorder.spool_state import SessionState
from recorder.store import StoredObject
from recorder.virtual_file import Container
from runtime.errors import StoreError
from tests.support.tap_feed import Packet, read_picture

T0_NS = 1_790_000_000_000_000_000
KEY = bytes(range(32))
Fact = dict[str, Any]


class DirectLane:
    """Does each job at once: the lane of a recorder whose disk takes no time."""

    def submit(
        self,
        run: Callable[[], object],
        *,
        size_bytes: int = 0,
        given_up: Callable[[], None] | None = None,
    ) -> None:
        run()

    async def run(self, run: Callable[[], Any]) -> Any:
        return run()


class MemoryStore:
    """Objects in memory, for tests of what reads them."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.reads = 0

    async def put(self, key: str, content: bytes) -> StoredObject:
        self.objects[key] = content
        return StoredObject(key, len(content), "", None)

    async def get(self, key: str, *, version_id: str | None = None) -> bytes:
        self.reads += 1
        try:
            return self.objects[key]
        except KeyError:
            raise StoreError(f"there is no {key}", retryable=False) from None

    async def exists(self, key: str) -> bool:
        return key in self.objects

    async def close(self) -> None:
        pass


class SpoolRig:
    """One session's recorder on a clock that the packets move."""

    def __init__(self, root: Path, *, fragment_s: float = 0.8, segment_s: float = 4.0) -> None:
        self.root = root
        self.now_ns = T0_NS
        self._fragment_s = fragment_s
        self._segment_s = segment_s
        self._next_tick_ns = T0_NS
        spool = SpoolSession.create(
            root,
            SessionState("ses_1", "key_1", KEY, "tenant/case/ses_1"),
            segment_s=segment_s,
            wake=lambda: None,
        )
        self.session = self._begin(spool)

    def _begin(self, spool: SpoolSession) -> RecorderSession:
        return RecorderSession(
            spool,
            DirectLane(),  # type: ignore[arg-type]
            fragment_s=self._fragment_s,
            segment_s=self._segment_s,
            now_ns=lambda: self.now_ns,
        )

    def restart(self) -> None:
        """Forget everything in memory, as a killed process does, and recover."""
        spool = SpoolSession.recover(
            self.root / "ses_1",
            segment_s=self._segment_s,
            wake=lambda: None,
        )
        self.session = self._begin(spool)

    def advance(self, until_s: float) -> None:
        """Let time pass up to a second, counted from the beginning."""
        target = T0_NS + round(until_s * 1e9)
        while self._next_tick_ns <= target:
            self.now_ns = max(self.now_ns, self._next_tick_ns)
            self.session.tick(self.now_ns)
            self._next_tick_ns += 50_000_000
        self.now_ns = max(self.now_ns, target)

    def feed(self, *tracks: tuple[TapTrack, Sequence[Packet]]) -> None:
        """Hand over the packets of several tracks in order of arrival."""
        merged = sorted(
            (
                (packet.at_s, number, at)
                for number, (_, packets) in enumerate(tracks)
                for at, packet in enumerate(packets)
            ),
        )
        for at_s, number, at in merged:
            self.advance(at_s)
            track, packets = tracks[number]
            packet = packets[at]
            track.rtp(
                packet.sequence,
                packet.timestamp,
                packet.marker,
                packet.payload,
                T0_NS + round(packet.at_s * 1e9),
            )

    def facts(self, kind: str | None = None) -> list[Fact]:
        """The facts in the outbox, in order."""
        found = [
            json.loads(path.read_bytes())
            for path in sorted((self.root / "ses_1" / "outbox").glob("*.json"))
        ]
        return [fact for fact in found if kind in (None, fact["kind"])]

    def store(self) -> MemoryStore:
        """A store that holds every sealed segment."""
        store = MemoryStore()
        for fact in self.facts("segment_sealed"):
            path = self.root / "ses_1" / "outbox" / f"{fact['seq']:08d}.segment"
            store.objects[fact["object_key"]] = path.read_bytes()
        return store

    async def open(self, number: int = 0) -> VirtualFile:
        """The virtual file of the recording that was opened as the ``number``-th."""
        return await Playback(self.store()).open(source_of(self.facts(), number))


def source_of(facts: Sequence[Fact], number: int = 0, *, key: bytes = KEY) -> RecordingSource:
    """What the ledger would hold of a recording after these facts."""
    opened = [fact for fact in facts if fact["kind"] == "recording_opened"][number]
    segments = [
        SegmentRow(
            fact["segment_no"],
            fact["object_key"],
            fact.get("version_id"),
            fact["stored_bytes"],
            fact["stored_sha256"],
            fact["plain_bytes"],
            [
                FragmentRow(
                    one["no"],
                    one["bytes"],
                    one["sha256"],
                    one["start_ms"],
                    one["duration_ms"],
                    one["wall_ns"],
                    one["keyframe"],
                )
                for one in fact["fragments"]
            ],
            b64decode(fact["index"]),
        )
        for fact in facts
        if fact["kind"] == "segment_sealed" and fact["recording_id"] == opened["recording_id"]
    ]
    return RecordingSource(
        opened["recording_id"],
        Container(opened["container"]),
        b64decode(opened["init"]),
        opened["t0_ns"],
        key,
        segments,
    )


async def read_all(file: VirtualFile) -> bytes:
    """The whole virtual file."""
    return b"".join([part async for part in file.read(0, file.size)])


def decoded_pictures(content: bytes) -> list[tuple[float, int, int]]:
    """``(seconds, number, width)`` of every picture that decodes, in order."""
    with av.open(io.BytesIO(content)) as container:
        return [
            (
                float(frame.time or 0.0),
                read_picture(frame.to_ndarray(format="gray")),
                frame.width,
            )
            for frame in container.decode(video=0)
        ]


def decoded_sound(content: bytes) -> list[tuple[float, float]]:
    """``(seconds, loudness)`` of every stretch of sound that decodes, in order."""
    with av.open(io.BytesIO(content)) as container:
        found = []
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().astype(float)
            found.append((float(frame.time or 0.0), float((samples**2).mean() ** 0.5)))
        return found
