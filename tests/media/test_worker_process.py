"""The media process as it is run: commands over its socket, facts to web, a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.control import ControlClient, ControlServer, Json, load_control_secret
from runtime.settings import Settings
from runtime.tap import TrackEnded
from tests.support.media_worker import until
from tests.support.rtp_peer import RtpPeer, h264_frame
from tests.support.tap_listener import TapListener

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from media.process import run_worker
from runtime.settings import Settings
asyncio.run(run_worker(Settings(data=Path(sys.argv[1]), run=Path(sys.argv[2])), "0"))
"""


class _Scene:
    """A running media process with a web and a recorder beside it."""

    def __init__(self, process: asyncio.subprocess.Process, client: ControlClient) -> None:
        self.process = process
        self.client = client
        self.facts: list[Json] = []

    async def join(self, peer: RtpPeer, participant: str, role: str) -> Json:
        """Join over HTTP, as web does."""
        opened = await self.client.command(
            "/peers",
            {
                "session_id": "ses_1",
                "participant_id": participant,
                "role": role,
                "offer": await peer.offer(),
                "record": True,
                "candidates": [],
            },
        )
        await peer.accept(opened["answer"])
        return opened


@asynccontextmanager
async def _scene(tmp_path: Path) -> AsyncIterator[tuple[_Scene, TapListener]]:
    settings = Settings(data=tmp_path / "data", run=tmp_path / "run")
    settings.run_dir.mkdir(parents=True)
    secret = load_control_secret(settings.keys_dir)
    listener = TapListener(settings.run_dir / "tap.sock")
    listener.start()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, str(settings.data), str(settings.run_dir)
    )
    client = ControlClient(f"unix://{settings.run_dir / 'media-0.sock'}", secret)
    scene = _Scene(process, client)
    web = ControlServer(f"unix://{settings.run_dir / 'web.sock'}", secret)

    async def take(_: Mapping[str, str], body: Json) -> Json:
        scene.facts.extend(body["facts"])
        return {}

    web.command("/facts/media", take)
    await web.start()
    try:
        await until(lambda: (settings.run_dir / "media-0.sock").exists(), 10)
        yield scene, listener
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        listener.stop()
        await client.close()
        await web.close()


async def test_a_terminated_worker_ends_tracks_and_says_so(tmp_path: Path) -> None:
    """SIGTERM: peers closed as drained, tracks ended, facts delivered, exit code 0."""
    async with _scene(tmp_path) as (scene, listener):
        buyer, host = RtpPeer(), RtpPeer()
        await scene.join(buyer, "p_buyer", "buyer")
        await scene.join(host, "p_host", "host")
        for number in range(10):
            await buyer.send("1", h264_frame(number, key=number == 0))
        await until(lambda: len(host.of_mid("1")) == 10)
        await until(lambda: len(listener.packets()) == 10)
        status = await scene.client.query("/status")
        assert status["peers"] == 2
        assert status["pid"] == scene.process.pid
        assert 0 <= status["cpu"] <= 1.5
        await until(lambda: sum(one["kind"] == "peer_connected" for one in scene.facts) == 2)
        scene.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(scene.process.wait(), 8) == 0
        await until(lambda: any(isinstance(one, TrackEnded) for one in listener.records))
        ends = {one.cause for one in listener.records if isinstance(one, TrackEnded)}
        assert ends == {"drained"}
        causes = [one["cause"] for one in scene.facts if one["kind"] == "peer_closed"]
        assert causes == ["drained", "drained"]
        await buyer.close()
        await host.close()


async def test_a_killed_worker_has_handed_over_all_that_arrived(tmp_path: Path) -> None:
    """kill -9: every packet that came before is at the recorder, and the connection ends."""
    async with _scene(tmp_path) as (scene, listener):
        buyer, host = RtpPeer(), RtpPeer()
        await scene.join(buyer, "p_buyer", "buyer")
        await scene.join(host, "p_host", "host")
        for number in range(200):
            await buyer.send("1", h264_frame(number, key=number == 0, size=1000))
            if number % 20 == 0:
                await asyncio.sleep(0.002)
        await until(lambda: len(host.of_mid("1")) == 200)
        os.kill(scene.process.pid, signal.SIGKILL)
        await scene.process.wait()
        await until(lambda: len(listener.packets()) == 200)
        await buyer.close()
        await host.close()
