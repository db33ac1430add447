"""A disk that fails while a call goes on: nothing stops, what is lost is stated."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest

from recorder import writer as writer_module
from recorder.depacketise import Codec
from recorder.session import RecorderSession
from recorder.spool import SpoolSession
from recorder.spool_state import SessionState
from recorder.writer import SpoolWriter
from tests.support.recording_rig import KEY, T0_NS
from tests.support.tap_feed import encode_audio, packetise

S = 1_000_000_000


@pytest.mark.parametrize("limit_bytes", [10**9, 9_000])
async def test_a_full_disk_costs_at_most_what_memory_cannot_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit_bytes: int
) -> None:
    """With memory enough nothing is lost; without, recording and gap together leave no hole."""
    monkeypatch.setattr(writer_module, "_RETRY_S", 0.01)
    monkeypatch.setattr(writer_module, "MAX_LANE_BYTES", limit_bytes)
    full = [False]
    real_write = os.pwrite

    def write(descriptor: int, content: bytes, at: int) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(descriptor, content, at)

    monkeypatch.setattr(os, "pwrite", write)
    now = [T0_NS]
    writer = SpoolWriter()
    spool = SpoolSession.create(
        tmp_path,
        SessionState("ses_1", "key_1", KEY, "tenant"),
        segment_s=4.0,
        wake=lambda: None,
    )
    session = RecorderSession(
        spool, writer.lane("ses_1"), fragment_s=0.8, segment_s=4.0, now_ns=lambda: now[0]
    )
    track = session.open_track("par_1", "trk_1", "peer_1", Codec.OPUS)
    assert track is not None
    for packet in packetise("opus", encode_audio(40.0)):
        now[0] = T0_NS + round(packet.at_s * S)
        full[0] = 10 < packet.at_s < 30
        track.rtp(packet.sequence, packet.timestamp, True, packet.payload, now[0])
        session.tick(now[0])
        if packet.sequence % 10 == 0:
            await asyncio.sleep(0.002)
    await session.close("ended")
    writer.close()
    facts = [
        json.loads(path.read_bytes()) for path in sorted((tmp_path / "ses_1/outbox").glob("*.json"))
    ]
    spans = [
        (one["wall_ns"], one["wall_ns"] + one["duration_ms"] * 1_000_000)
        for fact in facts
        if fact["kind"] == "segment_sealed"
        for one in fact["fragments"]
    ]
    gaps = [fact for fact in facts if fact["kind"] == "gap"]
    assert {gap["cause"] for gap in gaps} == ({"recorder_lost"} if limit_bytes < 10**9 else set())
    spans += [(gap["from_ns"], gap["to_ns"]) for gap in gaps]
    reached = T0_NS
    for begin, end in sorted(spans):
        assert begin <= reached + 30_000_000
        reached = max(reached, end)
    assert reached >= T0_NS + 39.9 * S
