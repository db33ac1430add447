"""The servers that ``bench/relay.py`` measures, each in a process of its own.

``python -m bench.relay_processes worker|recorder|mediarelay DATA RUN [--record]``
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.control import ControlServer, Json, load_control_secret
from runtime.settings import Settings


async def mediarelay(settings: Settings, record: bool) -> None:
    """The same call as aiortc's own parts do it: MediaRelay, and MediaRecorder if asked."""
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaRecorder, MediaRelay

    relay = MediaRelay()
    people: dict[str, dict[str, dict[str, Any]]] = {}

    async def open_peer(_: Mapping[str, str], body: Json) -> Json:
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        me: dict[str, Any] = {"pc": pc, "tracks": {}}
        session = people.setdefault(body["session_id"], {})
        session[body["role"]] = me
        pc.on("track", lambda track: me["tracks"].update({track.kind: track}))
        await pc.setRemoteDescription(RTCSessionDescription(sdp=body["offer"], type="offer"))
        if record:
            path = settings.data / f"{body['participant_id']}.mp4"
            me["recorder"] = MediaRecorder(str(path))
            for track in me["tracks"].values():
                me["recorder"].addTrack(relay.subscribe(track))
            await me["recorder"].start()
        for transceiver in pc.getTransceivers():
            transceiver.direction = "sendrecv"
        await pc.setLocalDescription(await pc.createAnswer())
        others = [other for other in session.values() if other is not me]
        for other in others:
            for a, b in ((me, other), (other, me)):
                for transceiver in b["pc"].getTransceivers():
                    track = a["tracks"].get(transceiver.kind)
                    if track is not None:
                        transceiver.sender.replaceTrack(relay.subscribe(track, buffered=False))
        return {"peer_id": body["participant_id"], "answer": pc.localDescription.sdp, "tracks": []}

    async def close_session(match: Mapping[str, str], _: Json) -> Json:
        for me in people.pop(match["session_id"], {}).values():
            if "recorder" in me:
                await me["recorder"].stop()
            await me["pc"].close()
        return {}

    secret = load_control_secret(settings.keys_dir)
    server = ControlServer(f"unix://{settings.run_dir / 'media-0.sock'}", secret)
    server.command("/peers", open_peer)
    server.command("/sessions/{session_id}/close", close_session)
    await server.start()
    await asyncio.Event().wait()


def main() -> None:
    """Be one of the servers."""
    role, data, run = sys.argv[1:4]
    settings = Settings(data=Path(data), run=Path(run), log_level="warning")
    from runtime.logging import configure_logging

    configure_logging("error", "text", role)
    if role == "worker":
        from media.process import run_worker

        asyncio.run(run_worker(settings, "0"))
    elif role == "recorder":
        from recorder.process import run_recorder

        asyncio.run(run_recorder(settings))
    else:
        asyncio.run(mediarelay(settings, "--record" in sys.argv))
    os._exit(0)


if __name__ == "__main__":
    main()
