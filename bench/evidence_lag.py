"""How far the store is behind live: calls fed to real recorder and uploader processes."""

from __future__ import annotations

import asyncio
import random
import secrets
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from proofcall.machine import environment
from runtime.control import ControlClient, ControlError, load_control_secret
from runtime.settings import Settings
from tests.support.ledger import Ledger
from tests.support.tap_feed import (
    EncodedFrame,
    Packet,
    TapFeeder,
    encode_audio,
    encode_video,
    packetise,
)

_RATE: Final = 30
_PICTURE_BYTES: Final = 5_400
"""Thirty of these a second are 1.3 Mb/s, as a call's camera sends."""
_BATCH_S: Final = 0.05
_READY_WITHIN_S: Final = 60.0


@cache
def heavy_packets(seconds: int) -> tuple[list[Packet], list[Packet]]:
    """Picture and sound of a call's size; what the pictures hold is noise."""
    noise = random.Random(1)
    (key,) = encode_video("h264", 1)
    # Without zeros, nothing in it looks like the beginning of a unit.
    body = bytes(noise.randrange(1, 256) for _ in range(_PICTURE_BYTES))
    frames = [
        key
        if number % (10 * _RATE) == 0
        else EncodedFrame(number / _RATE, False, b"\0\0\0\1\x41" + body)
        for number in range(seconds * _RATE)
    ]
    frames = [
        EncodedFrame(number / _RATE, frame.keyframe, frame.data)
        for number, frame in enumerate(frames)
    ]
    return packetise("h264", frames), packetise("opus", encode_audio(seconds))


class _TimedLedger(Ledger):
    """Notes when each fact came: what it names is in the store by then, and was read back."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.lags_s: list[float] = []
        self.acknowledges = self._note

    def _note(self, fact: dict[str, Any]) -> bool:
        if fact["kind"] == "segment_sealed":
            now_ns = time.time_ns()
            self.lags_s += [(now_ns - one["wall_ns"]) / 1e9 for one in fact["fragments"]]
        return True


async def store_lags_s(calls: int, seconds: int) -> list[float]:
    """Of each fragment, from its first packet until the ledger has it; two people a call."""
    packets = heavy_packets(seconds)
    with tempfile.TemporaryDirectory(prefix="pcb-") as folder:
        settings = Settings(data=Path(folder))
        settings.data.mkdir(exist_ok=True)
        secret = load_control_secret(settings.keys_dir)
        ledger = _TimedLedger(settings)
        await ledger.start()
        processes = [await _start(role, settings) for role in ("recorder", "uploader")]
        client = ControlClient(f"unix://{settings.run_dir / 'recorder.sock'}", secret)
        try:
            await answers(client)
            feeder = TapFeeder(settings.run_dir / "tap.sock")
            handles: list[tuple[int, Sequence[Packet]]] = []
            for call in range(calls):
                await _open(client, f"ses_{call}")
                for person in range(2):
                    for kind, codec in enumerate(("h264", "opus")):
                        handle = feeder.open_track(
                            f"ses_{call}",
                            f"par_{person}",
                            f"trk_{person}{kind}",
                            codec,
                            time.time_ns(),
                            peer_id=f"peer_{person}",
                        )
                        handles.append((handle, packets[kind]))
            await _feed(feeder, handles, seconds)
            for call in range(calls):
                await client.command(f"/sessions/ses_{call}/close", {"cause": "ended"})
            await ledger.until(lambda: not list(settings.spool_dir.iterdir()), 30)
            feeder.close()
            return ledger.lags_s
        finally:
            await client.close()
            for process in processes:
                process.terminate()
                await process.wait()
            await ledger.close()


async def _start(role: str, settings: Settings) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "proofcall", "serve", "--role", role),
        env=environment(settings) | {"PROOFCALL_LOG_LEVEL": "warning"},
        stdout=asyncio.subprocess.DEVNULL,
    )


async def answers(client: ControlClient) -> None:
    """Wait until a recorder answers."""
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            await client.query("/status")
            return
        except ControlError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def _open(client: ControlClient, session_id: str) -> None:
    await client.command(
        "/sessions",
        {
            "session_id": session_id,
            "key_id": "key_1",
            "key": b64encode(secrets.token_bytes(32)).decode(),
            "object_prefix": f"bench/{session_id}",
        },
    )


async def _feed(
    feeder: TapFeeder, handles: Sequence[tuple[int, Sequence[Packet]]], seconds: int
) -> None:
    """In real time, every fiftieth of a second what is due."""
    began_ns = time.time_ns()
    done = [0] * len(handles)
    for batch in range(1, round(seconds / _BATCH_S) + 1):
        due_s = batch * _BATCH_S
        await asyncio.sleep(max(0.0, due_s - (time.time_ns() - began_ns) / 1e9))
        for at, (handle, packets) in enumerate(handles):
            end = done[at]
            while end < len(packets) and packets[end].at_s < due_s:
                end += 1
            feeder.packets(handle, packets[done[at] : end], began_ns)
            done[at] = end
