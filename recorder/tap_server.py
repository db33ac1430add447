"""The local socket over which media processes hand over packets (``runtime/tap.py``).

While packets flow the sockets are drained every few milliseconds instead of at each
wake-up, which costs a recorded call a fraction of the system calls. A connection that
sends nonsense is closed; the others do not notice.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from struct import Struct
from struct import error as StructError  # noqa: N812 - the class is misnamed at its source
from typing import Final, Protocol

import structlog

from runtime.tap import (
    HEADER_BYTES,
    MARKER,
    MAX_MESSAGE_BYTES,
    PacketsDropped,
    RtpArrived,
    SenderReport,
    TapError,
    TapKind,
    TrackEnded,
    TrackOpened,
    decode,
)

log = structlog.get_logger()

_RTP_RECORD = Struct("!BBHIQHI")
_RTP_HEAD_BYTES: Final = _RTP_RECORD.size - HEADER_BYTES
_HEADER = Struct("!BBHIQ")
_POLL_S = 0.01
_IDLE_POLLS = 20
_MESSAGES_PER_TURN = 256
_MAX_TRACKS = 8_192
_MAX_CLOCK_ERROR_NS = 600_000_000_000


class TrackSink(Protocol):
    """Where one track's records go."""

    @property
    def rtp(self) -> Callable[[int, int, bool, bytes, int], None]:
        """Takes one packet: sequence, timestamp, marker, payload, wall_ns."""

    def sender_report(self, ntp: int, rtp_timestamp: int, wall_ns: int) -> None:
        """The sender's clock."""

    def dropped(self, packets: int, from_ns: int, to_ns: int) -> None:
        """Packets the sender of the tap could not hand over."""

    def ended(self, cause: str) -> None:
        """The track ends."""


class TapServer:
    """Listens on ``path``; ``open_track`` gives a track its sink, or None to refuse it."""

    def __init__(
        self,
        path: Path,
        open_track: Callable[[TrackOpened], TrackSink | None],
        now_ns: Callable[[], int],
    ) -> None:
        self._path = path
        self._open_track = open_track
        self._now_ns = now_ns
        self._listener: socket.socket | None = None
        self._connections: set[_Connection] = set()
        self.refused_packets = 0
        self.bad_connections = 0

    @property
    def connections(self) -> int:
        """How many media processes are connected."""
        return len(self._connections)

    def start(self) -> None:
        """Begin to listen; an old socket file is replaced.

        Raises:
            OSError: the socket could not be made.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.setblocking(False)
        listener.bind(str(self._path))
        self._path.chmod(0o600)
        listener.listen(64)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept)

    def drain(self) -> None:
        """Take everything that has already been sent."""
        for connection in list(self._connections):
            connection.drain()

    def close(self) -> None:
        """Stop listening and end every connection; may be called twice."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            connection.close(ends_tracks=False)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            accepted, _ = self._listener.accept()
        except OSError as error:
            log.warning("tap connection not accepted", error=repr(error))
            return
        accepted.setblocking(False)
        self._connections.add(_Connection(self, accepted))

    def _closed(self, connection: _Connection) -> None:
        self._connections.discard(connection)


