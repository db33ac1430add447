"""The only file that touches what is private to aiortc and aioice (versions pinned).

aiortc keeps ICE, DTLS, SRTP keys and SDP; its senders, receivers, decoders, STUN and
TURN clients and its datagram reader are left out. ``install()`` replaces a few module
globals by factories that give our parts while a ``PeerLink`` is being built and
aiortc's own at any other time. Each name used here is held by
``tests/contract/test_aiortc_hooks.py``.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from struct import error as StructError  # noqa: N812 - the class is misnamed at its source
from typing import Any, Protocol, cast

import structlog
from aioice import Candidate, ice, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    codecs,
    rtcicetransport,
    rtcpeerconnection,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
)
from aiortc.sdp import SessionDescription
from aiortc.stats import RTCStatsReport

from media.endpoint import Address, UdpEndpoint, bind_udp
from media.rtp import ABS_SEND_TIME_URI, MID_URI, TRANSPORT_CC_URI
from media.srtp import SrtpContext
from runtime.errors import CaseError, PeerError

log = structlog.get_logger()

_START_KBPS = 800
_MAX_OFFER_CHARS = 65_536
_MAX_LINES = 12
_MAX_CANDIDATES = 48
_MAX_PAIRS = 96
_MAX_QUEUED = 64
_MAX_ADDRESSES = 8

# What aiortc's SDP parser and state machine let out on hostile offers.
_SDP_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    LookupError,
    OperationError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
_STUN_ERRORS = (AssertionError, AttributeError, LookupError, StructError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Codec:
    """One negotiated codec; ``rtx`` is the payload type of its repetitions."""

    name: str
    payload_type: int
    clock_rate: int
    rtx: int | None


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One negotiated m-line. ``sends`` and ``receives`` are the remote's doing."""

    mid: str
    kind: str
    sends: bool
    receives: bool
    codecs: tuple[Codec, ...]
    extensions: tuple[tuple[str, int], ...]
    local_ssrc: int
    local_rtx_ssrc: int
    remote_ssrc: int | None
    remote_rtx_ssrc: int | None

    def extension_id(self, uri: str) -> int:
        """The identifier of a header extension, 0 if it was not negotiated."""
        return dict(self.extensions).get(uri, 0)


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """Where a worker's sockets are bound: no STUN, no TURN, host candidates only."""

    ports: range | None = None
    public_ip: str | None = None


class LinkEvents(Protocol):
    """What a link tells its owner; none of these may raise."""

    def on_keys(self, rx: SrtpContext, tx: SrtpContext) -> None:
        """The DTLS handshake is through: SRTP may flow."""

    def on_path(self, endpoint: UdpEndpoint, remote: Address) -> None:
        """Packets go this way from now on (first nomination, or a better pair)."""

    def on_gone(self, cause: str) -> None:
        """The remote said good-bye (``left``) or cannot be reached (``lost``, ``failed``)."""


_BUILDING: ContextVar[PeerLink | None] = ContextVar("building", default=None)


class _RelayStun(ice.StunProtocol):
    """Hands upward only what may come: STUN, and DTLS from an address under check.

    The stock class gives any datagram that is not STUN to the DTLS engine, whoever
    sent it: one stray packet during set-up ends the call.
    """

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if not isinstance(data, bytes) or not data:
            return
        source = (addr[0], addr[1])
        first = data[0]
        try:
            if first < 4:
                self._stun(data, source)
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

    def _known(self, source: tuple[str, int]) -> bool:
        return any(pair.remote_addr == source for pair in self.receiver._check_list)


