"""ICE on our own sockets; the only file that touches what is private to aioice.

Host candidates, or the public addresses instead of them: no STUN, no TURN, nothing to wait for.
Each private name is held by ``tests/contract/test_aiortc_hooks.py``.
"""

from __future__ import annotations

from struct import error as StructError  # noqa: N812 - the class is misnamed at its source
from typing import Any, Protocol, cast

import structlog
from aioice import Candidate, ice, stun
from aioice.candidate import candidate_foundation, candidate_priority

from media.addresses import NetworkPolicy
from media.endpoint import Address, UdpEndpoint, bind_udp
from media.srtp import SrtpContext
from runtime.errors import CaseError

log = structlog.get_logger()

_MAX_CANDIDATES = 48
_MAX_PAIRS = 96
_MAX_QUEUED = 64
_STUN_ERRORS = (AssertionError, AttributeError, LookupError, StructError, TypeError, ValueError)


class LinkEvents(Protocol):
    """What a link tells its owner; none of these may raise."""

    def on_keys(self, rx: SrtpContext, tx: SrtpContext) -> None:
        """The DTLS handshake is through: SRTP may flow."""

    def on_path(self, endpoint: UdpEndpoint, remote: Address) -> None:
        """Packets go this way from now on (first nomination, or a better pair)."""

    def on_early(self, packet: bytes) -> None:
        """A packet of media that came before the path it came on was ours to read."""

    def on_gone(self, cause: str) -> None:
        """The remote said good-bye (``left``) or cannot be reached (``lost``, ``failed``)."""


class IceLink(Protocol):
    """What a connection knows of the link it belongs to."""

    events: LinkEvents
    policy: NetworkPolicy
    connections: list[ice.Connection]


class RelayStun(ice.StunProtocol):
    """Hands upward only what may come: STUN, DTLS from an address under check, media of a pair.

    The stock class gives any datagram that is not STUN to the DTLS engine, whoever
    sent it: one stray packet during set-up ends the call.
    """

    receiver: RelayConnection

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if not isinstance(data, bytes) or not data:
            return
        source = (addr[0], addr[1])
        first = data[0]
        try:
            if first < 4:
                self._stun(data, source)
            elif 127 < first < 192 and self.is_checked(source):
                # Media on a pair that is checked but was not the nominated one: browsers
                # nominate several and send on the one they like.
                self.receiver.media_elsewhere(self, source, data)
            elif (
                19 < first < 64
                and self._known(source)
                and self.receiver._queue.qsize() < _MAX_QUEUED
            ):
                self.receiver.data_received(data, self.local_candidate.component)
        except _STUN_ERRORS as error:
            log.debug("malformed STUN ignored", error=repr(error))

    def _stun(self, data: bytes, source: tuple[str, int]) -> None:
        message = stun.parse_message(data)
        if message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR):
            transaction = self.transactions.get(message.transaction_id)
            if transaction is not None:
                transaction.response_received(message, source)
        elif message.message_class == stun.Class.REQUEST:
            self.receiver.request_received(message, source, self)

    def is_checked(self, address: Address) -> bool:
        """Whether a connectivity check with this address has succeeded."""
        source = (address[0], address[1])
        return any(
            pair.protocol is self
            and pair.remote_addr == source
            and pair.state is ice.CandidatePair.State.SUCCEEDED
            for pair in self.receiver._check_list
        )

    def _known(self, source: tuple[str, int]) -> bool:
        return any(pair.remote_addr == source for pair in self.receiver._check_list)


class RelayConnection(ice.Connection):
    """ICE with host candidates on our own sockets, tolerant of what browsers trickle."""

    def __init__(self, link: IceLink, **options: Any) -> None:
        for unwanted in ("stun_server", "turn_server"):
            options.pop(unwanted, None)
        super().__init__(**options)
        self._link = link
        link.connections.append(self)

    async def gather_candidates(self) -> None:
        """Bind one socket for each of the host's addresses; waits for nothing.

        Raises:
            CaseError: ``no_media_port`` (503), no UDP port is free on any address, or
                none of our addresses stands behind a public one.
        """
        if self._local_candidates_start:
            return
        self._local_candidates_start = True
        policy = self._link.policy
        for own, told in policy.bindings().items():
            protocol = RelayStun(self)
            try:
                sock = bind_udp(own, policy.ports)
            except OSError as error:
                log.warning("cannot bind a media socket", address=own, error=str(error))
                continue
            UdpEndpoint(sock, protocol).is_checked = protocol.is_checked
            port = sock.getsockname()[1]
            protocol.local_candidate = _host_candidate(own, port)
            self._protocols.append(protocol)
            self._local_candidates += [_host_candidate(address, port) for address in told]
        if not self._protocols:
            log.error(
                "no UDP port is free for media",
                advice="widen PROOFCALL_UDP_PORTS, check PROOFCALL_PUBLIC_IP",
            )
            raise CaseError("no_media_port", "no UDP port is free for media", status=503)
        self._local_candidates_end = True

    async def add_remote_candidate(self, remote_candidate: Candidate | None) -> None:
        """Take a candidate that can be checked at once, leave the others out.

        What ``NetworkPolicy.may_check`` leaves out (names, addresses of our own network) is
        found by the browser's own checks (peer-reflexive). For the same reason the end of
        candidates is not passed on: with none known, aioice would give up before those.
        """
        if remote_candidate is None or len(self._remote_candidates) >= _MAX_CANDIDATES:
            return
        if remote_candidate.transport.lower() != "udp" or remote_candidate.component != 1:
            return
        if not self._link.policy.may_check(remote_candidate.host):
            return
        await super().add_remote_candidate(remote_candidate)

    def media_elsewhere(self, protocol: RelayStun, source: tuple[str, int], packet: bytes) -> None:
        """Packets come to another of our sockets: follow them.

        This first one counts: it may be the keyframe with which a picture begins.
        """
        self._link.events.on_path(cast("UdpEndpoint", protocol.transport), source)
        self._link.events.on_early(packet)

    def check_incoming(self, message: Any, addr: tuple[str, int], protocol: Any) -> None:
        if len(self._check_list) < _MAX_PAIRS or protocol._known(addr):
            super().check_incoming(message, addr, protocol)

    def check_complete(self, pair: ice.CandidatePair) -> None:
        before = self._nominated.get(1)
        super().check_complete(pair)
        after = self._nominated.get(1)
        if after is not None and after is not before:
            endpoint = cast("UdpEndpoint", after.protocol.transport)
            self._link.events.on_path(endpoint, after.remote_addr)


def _host_candidate(address: str, port: int) -> Candidate:
    return Candidate(
        foundation=candidate_foundation("host", "udp", address),
        component=1,
        transport="udp",
        priority=candidate_priority(1, "host"),
        host=address,
        port=port,
        type="host",
    )