class _Connection:
    """One media process."""

    def __init__(self, server: TapServer, accepted: socket.socket) -> None:
        self._server = server
        self._socket = accepted
        self._sinks: dict[int, TrackSink] = {}
        self._rtp: dict[int, Callable[[int, int, bool, bytes, int], None]] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._idle = 0
        self._open = True
        # What to add to the other process's wall clock, known with its first track.
        self._ahead_ns = 0
        self._loop.add_reader(accepted, self._readable)

    def _readable(self) -> None:
        self._loop.remove_reader(self._socket)
        self._idle = 0
        self._poll()

    def _poll(self) -> None:
        self._timer = None
        taken = self._take(_MESSAGES_PER_TURN)
        if not self._open:
            return
        self._idle = 0 if taken else self._idle + 1
        if self._idle > _IDLE_POLLS:
            self._loop.add_reader(self._socket, self._readable)
            return
        pause_s = 0.0 if taken == _MESSAGES_PER_TURN else _POLL_S
        self._timer = self._loop.call_later(pause_s, self._poll)

    def drain(self) -> None:
        """Take what the socket holds now."""
        while self._open and self._take(_MESSAGES_PER_TURN) == _MESSAGES_PER_TURN:
            pass

    def _take(self, limit: int) -> int:
        receive = self._socket.recv
        low_ns = self._server._now_ns() - _MAX_CLOCK_ERROR_NS
        high_ns = low_ns + 2 * _MAX_CLOCK_ERROR_NS
        for taken in range(limit):
            try:
                message = receive(MAX_MESSAGE_BYTES + 1)
            except BlockingIOError:
                return taken
            except OSError as error:
                log.warning("tap connection lost", error=repr(error))
                message = b""
            if not message:
                self.close()
                return taken
            try:
                if len(message) > MAX_MESSAGE_BYTES:
                    raise TapError("message too long")
                self._consume(message, low_ns, high_ns)
            except TapError as error:
                self._server.bad_connections += 1
                log.error("tap connection closed for a bad message", error=str(error))
                self.close()
                return taken
        return limit

    def _consume(self, message: bytes, low_ns: int, high_ns: int) -> None:
        position, end = 0, len(message)
        sinks = self._rtp
        if not sinks and message[0] == TapKind.TRACK:
            self._ahead_ns = self._clock_difference(message)
        ahead_ns = self._ahead_ns
        unpack = _RTP_RECORD.unpack_from
        rtp = int(TapKind.RTP)
        try:
            while position < end:
                if message[position] != rtp:
                    position = self._consume_other(message, position, low_ns, high_ns)
                    continue
                _, flags, length, handle, wall_ns, sequence, timestamp = unpack(message, position)
                position += HEADER_BYTES
                after = position + length
                if after > end or length < _RTP_HEAD_BYTES:
                    raise TapError("torn record")
                wall_ns += ahead_ns
                if not low_ns < wall_ns < high_ns:
                    raise TapError("a clock that cannot be")
                take = sinks.get(handle)
                if take is None:
                    self._server.refused_packets += 1
                else:
                    payload = message[position + _RTP_HEAD_BYTES : after]
                    take(sequence, timestamp, flags & MARKER != 0, payload, wall_ns)
                position = after
        except StructError as error:
            raise TapError("torn header") from error

    def _consume_other(self, message: bytes, position: int, low_ns: int, high_ns: int) -> int:
        _, _, length, handle, wall_ns = _HEADER.unpack_from(message, position)
        ahead_ns = self._ahead_ns
        wall_ns += ahead_ns
        after: int = position + HEADER_BYTES + length
        if not low_ns < wall_ns < high_ns:
            raise TapError("a clock that cannot be")
        for record in decode(message[position:after]):
            if isinstance(record, TrackOpened):
                self._open_track(replace(record, wall_ns=wall_ns))
                continue
            sink = self._sinks.get(handle)
            if sink is None:
                continue
            match record:
                case SenderReport():
                    sink.sender_report(record.ntp, record.rtp_timestamp, wall_ns)
                case PacketsDropped():
                    sink.dropped(record.count, record.since_ns + ahead_ns, wall_ns)
                case TrackEnded():
                    del self._sinks[handle]
                    self._rtp.pop(handle, None)
                    sink.ended(record.cause)
                case RtpArrived():
                    raise TapError("unreachable")
        return after

    def _clock_difference(self, message: bytes) -> int:
        """Nothing waits so long: a media process that is this far off began before the
        machine's clock was set, or after it. Ours is the clock of the evidence.

        Raises:
            TapError: not even a header.
        """
        if len(message) < HEADER_BYTES:
            raise TapError("torn header")
        ahead_ns: int = self._server._now_ns() - _HEADER.unpack_from(message, 0)[4]
        if abs(ahead_ns) < _MAX_CLOCK_ERROR_NS:
            return 0
        log.warning("media process has another clock", ahead_s=ahead_ns // 1_000_000_000)
        return ahead_ns

    def _open_track(self, record: TrackOpened) -> None:
        if record.handle in self._sinks:
            raise TapError("a handle opened twice")
        if len(self._sinks) >= _MAX_TRACKS:
            raise TapError("too many tracks")
        sink = self._server._open_track(record)
        if sink is not None:
            self._sinks[record.handle] = sink
            self._rtp[record.handle] = sink.rtp

    def close(self, *, ends_tracks: bool = True) -> None:
        """End the connection; its tracks end with the cause ``media_lost``."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._socket)
        if self._timer is not None:
            self._timer.cancel()
        self._socket.close()
        self._server._closed(self)
        if ends_tracks:
            sinks, self._sinks = self._sinks, {}
            self._rtp.clear()
            for sink in sinks.values():
                sink.ended("media_lost")
