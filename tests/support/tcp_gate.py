"""A door in front of a server that a test opens, shuts, jams or answers at itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

_BUSY = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 88\r\n"
    b"Connection: close\r\n\r\n"
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please wait.</Message></Error>"
)
_CHUNK = 65_536


class Door(StrEnum):
    """What whoever knocks finds."""

    OPEN = "open"
    SHUT = "shut"
    """As if the server had been killed: connections break, new ones are refused."""
    JAMMED = "jammed"
    """As behind a network that drops everything: connections hang."""
    BUSY = "busy"
    """Each request is answered with 503, as S3 does under load."""


class TcpGate:
    """Forwards one port to another while it is open."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._can_flow = asyncio.Event()
        self.door = Door.OPEN
        self.port = 0

    async def set(self, door: Door) -> None:
        """From now on this is what one finds; what is under way finds it as well."""
        self.door = door
        if door in (Door.OPEN, Door.SHUT, Door.BUSY):
            self._can_flow.set()
        else:
            self._can_flow.clear()
        if door is Door.SHUT and self._server is not None:
            self._server.close()
            self._server = None
        if door in (Door.SHUT, Door.BUSY):
            for writer in list(self._writers):
                writer.transport.abort()
        if door is not Door.SHUT and self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Shut it for good."""
        await self.set(Door.SHUT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.door is Door.BUSY:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_BUSY)
                await writer.drain()
                return
            await self._can_flow.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(back)
            try:
                await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
            finally:
                self._writers.discard(back)
                back.close()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._can_flow.wait()
            writer.write(chunk)
            await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()


@asynccontextmanager
async def gate_before(target_port: int) -> AsyncIterator[TcpGate]:
    """An open door in front of a port."""
    gate = TcpGate(target_port)
    await gate.set(Door.OPEN)
    try:
        yield gate
    finally:
        await gate.close()
