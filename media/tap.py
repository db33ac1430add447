"""The bounded way from this worker to the recorder: packets as they arrive, never waiting.

The format is ``runtime/tap.py``. What one wake-up of the event loop brought goes out as
one message. While the recorder is busy or away up to ``limit_bytes`` wait here; what
comes then is dropped and a ``PacketsDropped`` record says so. When the recorder comes
back every open track is announced again.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from struct import Struct

import structlog

from runtime.clock import Clock
from runtime.tap import (
    MAX_MESSAGE_BYTES,
    PacketsDropped,
    SenderReport,
    TapKind,
    TrackEnded,
    TrackOpened,
    encode,
)

log = structlog.get_logger()

LIMIT_BYTES = 8 * 1024 * 1024
_SEND_BUFFER_BYTES = 4 * 1024 * 1024
_PAUSE_S = 0.2
_RECORD = Struct("!BBHIQHI")
_KIND_AND_HANDLE = Struct("!BBHI")
_RTP_KIND = int(TapKind.RTP)
_TRACK_KIND = int(TapKind.TRACK)

pack_record = _RECORD.pack
"""Header of an RTP record: kind, flags, length, handle, wall_ns, sequence, timestamp."""


class Tap:
    """The client of the recorder's socket; one for each worker."""

    def __init__(self, path: Path, clock: Clock, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._path = path
        self._clock = clock
        self._limit_bytes = limit_bytes
        self._loop = asyncio.get_running_loop()
        # Not that of the packet which happened to come first: it would name its session.
        self._context = copy_context()
        self.parts: list[bytes] = []
        """What this wake-up brought: a record's header and payload in turn."""
        self._scheduled = False
        self._sock: socket.socket | None = None
        self._writing = False
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._dropped: dict[int, tuple[int, int]] = {}
        self._open: dict[int, TrackOpened] = {}
        self._ended: dict[int, TrackOpened] = {}
        self._next_handle = 1
        self._gone = asyncio.Event()
        self.packets_dropped = 0

    @property
    def connected(self) -> bool:
        """Whether a recorder is there."""
        return self._sock is not None

    @property
    def backlog_bytes(self) -> int:
        """Bytes that wait for the recorder."""
        return self._backlog_bytes

    def open_track(self, track: TrackOpened) -> int:
        """Announce a track; ``track.handle`` is chosen here and given back."""
        handle = self._next_handle
        self._next_handle += 1
        opened = replace(track, handle=handle)
        self._open[handle] = opened
        # Without a recorder the announcement is made when one comes.
        if self._sock is not None:
            self._put(encode(opened))
        return handle

    def end_track(self, handle: int, wall_ns: int, cause: str) -> None:
        """A track ends; an unknown handle is ignored."""
        opened = self._open.pop(handle, None)
        if opened is None:
            return
        self._ended[handle] = opened
        self._put(encode(TrackEnded(handle, wall_ns, cause)))

    def sender_report(self, handle: int, wall_ns: int, ntp: int, rtp_timestamp: int) -> None:
        """The sender's clock mapping for a track."""
        self._put(encode(SenderReport(handle, wall_ns, ntp, rtp_timestamp)))

    def _put(self, record: bytes) -> None:
        self.parts.append(record)
        self.parts.append(b"")
        self.wake()

    def wake(self) -> None:
        """Send ``parts`` when this turn of the loop is over."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush, context=self._context)

    def flush(self) -> None:
        """Hand over what has gathered."""
        self._scheduled = False
        if not self.parts:
            return
        parts, self.parts = self.parts, []
        message = b"".join(parts)
        if self._sock is None or self._backlog or self._dropped or len(message) > MAX_MESSAGE_BYTES:
            self._queue(parts)
            return
        try:
            self._sock.send(message)
            self._ended.clear()
        except BlockingIOError:
            self._queue(parts)
        except OSError as error:
            self._lost(error)
            self._queue(parts)

    def _queue(self, parts: list[bytes]) -> None:
        """Keep records for later, in messages that fit; drop packets past the limit."""
        if self._dropped and self._backlog_bytes < self._limit_bytes // 2:
            self._say_dropped()
        message: list[bytes] = []
        size = 0
        for index in range(0, len(parts), 2):
            record = parts[index] + parts[index + 1]
            kind, _, _, handle = _KIND_AND_HANDLE.unpack_from(record)
            full = self._dropped or self._backlog_bytes + size + len(record) > self._limit_bytes
            if full and kind == _RTP_KIND:
                count, since_ns = self._dropped.get(handle, (0, self._clock.wall_ns()))
                self._dropped[handle] = (count + 1, since_ns)
                self.packets_dropped += 1
                continue
            if kind == _TRACK_KIND:
                # A message of its own, so that it can be taken out again: a recorder that
                # comes later is told of every open track anyway.
                if message:
                    self._append(b"".join(message))
                    message, size = [], 0
                if self._sock is not None:
                    self._append(record)
                continue
            if size + len(record) > MAX_MESSAGE_BYTES:
                self._append(b"".join(message))
                message, size = [], 0
            message.append(record)
            size += len(record)
        if message:
            self._append(b"".join(message))
        self._write()

    def _append(self, message: bytes) -> None:
        self._backlog.append(message)
        self._backlog_bytes += len(message)

    def _say_dropped(self) -> None:
        wall_ns = self._clock.wall_ns()
        dropped, self._dropped = self._dropped, {}
        log.warning("recorder too slow", dropped=sum(count for count, _ in dropped.values()))
        self._append(
            b"".join(
                encode(PacketsDropped(handle, wall_ns, count, since_ns))
                for handle, (count, since_ns) in dropped.items()
            )
        )

    def _write(self) -> None:
        """Send the backlog until the socket is full."""
        sock = self._sock
        if sock is None:
            return
        while self._backlog:
            try:
                sock.send(self._backlog[0])
            except BlockingIOError:
                if not self._writing:
                    self._writing = True
                    self._loop.add_writer(sock.fileno(), self._write)
                return
            except OSError as error:
                self._lost(error)
                return
            self._backlog_bytes -= len(self._backlog.popleft())
            if self._dropped and self._backlog_bytes < self._limit_bytes // 2:
                self._say_dropped()
        self._ended.clear()
        if self._writing:
            self._writing = False
            self._loop.remove_writer(sock.fileno())

    async def run(self) -> None:
        """Stay connected until cancelled."""
        try:
            while True:
                try:
                    sock = await self._connect()
                except OSError:
                    await asyncio.sleep(_PAUSE_S)
                    continue
                self._begin(sock)
                await self._gone.wait()
        finally:
            self._lost(None)

    async def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
            sock.setblocking(False)
            await asyncio.wait_for(self._loop.sock_connect(sock, str(self._path)), 2.0)
        except BaseException:
            sock.close()
            raise
        return sock

    def _begin(self, sock: socket.socket) -> None:
        """Announce what is open, then what has waited: the recorder knows nothing yet."""
        self._sock = sock
        self._gone.clear()
        self._loop.add_reader(sock.fileno(), self._readable)
        log.info("recorder connected", tracks=len(self._open), waiting_bytes=self._backlog_bytes)
        announced: list[bytes] = []
        for opened in (*self._ended.values(), *self._open.values()):
            announced += [encode(opened), b""]
        if announced:
            waiting, self._backlog = self._backlog, deque()
            self._queue(announced)
            self._backlog += waiting
        self._write()

    def _readable(self) -> None:
        """The recorder never sends: what can be read is the end."""
        sock = self._sock
        if sock is None:
            return
        try:
            if sock.recv(1):
                return
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        self._lost(None)

    def _lost(self, error: OSError | None) -> None:
        sock, self._sock = self._sock, None
        if sock is None:
            return
        log.warning("recorder lost", error=repr(error))
        if self._writing:
            self._writing = False
            self._loop.remove_writer(sock.fileno())
        self._loop.remove_reader(sock.fileno())
        sock.close()
        kept = [message for message in self._backlog if message[0] != _TRACK_KIND]
        self._backlog = deque(kept)
        self._backlog_bytes = sum(map(len, kept))
        self._gone.set()

    async def drain(self, timeout_s: float) -> None:
        """Wait until all has been handed over, at most ``timeout_s`` (then give up)."""
        self.flush()
        deadline_s = self._clock.monotonic_s() + timeout_s
        while self._backlog and self._sock is not None:
            if self._clock.monotonic_s() >= deadline_s:
                return
            await asyncio.sleep(0.01)