class _RelayConnection(ice.Connection):
    """ICE with host candidates on our own sockets, tolerant of what browsers trickle."""

    def __init__(self, link: PeerLink, **options: Any) -> None:
        for unwanted in ("stun_server", "turn_server"):
            options.pop(unwanted, None)
        super().__init__(**options)
        self._link = link
        link.connections.append(self)

    async def gather_candidates(self) -> None:
        """Bind one socket for each of the host's addresses; waits for nothing."""
        if self._local_candidates_start:
            return
        self._local_candidates_start = True
        policy = self._link.policy
        for address in _host_addresses():
            protocol = _RelayStun(self)
            try:
                sock = bind_udp(address, policy.ports)
            except OSError as error:
                log.warning("cannot bind a media socket", address=address, error=str(error))
                continue
            UdpEndpoint(sock, protocol)
            port = sock.getsockname()[1]
            protocol.local_candidate = _host_candidate(address, port)
            self._protocols.append(protocol)
            self._local_candidates.append(protocol.local_candidate)
            if policy.public_ip and ":" not in address and not address.startswith("127."):
                self._local_candidates.append(_host_candidate(policy.public_ip, port))
        self._local_candidates_end = True

    async def add_remote_candidate(self, remote_candidate: Candidate | None) -> None:
        """Take a candidate that can be checked at once, leave the others out.

        Names (mDNS) are not resolved: that takes seconds and the browser's own checks
        reveal its address (peer-reflexive). For the same reason the end of candidates
        is not passed on: with none known, aioice would give up before those checks.
        """
        if remote_candidate is None or len(self._remote_candidates) >= _MAX_CANDIDATES:
            return
        if remote_candidate.transport.lower() != "udp" or remote_candidate.component != 1:
            return
        try:
            ipaddress.ip_address(remote_candidate.host)
        except ValueError:
            return
        await super().add_remote_candidate(remote_candidate)

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


class _RelayDtls(RTCDtlsTransport):
    """DTLS as it is, but the SRTP keys go to us."""

    def __init__(self, link: PeerLink, transport: Any, certificates: Any) -> None:
        super().__init__(transport, certificates)
        self._link = link
        self.on("statechange", self._changed)

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        if self._rx_srtp is not None and self._tx_srtp is not None:
            self._link.events.on_keys(SrtpContext(self._rx_srtp), SrtpContext(self._tx_srtp))

    def _changed(self) -> None:
        if self._state is State.FAILED:
            self._link.events.on_gone("failed")
        elif self._state is State.CLOSED:
            self._link.events.on_gone("left")


class _RelaySender:
    """Stands where aiortc wants a sender; packets do not pass through it."""

    def __init__(self, track_or_kind: Any, transport: Any) -> None:
        self.kind = track_or_kind if isinstance(track_or_kind, str) else track_or_kind.kind
        self.transport = transport
        self.track = None
        self._ssrc = _random_ssrc()
        self._rtx_ssrc = _random_ssrc()
        self._stream_id = ""
        self._track_id = f"track-{self._ssrc:08x}"
        self._enabled = True

    def setTransport(self, transport: Any) -> None:  # noqa: N802 - aiortc's name
        self.transport = transport

    async def send(self, parameters: Any) -> None:
        """Nothing to start: the relay sends."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def getStats(self) -> RTCStatsReport:  # noqa: N802 - aiortc's name
        return RTCStatsReport()


class _RelayReceiver:
    """Stands where aiortc wants a receiver: no decoder thread, no jitter buffer."""

    def __init__(self, kind: str, transport: Any) -> None:
        self.kind = kind
        self.transport = transport
        self._track: Any = None
        self._enabled = True

    @property
    def track(self) -> Any:
        return self._track

    def setTransport(self, transport: Any) -> None:  # noqa: N802 - aiortc's name
        self.transport = transport

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        """Our reports use the SSRC of the m-line anyway."""

    async def receive(self, parameters: Any) -> None:
        """Nothing to start: the relay receives."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def getStats(self) -> RTCStatsReport:  # noqa: N802 - aiortc's name
        return RTCStatsReport()


