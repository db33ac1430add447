"""An echo for the check before a call: says, to whoever holds a ticket, that packets get through.

An ICE-lite agent on one port for all browsers, without DTLS and without any state: a
STUN request that a ticket of ``runtime/echo_ticket.py`` signs is answered, all else is not.
"""

from __future__ import annotations

import asyncio
from struct import error as StructError  # noqa: N812 - the class is misnamed at its source
from typing import cast

import structlog
from aioice import stun

from media.addresses import NetworkPolicy
from media.endpoint import Address, UdpEndpoint, bind_udp
from runtime.clock import Clock
from runtime.echo_ticket import password_of

log = structlog.get_logger()

_MAX_REQUEST_BYTES = 512
_ANSWERS_PER_S = 1000
_STUN_ERRORS = (AssertionError, AttributeError, LookupError, StructError, TypeError, ValueError)


class Echo:
    """The echo of one worker; ``close()`` may be called twice."""

    def __init__(self, policy: NetworkPolicy, *, secret: str, epoch: str, clock: Clock) -> None:
        self._policy = policy
        self._secret = secret
        self._epoch = epoch
        self._clock = clock
        self._endpoints: list[UdpEndpoint] = []
        self._left = _ANSWERS_PER_S
        self._second = 0
        self.addresses: list[tuple[str, int]] = []
        """Where browsers reach it; empty until ``open()``, or where no port is free."""

    def open(self) -> None:
        """Bind a port on each own address; where none is free there is no echo, calls go on."""
        for own, told in self._policy.bindings().items():
            try:
                sock = bind_udp(own, self._policy.ports)
            except OSError as error:
                log.warning("no port for the echo", error=error.strerror)
                continue
            self._endpoints.append(UdpEndpoint(sock, _Listener(self)))
            self.addresses += [(address, int(sock.getsockname()[1])) for address in told]

    def close(self) -> None:
        """Close its sockets."""
        for endpoint in self._endpoints:
            endpoint.close()
        self._endpoints.clear()
        self.addresses.clear()

    def answer_to(self, datagram: bytes, source: Address) -> bytes | None:
        """The answer to a datagram, None if it deserves none."""
        if not 20 <= len(datagram) <= _MAX_REQUEST_BYTES or datagram[:2] != b"\x00\x01":
            return None
        if not self._has_budget():
            return None
        try:
            request = stun.parse_message(datagram)
            ufrag = str(request.attributes["USERNAME"]).partition(":")[0]
            password = password_of(
                self._secret, self._epoch, ufrag, self._clock.wall_ns() / 1_000_000_000
            )
            if password is None or not request.check_message_integrity(password.encode()):
                return None
        except _STUN_ERRORS:
            return None
        answer = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        answer.attributes["XOR-MAPPED-ADDRESS"] = (source[0], source[1])
        answer.add_message_integrity(password.encode())
        return bytes(answer)

    def _has_budget(self) -> bool:
        """Calls share the processor with the echo: it reads only so much in a second."""
        second = int(self._clock.monotonic_s())
        if second != self._second:
            self._second, self._left = second, _ANSWERS_PER_S
        self._left -= 1
        return self._left >= 0


class _Listener(asyncio.DatagramProtocol):
    """What a socket of the echo calls."""

    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._endpoint: UdpEndpoint | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._endpoint = cast("UdpEndpoint", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        answer = self._echo.answer_to(data, addr)
        if answer is not None and self._endpoint is not None:
            self._endpoint.sendto(answer, addr)
