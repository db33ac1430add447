"""Our parts in place of aiortc's; private names of its classes are used here only.

aiortc keeps DTLS, SRTP keys and SDP; its senders, receivers, decoders, STUN and TURN
clients and its datagram reader are left out. ``install()`` replaces a few module
globals by factories that give our parts while a ``PeerLink`` is being built and
aiortc's own at any other time. ICE is in ``ice_agent.py``, SDP in ``negotiation.py``.
Each name is held by ``tests/contract/test_aiortc_hooks.py``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import structlog
from aioice import Candidate, ice
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    rtcicetransport,
    rtcpeerconnection,
)
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.sdp import SessionDescription
from aiortc.stats import RTCStatsReport

from media.addresses import NetworkPolicy
from media.ice_agent import LinkEvents, RelayConnection
from media.negotiation import (
    SDP_ERRORS,
    MediaLine,
    checked_offer,
    install_codecs,
    negotiated_lines,
    ordered_codecs,
)
from media.srtp import SrtpContext
from runtime.errors import CaseError, PeerError

log = structlog.get_logger()


class _Building:
    """The link that is being built. Tasks and timers made meanwhile keep the context; so that
    they do not keep the link, it is taken out afterwards."""

    def __init__(self, link: PeerLink) -> None:
        self.link: PeerLink | None = link


_BUILDING: ContextVar[_Building | None] = ContextVar("building", default=None)


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
            CaseError: ``bad_offer`` (422), whatever is wrong with it; ``no_media_port`` (503).
        """
        building = _Building(self)
        token = _BUILDING.set(building)
        try:
            remote = checked_offer(offer)
            pc = self._pc = RTCPeerConnection(
                RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
            )
            pc.on("connectionstatechange", self._connection_changed)
            await pc.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
            _be_dtls_server(pc, remote)
            for index, transceiver in enumerate(pc.getTransceivers()):
                transceiver.direction = "sendrecv"
                transceiver._codecs = ordered_codecs(transceiver._codecs, preferred)
                # One stream for each source: browsers keep the lips of a stream in step.
                transceiver.sender._stream_id = f"source-{index // 2}"
            await pc.setLocalDescription(await pc.createAnswer())
            return pc.localDescription.sdp, negotiated_lines(pc, remote)
        except SDP_ERRORS as error:
            await self.close()
            raise CaseError(
                "bad_offer", f"the offer cannot be used: {error}", status=422
            ) from error
        except BaseException:
            await self.close()
            raise
        finally:
            _BUILDING.reset(token)
            building.link = None

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
        except SDP_ERRORS as error:
            raise PeerError(f"not a candidate: {error}") from error

    async def close(self) -> None:
        """Say good-bye and close the sockets; may be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._pc is not None:
                await self._pc.close()
        except SDP_ERRORS as error:
            # aiortc cannot close what a bad offer left half built.
            log.debug("link closed by force", error=repr(error))
        finally:
            for connection in self.connections:
                for protocol in connection._protocols:
                    protocol.transport.abort()

    def _connection_changed(self) -> None:
        if self._pc is not None and self._pc.connectionState == "failed" and not self._closed:
            self.events.on_gone("lost")


def _be_dtls_server(pc: RTCPeerConnection, remote: SessionDescription) -> None:
    """Take the role that chooses the SRTP profile: ours is AES-GCM, half the cost of CM + HMAC.

    A browser in that role would choose AES-CM. Only an offer that leaves the choice
    (``actpass``) is answered so.
    """
    if remote.media[0].dtls is not None and remote.media[0].dtls.role == "auto":
        pc.getTransceivers()[0].receiver.transport._set_role("server")


def _random_ssrc() -> int:
    return secrets.randbits(32) | 1


def _factory(ours: Callable[..., Any], stock: Callable[..., Any]) -> Callable[..., Any]:
    """Ours while a link is being built, aiortc's own otherwise."""

    def make(*args: Any, **options: Any) -> Any:
        building = _BUILDING.get()
        if building is None or building.link is None:
            return stock(*args, **options)
        return ours(building.link, *args, **options)

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
    ice_names["Connection"] = _factory(RelayConnection, ice_names["Connection"])
    install_codecs()
