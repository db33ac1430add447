"""Where a recorder would be: accepts the tap's connections and keeps every record."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

from runtime.tap import MAX_MESSAGE_BYTES, RtpArrived, TapRecord, TrackOpened, decode


class TapListener:
    """A ``SOCK_SEQPACKET`` server; ``reading`` off lets the socket fill up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._server: socket.socket | None = None
        self._client: socket.socket | None = None
        self.connections: list[list[TapRecord]] = []
        self.messages = 0

    @property
    def records(self) -> list[TapRecord]:
        """What came over the newest connection."""
        return self.connections[-1] if self.connections else []

    def packets(self, kind: str = "video") -> list[RtpArrived]:
        """The packets of one kind, in the order of arrival."""
        handles = {
            one.handle for one in self.records if isinstance(one, TrackOpened) and one.kind == kind
        }
        return [
            one for one in self.records if isinstance(one, RtpArrived) and one.handle in handles
        ]

    def start(self) -> None:
        """Listen; an old socket file is replaced."""
        self._path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server.bind(str(self._path))
        server.listen(4)
        server.setblocking(False)
        self._server = server
        self._loop.add_reader(server.fileno(), self._accept)

    def _accept(self) -> None:
        assert self._server is not None
        client, _ = self._server.accept()
        client.setblocking(False)
        self._client = client
        self.connections.append([])
        self.read(True)

    def read(self, on: bool) -> None:
        """Whether to take messages out of the socket."""
        if self._client is None:
            return
        if on:
            self._loop.add_reader(self._client.fileno(), self._take)
        else:
            self._loop.remove_reader(self._client.fileno())

    def _take(self) -> None:
        assert self._client is not None
        with contextlib.suppress(BlockingIOError):
            while True:
                message = self._client.recv(MAX_MESSAGE_BYTES)
                if not message:
                    self._loop.remove_reader(self._client.fileno())
                    return
                self.messages += 1
                self.records.extend(decode(message))

    def stop(self) -> None:
        """Die, as a killed recorder: the connection ends at once."""
        for sock in (self._client, self._server):
            if sock is not None and sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
                sock.close()
        self._client = self._server = None
