"""The sending side of a leg: protects packets and sends them along the nominated pair."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from media.endpoint import Address
from media.srtp import PacketBuffer, Pointer, SrtpContext


def _nowhere(data: Any, address: Any) -> int:
    raise OSError("no path yet")


class Transmitter:
    """Knows where packets go; ``session``, ``sendto`` and ``remote`` are read by the fast path."""

    __slots__ = ("_buffer", "_context", "dropped", "remote", "sendto", "session")

    def __init__(self, buffer: PacketBuffer) -> None:
        self._buffer = buffer
        self._context: SrtpContext | None = None
        self.session: Pointer = None
        self.sendto: Callable[[Any, Any], int] = _nowhere
        self.remote: Address | None = None
        self.dropped = 0

    @property
    def ready(self) -> bool:
        """Whether there are keys and a path."""
        return self._context is not None and self.remote is not None

    def use_keys(self, context: SrtpContext) -> None:
        """Protect with these keys from now on."""
        self._context = context
        self.session = context.pointer

    def use_path(self, sock: socket.socket, remote: Address) -> None:
        """Send this way from now on."""
        self.sendto = sock.sendto
        self.remote = remote

    def stop(self) -> None:
        """Send nothing more; may be called twice."""
        self._context = None
        self.remote = None
        self.sendto = _nowhere

    def send(self, packet: bytes, *, rtcp: bool) -> bool:
        """Protect and send one packet; False if it was dropped here."""
        if self._context is None or self.remote is None:
            return False
        protected = self._context.protect(packet, self._buffer, rtcp=rtcp)
        if protected is None:
            self.dropped += 1
            return False
        try:
            self.sendto(protected, self.remote)
        except OSError:
            self.dropped += 1
            return False
        return True
