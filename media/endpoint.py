"""The UDP socket of a leg: bound inside the port range, read until it is empty."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from typing import Any

_BUFFER_BYTES = 1 << 20
_DRAIN = 64

Address = tuple[Any, ...]


def _nobody(address: Address) -> bool:
    return False


class UdpEndpoint(asyncio.DatagramTransport):
    """A datagram transport over a socket of our own, so that its reader can be replaced.

    asyncio's own transport reads one datagram per wake-up and hands it on through
    two calls; a relay wants to drain the socket.
    """

    def __init__(self, sock: socket.socket, protocol: asyncio.DatagramProtocol) -> None:
        super().__init__({"socket": sock, "sockname": sock.getsockname()})
        self._loop = asyncio.get_running_loop()
        self.sock = sock
        self._protocol = protocol
        self._closing = False
        self.is_checked: Callable[[Address], bool] = _nobody
        """Whether an address has passed a connectivity check of this socket."""
        protocol.connection_made(self)
        self._loop.add_reader(sock.fileno(), self._read)

    def read_with(self, reader: Callable[[], None]) -> None:
        """From now on ``reader`` is called when the socket is readable."""
        if not self._closing:
            self._loop.add_reader(self.sock.fileno(), reader)

    def hand_up(self, packet: bytes, address: Address) -> None:
        """Give a datagram to the protocol, as if it had been read by this transport."""
        self._protocol.datagram_received(packet, address)

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send or drop: a full socket buffer is a lost packet, as on any network."""
        if self._closing or addr is None:
            return
        try:
            self.sock.sendto(data, addr)
        except OSError as error:
            if not isinstance(error, BlockingIOError):
                self._protocol.error_received(error)

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading and close the socket; may be called twice."""
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self.sock.fileno())
        self.sock.close()
        self._loop.call_soon(self._protocol.connection_lost, None)

    def _read(self) -> None:
        for _ in range(_DRAIN):
            if self._closing:
                return
            try:
                packet, address = self.sock.recvfrom(4096)
            except OSError:
                return
            self._protocol.datagram_received(packet, address)


def bind_udp(host: str, ports: range | None) -> socket.socket:
    """A non-blocking UDP socket on ``host``, on a free port of ``ports``.

    Raises:
        OSError: the address cannot be bound, or no port of the range is free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wanted: list[int] = [0] if ports is None else list(ports)
    # A random start keeps two workers that share the range from trying the same ports.
    start = random.randrange(len(wanted))  # noqa: S311 - not a secret
    last: OSError | None = None
    for port in wanted[start:] + wanted[:start]:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.bind((host, port))
        except OSError as error:
            sock.close()
            last = error
            continue
        sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        return sock
    raise last or OSError("empty port range")
