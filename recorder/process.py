"""The recorder process: commands from web, packets from media, evidence into the spool."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import shutil
import socket
from base64 import b64decode
from collections.abc import Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from recorder.crypt import KEY_BYTES
from recorder.depacketise import Codec
from recorder.session import RecorderSession, TapTrack
from recorder.spool import SpoolSession
from recorder.spool_depth import spool_depth
from recorder.spool_layout import OUTBOX_NAME, STATE_NAME, session_directories
from recorder.spool_state import SessionState, decode_state
from recorder.tap_server import TapServer
from recorder.writer import SpoolWriter
from runtime.clock import Clock, SystemClock
from runtime.control import ControlServer, Json, load_control_secret
from runtime.errors import CaseError, SetupError
from runtime.settings import Settings
from runtime.tap import TrackOpened
from runtime.tasks import Tasks
from runtime.vitals import Vitals

log = structlog.get_logger()

TAP_SOCKET = "tap.sock"
CONTROL_SOCKET = "recorder.sock"
WAKE_SOCKET = "uploader.sock"
_TICK_S = 0.05
_COMMAND_LIMIT_S = 10.0
_STOP_LIMIT_S = 8.0
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,80}(/[A-Za-z0-9_-]{1,80}){0,8}")

_Result = TypeVar("_Result")


class UploaderWake:
    """Tells the uploader by a datagram that there is a new fact; nobody there does no harm."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def __call__(self, session_id: str) -> None:
        try:
            self._socket.sendto(session_id.encode(), self._path)
        except OSError:
            # The uploader also looks by itself once a second.
            return

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Recorder:
    """Holds the sessions; ``close`` may be called twice and keeps every journal."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._epoch = secrets.token_hex(8)
        self._root = settings.spool_dir
        self._writer = SpoolWriter()
        self._wake = UploaderWake(settings.run_dir / WAKE_SOCKET)
        self._sessions: dict[str, RecorderSession] = {}
        self._vitals = Vitals(clock)
        self._tasks = Tasks()
        self._unanswered: set[asyncio.Future[Any]] = set()
        self._lost_packets = 0
        self._dropped_packets = 0
        self._tap = TapServer(settings.run_dir / TAP_SOCKET, self._open_track, clock.wall_ns)
        self._control = ControlServer(
            f"unix://{settings.run_dir / CONTROL_SOCKET}", load_control_secret(settings.keys_dir)
        )
        self._control.command("/sessions", self._create)
        self._control.command("/sessions/{session_id}/close", self._close_session)
        self._control.command("/recordings/stop", self._stop_recording)
        self._control.query("/status", self._status)

    async def start(self) -> None:
        """Take up what the last process left, then listen.

        Raises:
            SetupError: the spool or the sockets cannot be used.
        """
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            await self._recover()
            self._tap.start()
            await self._control.start()
            self._tasks.forever("loop lag", self._vitals.run)
        except OSError as error:
            raise SetupError(f"the recorder cannot start: {error}") from error
        log.info("recorder started", sessions=len(self._sessions))

    async def run(self) -> None:
        """Cut and seal what is due, until cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            if not self._sessions:
                self._clock.catch_up()
            now_ns = self._clock.wall_ns()
            for session in self._sessions.values():
                session.tick(now_ns)

    async def close(self) -> None:
        """Stop listening and bring what has arrived into the journals."""
        await self._control.close()
        await self._tasks.close()
        self._tap.drain()
        self._tap.close()
        sessions, self._sessions = self._sessions, {}
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                await asyncio.gather(*(session.suspend() for session in sessions.values()))
        except TimeoutError:
            log.error("the spool could not be written before the stop")
        await asyncio.to_thread(self._writer.close)
        self._wake.close()

    async def _recover(self) -> None:
        for directory in await asyncio.to_thread(session_directories, self._root):
            if await asyncio.to_thread(_was_empty, directory):
                continue
            try:
                spool = await asyncio.to_thread(
                    SpoolSession.recover,
                    directory,
                    segment_s=self._settings.segment_s,
                    wake=partial(self._wake, directory.name),
                )
            except (ValueError, OSError) as error:
                log.error("session left alone", path=str(directory), error=repr(error))
                continue
            if spool.state.closed:
                # Only its last fact may still be missing.
                await self._writer.lane(directory.name).run(
                    partial(spool.finish_recovery, self._clock.wall_ns())
                )
            else:
                self._add(spool)

    def _add(self, spool: SpoolSession) -> None:
        session_id = spool.state.session_id
        self._sessions[session_id] = RecorderSession(
            spool,
            self._writer.lane(session_id),
            fragment_s=self._settings.fragment_s,
            segment_s=self._settings.segment_s,
            now_ns=self._clock.wall_ns,
        )

    def _open_track(self, record: TrackOpened) -> TapTrack | None:
        session = self._sessions.get(record.session_id)
        codec = record.codec.lower()
        wanted = {"video": (Codec.H264, Codec.VP8), "audio": (Codec.OPUS,)}.get(record.kind, ())
        if (
            session is None
            or codec not in wanted
            or not _ID.fullmatch(record.participant_id)
            or not _ID.fullmatch(record.track_id)
        ):
            log.warning(
                "track refused",
                session_id=record.session_id[:80],
                known=session is not None,
                codec=codec[:20],
            )
            return None
        return session.open_track(
            record.participant_id, record.track_id, record.peer_id, Codec(codec), record.wall_ns
        )

    async def _create(self, _: Mapping[str, str], body: Json) -> Json:
        session_id, prefix = str(body["session_id"]), str(body["object_prefix"])
        key = b64decode(body["key"], validate=True)
        if not _ID.fullmatch(session_id) or not _PREFIX.fullmatch(prefix) or len(key) != KEY_BYTES:
            raise ValueError("session_id, object_prefix or key is malformed")
        wanted = SessionState(session_id, str(body["key_id"]), key, prefix)
        known = self._sessions.get(session_id)
        if known is not None:
            state = known.spool.state
            if (state.key_id, state.key, state.object_prefix) == (wanted.key_id, key, prefix):
                return {}
            raise CaseError("session_exists", "the session is open with another key or prefix")
        if (self._root / session_id / STATE_NAME).exists():
            raise CaseError("session_closed", "the session is closed and waits to be stored")
        free_bytes = shutil.disk_usage(self._root).free
        if free_bytes < self._settings.min_free_bytes:
            raise CaseError(
                "disk_nearly_full",
                f"only {free_bytes} bytes are free for recordings; new sessions are refused",
                status=507,
            )
        try:
            spool = await asyncio.to_thread(
                SpoolSession.create,
                self._root,
                wanted,
                segment_s=self._settings.segment_s,
                wake=partial(self._wake, session_id),
            )
        except OSError as error:
            raise CaseError("spool_unwritable", str(error), status=507) from error
        # Two commands for one session may have met here: the first one's files are the same.
        if session_id not in self._sessions:
            self._add(spool)
            log.info("session opened")
        return {}

    async def _close_session(self, path: Mapping[str, str], body: Json) -> Json:
        session_id = path["session_id"]
        if not _ID.fullmatch(session_id):
            raise ValueError("session_id is malformed")
        self._tap.drain()
        session = self._sessions.get(session_id)
        if session is None:
            return {"last_seq": await asyncio.to_thread(self._closed_last_seq, session_id)}
        last_seq = await self._within_limit(session.close(str(body["cause"])))
        if self._sessions.pop(session_id, None) is not None:
            self._lost_packets += session.lost_packets
            self._dropped_packets += session.dropped_packets
            log.info("session closed", cause=str(body["cause"]), last_seq=last_seq)
        return {"last_seq": last_seq}

    def _closed_last_seq(self, session_id: str) -> int:
        try:
            state = decode_state((self._root / session_id / STATE_NAME).read_bytes())
        except (FileNotFoundError, ValueError) as error:
            raise CaseError("not_found", "no such session", status=404) from error
        return state.next_seq - 1

    async def _stop_recording(self, _: Mapping[str, str], body: Json) -> Json:
        session = self._sessions.get(str(body["session_id"]))
        participant_id = str(body["participant_id"])
        if session is None:
            raise CaseError("not_found", "no such session", status=404)
        if not _ID.fullmatch(participant_id):
            raise ValueError("participant_id is malformed")
        self._tap.drain()
        await self._within_limit(session.stop(participant_id, "stopped"))
        return {}

    async def _within_limit(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Wait for a command's work; it goes on when the answer has to be *not yet*."""
        task = asyncio.ensure_future(work)
        self._unanswered.add(task)
        task.add_done_callback(self._unanswered.discard)
        try:
            async with asyncio.timeout(_COMMAND_LIMIT_S):
                return await asyncio.shield(task)
        except TimeoutError as error:
            raise CaseError("spool_slow", "not written yet; ask again", status=503) from error

    async def _status(self, _: Mapping[str, str], __: Json) -> Json:
        now_ns = self._clock.wall_ns()
        oldest = [
            session.oldest_unwritten_ns
            for session in self._sessions.values()
            if session.oldest_unwritten_ns is not None
        ]
        return {
            "epoch": self._epoch,
            "sessions": len(self._sessions),
            "empty": {
                session_id: round(empty_s, 1)
                for session_id, session in self._sessions.items()
                if (empty_s := session.empty_s(now_ns)) is not None
            },
            "recordings": sum(one.live_recordings for one in self._sessions.values()),
            **await asyncio.to_thread(spool_depth, self._root, now_ns),
            "free_bytes": shutil.disk_usage(self._root).free,
            "lag_ms": max(0, (now_ns - min(oldest)) // 1_000_000) if oldest else 0,
            "dropped": self._dropped_packets
            + sum(one.dropped_packets for one in self._sessions.values()),
            "lost": self._lost_packets + sum(one.lost_packets for one in self._sessions.values()),
            "refused": self._tap.refused_packets,
            "unwritten_bytes": self._writer.pending_bytes,
            "failing": sorted(set(self._writer.failing.values())),
            "tap_connections": self._tap.connections,
            **self._vitals.fields(),
        }


def _was_empty(directory: Path) -> bool:
    """Let go of a session that a failing disk kept from beginning, or whose end was cut short.

    Directories that hold nothing are removed; one that holds anything cannot be.
    """
    if (directory / STATE_NAME).exists():
        return False
    try:
        with contextlib.suppress(FileNotFoundError):
            (directory / OUTBOX_NAME).rmdir()
        directory.rmdir()
    except OSError:
        return False
    log.info("empty session let go of", session_id=directory.name)
    return True


async def run_recorder(settings: Settings, clock: Clock | None = None) -> None:
    """Run the recorder until cancelled; then everything that has arrived is in the journals.

    Raises:
        SetupError: it cannot start.
    """
    recorder = Recorder(settings, clock or SystemClock())
    try:
        await recorder.start()
        await recorder.run()
    finally:
        # A second signal must not cut short what brings the evidence onto the disk.
        closing = asyncio.ensure_future(recorder.close())
        while not closing.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(closing)
        closing.result()