class PeerLink:
    """One peer connection: an offer in, an answer out, then keys, a path and an end."""

    def __init__(self, events: LinkEvents, policy: NetworkPolicy) -> None:
        self.events = events
        self.policy = policy
        self.connections: list[ice.Connection] = []
        self._pc: RTCPeerConnection | None = None
        self._closed = False

    async def answer(self, offer: str, preferred: Sequence[str]) -> tuple[str, list[MediaLine]]:
        """Answer a browser's offer; ``preferred`` orders the video codecs by name.

        Raises:
            CaseError: ``bad_offer`` (422), whatever is wrong with it.
        """
        token = _BUILDING.set(self)
        try:
            remote = _checked_offer(offer)
            pc = self._pc = RTCPeerConnection(
                RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
            )
            pc.on("connectionstatechange", self._connection_changed)
            await pc.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
            _be_dtls_server(pc, remote)
            for index, transceiver in enumerate(pc.getTransceivers()):
                transceiver.direction = "sendrecv"
                transceiver._codecs = _ordered(transceiver._codecs, preferred)
                # One stream for each source: browsers keep the lips of a stream in step.
                transceiver.sender._stream_id = f"source-{index // 2}"
            await pc.setLocalDescription(await pc.createAnswer())
            return pc.localDescription.sdp, _negotiated(pc, remote)
        except _SDP_ERRORS as error:
            await self.close()
            raise CaseError(
                "bad_offer", f"the offer cannot be used: {error}", status=422
            ) from error
        except BaseException:
            await self.close()
            raise
        finally:
            _BUILDING.reset(token)

    async def add_candidate(self, text: str) -> None:
        """Take one trickled candidate; one that cannot be checked is left out.

        Raises:
            PeerError: it is not a candidate line.
        """
        if self._pc is None or self._closed:
            return
        try:
            candidate = Candidate.from_sdp(text.removeprefix("a=").removeprefix("candidate:"))
            # aiortc would match it to an m-line; ours are all bundled into the first.
            transport = self._pc.getTransceivers()[0].receiver.transport.transport
            await transport._connection.add_remote_candidate(candidate)
        except _SDP_ERRORS as error:
            raise PeerError(f"not a candidate: {error}") from error

    async def close(self) -> None:
        """Say good-bye and close the sockets; may be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._pc is not None:
                await self._pc.close()
        except _SDP_ERRORS as error:
            # aiortc cannot close what a bad offer left half built.
            log.debug("link closed by force", error=repr(error))
        finally:
            for connection in self.connections:
                for protocol in connection._protocols:
                    protocol.transport.abort()

    def _connection_changed(self) -> None:
        if self._pc is not None and self._pc.connectionState == "failed" and not self._closed:
            self.events.on_gone("lost")


def _checked_offer(offer: str) -> SessionDescription:
    """Parse and refuse what this relay does not do.

    Raises:
        ValueError: with the reason (besides what aiortc's parser raises).
    """
    if len(offer) > _MAX_OFFER_CHARS:
        raise ValueError("longer than 64 kB")
    remote = SessionDescription.parse(offer)
    if not 1 <= len(remote.media) <= _MAX_LINES:
        raise ValueError("no media, or too many m-lines")
    mids = [media.rtp.muxId for media in remote.media]
    if len(set(mids)) != len(mids) or not all(mids):
        raise ValueError("m-lines need distinct mids")
    bundles = [group.items for group in remote.group if group.semantic == "BUNDLE"]
    if (bundles or len(mids) > 1) and (len(bundles) != 1 or sorted(bundles[0]) != sorted(mids)):
        raise ValueError("all m-lines must be in one bundle")
    for media in remote.media:
        if media.kind not in ("audio", "video"):
            raise ValueError(f"{media.kind} is not accepted")
        if media.dtls is None or not media.dtls.fingerprints:
            raise ValueError("DTLS fingerprint is missing")
    return remote


def _be_dtls_server(pc: RTCPeerConnection, remote: SessionDescription) -> None:
    """Take the role that chooses the SRTP profile: ours is AES-GCM, half the cost of CM + HMAC.

    A browser in that role would choose AES-CM. Only an offer that leaves the choice
    (``actpass``) is answered so.
    """
    if remote.media[0].dtls is not None and remote.media[0].dtls.role == "auto":
        pc.getTransceivers()[0].receiver.transport._set_role("server")


def _ordered(
    negotiated: list[RTCRtpCodecParameters], preferred: Sequence[str]
) -> list[RTCRtpCodecParameters]:
    """One entry of each codec, the preferred first, each followed by its RTX."""
    rank = {name: index for index, name in enumerate(preferred)}
    chosen: dict[str, RTCRtpCodecParameters] = {}
    for codec in negotiated:
        if codec.name != "rtx":
            chosen.setdefault(codec.name, codec)
    ordered: list[RTCRtpCodecParameters] = []
    for codec in sorted(chosen.values(), key=lambda one: rank.get(one.name, len(rank))):
        ordered.append(codec)
        ordered += [
            rtx
            for rtx in negotiated
            if rtx.name == "rtx" and rtx.parameters.get("apt") == codec.payloadType
        ][:1]
    return ordered


def _negotiated(pc: RTCPeerConnection, remote: SessionDescription) -> list[MediaLine]:
    offered = {media.rtp.muxId: media for media in remote.media}
    lines = []
    for transceiver in pc.getTransceivers():
        mid = transceiver.mid or ""
        media = offered[mid]
        rtx = {
            codec.parameters.get("apt"): codec.payloadType
            for codec in transceiver._codecs
            if codec.name == "rtx"
        }
        pairs = [group.items for group in media.ssrc_group if group.semantic == "FID"]
        ssrc = media.ssrc[0].ssrc if media.ssrc else None
        direction = transceiver.currentDirection or "inactive"
        lines.append(
            MediaLine(
                mid=mid,
                kind=transceiver.kind,
                sends=direction in ("recvonly", "sendrecv"),
                receives=direction in ("sendonly", "sendrecv"),
                codecs=tuple(
                    Codec(
                        codec.name,
                        cast("int", codec.payloadType),
                        codec.clockRate,
                        rtx.get(codec.payloadType),
                    )
                    for codec in transceiver._codecs
                    if codec.name != "rtx"
                ),
                extensions=tuple((one.uri, one.id) for one in transceiver._headerExtensions),
                local_ssrc=transceiver.sender._ssrc,
                local_rtx_ssrc=transceiver.sender._rtx_ssrc,
                remote_ssrc=ssrc,
                remote_rtx_ssrc=next(
                    (int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] == ssrc), None
                ),
            )
        )
    return lines


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


def _host_addresses() -> list[str]:
    """The host's own addresses; loopback only where there is no other."""
    found = ice.get_host_addresses(use_ipv4=True, use_ipv6=True)
    return found[:_MAX_ADDRESSES] or ["127.0.0.1"]


def _random_ssrc() -> int:
    return secrets.randbits(32) | 1


def _factory(ours: Callable[..., Any], stock: Callable[..., Any]) -> Callable[..., Any]:
    """Ours while a link is being built, aiortc's own otherwise."""

    def make(*args: Any, **options: Any) -> Any:
        link = _BUILDING.get()
        return stock(*args, **options) if link is None else ours(link, *args, **options)

    make.__proofcall__ = True  # type: ignore[attr-defined]
    return make


def install() -> None:
    """Put our parts into aiortc's modules and tables; may be called twice."""
    names = vars(rtcpeerconnection)
    if getattr(names["RTCRtpSender"], "__proofcall__", False):
        return
    names["RTCRtpSender"] = _factory(
        lambda _link, *args: _RelaySender(*args), names["RTCRtpSender"]
    )
    names["RTCRtpReceiver"] = _factory(
        lambda _link, *args: _RelayReceiver(*args), names["RTCRtpReceiver"]
    )
    names["RTCDtlsTransport"] = _factory(_RelayDtls, names["RTCDtlsTransport"])
    ice_names = vars(rtcicetransport)
    ice_names["Connection"] = _factory(_RelayConnection, ice_names["Connection"])
    _install_codecs()


def _install_codecs() -> None:
    opus = next(codec for codec in codecs.CODECS["audio"] if codec.name == "opus")
    opus.parameters = {"minptime": 10, "useinbandfec": 1, "usedtx": 0}
    opus.rtcpFeedback = [RTCRtcpFeedback(type="transport-cc")]
    codecs.CODECS["audio"][:] = [opus]
    kept: list[RTCRtpCodecParameters] = []
    for codec in codecs.CODECS["video"]:
        level = codec.parameters.get("profile-level-id")
        if codec.name == "VP8" or (codec.name == "H264" and level == "42e01f"):
            codec.parameters = {**codec.parameters, "x-google-start-bitrate": _START_KBPS}
            codec.rtcpFeedback.append(RTCRtcpFeedback(type="transport-cc"))
            kept.append(codec)
        elif codec.name == "rtx" and kept and codec.parameters["apt"] == kept[-1].payloadType:
            kept.append(codec)
    codecs.CODECS["video"][:] = kept
    # The browser rotates before it encodes because video-orientation is left out.
    for kind in ("audio", "video"):
        codecs.HEADER_EXTENSIONS[kind][:] = [
            RTCRtpHeaderExtensionParameters(id=index + 1, uri=uri)
            for index, uri in enumerate((MID_URI, ABS_SEND_TIME_URI, TRANSPORT_CC_URI))
        ]
