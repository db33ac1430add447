"""Everything private that media/ uses of aiortc, aioice and pylibsrtp, one test for each.

The versions are pinned; after an upgrade these tests say what has moved before a call does.
"""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version
from typing import Any

import pytest
from aioice import Candidate, ice, stun
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    codecs,
    rtcdtlstransport,
    rtcicetransport,
    rtcpeerconnection,
    rtcrtpreceiver,
    rtcrtpsender,
)
from aiortc.sdp import SessionDescription
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from media import hooks
from media.addresses import NetworkPolicy
from media.endpoint import UdpEndpoint, bind_udp
from media.rtp import ABS_SEND_TIME_URI
from media.srtp import HEADROOM, PacketBuffer, SrtpContext, protect_rtp, unprotect_rtp
from tests.support.rtp_peer import RtpPeer


def test_the_versions_are_the_ones_that_were_looked_at() -> None:
    """Another version: go through this file and what it names, then change this line."""
    found = [version(name) for name in ("aiortc", "aioice", "pylibsrtp")]
    assert found == ["1.16.0", "0.13.0", "1.0.0"]


@pytest.mark.parametrize("name", ["RTCRtpSender", "RTCRtpReceiver", "RTCDtlsTransport"])
def test_the_peer_connection_takes_its_parts_from_module_globals(name: str) -> None:
    """``rtcpeerconnection.<name>`` is called where a part is made."""
    hooks.install()
    factory = vars(rtcpeerconnection)[name]
    assert factory.__proofcall__
    source = inspect.getsource(RTCPeerConnection)
    assert f"{name}(" in source


def test_the_gatherer_takes_its_connection_from_a_module_global() -> None:
    """``rtcicetransport.Connection`` is called with keywords we know."""
    hooks.install()
    assert vars(rtcicetransport)["Connection"].__proofcall__
    assert "self._connection = Connection(" in inspect.getsource(rtcicetransport.RTCIceGatherer)


async def test_outside_of_a_link_aiortc_is_itself() -> None:
    """The factories give the stock parts to everybody else in the process."""
    hooks.install()
    names = vars(rtcpeerconnection)
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = pc.addTransceiver("video")
    assert type(transceiver.sender) is rtcrtpsender.RTCRtpSender
    assert type(transceiver.receiver) is rtcrtpreceiver.RTCRtpReceiver
    assert type(transceiver.receiver.transport) is rtcdtlstransport.RTCDtlsTransport
    assert names["RTCRtpSender"] is not rtcrtpsender.RTCRtpSender
    await pc.close()


@pytest.mark.parametrize(
    "member",
    [
        "_check_list",
        "_local_candidates",
        "_local_candidates_end",
        "_local_candidates_start",
        "_nominated",
        "_protocols",
        "_queue",
        "_remote_candidates",
    ],
)
async def test_ice_connections_have_the_state_we_read(member: str) -> None:
    """Names and kinds of container."""
    connection = ice.Connection(ice_controlling=False)
    assert hasattr(connection, member)


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (ice.Connection, "gather_candidates", ["self"]),
        (ice.Connection, "add_remote_candidate", ["self", "remote_candidate"]),
        (ice.Connection, "check_incoming", ["self", "message", "addr", "protocol"]),
        (ice.Connection, "check_complete", ["self", "pair"]),
        (ice.Connection, "request_received", ["self", "message", "addr", "protocol"]),
        (ice.Connection, "data_received", ["self", "data", "component"]),
        (ice.StunProtocol, "datagram_received", ["self", "data", "addr"]),
        (ice.StunProtocol, "connection_lost", ["self", "exc"]),
        (stun.Transaction, "response_received", ["self", "message", "addr"]),
        (rtcdtlstransport.RTCDtlsTransport, "__init__", ["self", "transport", "certificates"]),
        (rtcdtlstransport.RTCDtlsTransport, "_setup_srtp", ["self"]),
        (rtcdtlstransport.RTCDtlsTransport, "_set_role", ["self", "role"]),
    ],
)
def test_what_is_overridden_or_called_takes_what_we_give(
    owner: type, name: str, parameters: list[str]
) -> None:
    """Signatures of methods that are not public."""
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


async def test_the_stun_protocol_sends_through_its_transport_only() -> None:
    """aioice asks of a transport no more than ``UdpEndpoint`` has."""
    protocol = ice.StunProtocol(ice.Connection(ice_controlling=False))
    endpoint = UdpEndpoint(bind_udp("127.0.0.1", None), protocol)
    assert protocol.transport is endpoint
    await protocol.send_data(b"x", ("127.0.0.1", 9))
    await asyncio.wait_for(protocol.close(), 1)


async def test_a_connection_closes_protocols_on_our_sockets() -> None:
    """``close()`` waits for ``connection_lost``, which our endpoint reports."""
    connection = ice.Connection(ice_controlling=False)
    protocol = ice.StunProtocol(connection)
    endpoint = UdpEndpoint(bind_udp("127.0.0.1", None), protocol)
    connection._protocols.append(protocol)
    await asyncio.wait_for(connection.close(), 2)
    assert endpoint.is_closing()


def test_candidate_pairs_name_their_ends() -> None:
    """``protocol`` and ``remote_addr`` of a pair."""
    candidate = Candidate.from_sdp("1 1 udp 1 192.0.2.1 5000 typ host")
    protocol: Any = object()
    pair = ice.CandidatePair(protocol, candidate)
    assert pair.remote_addr == ("192.0.2.1", 5000)
    assert pair.protocol is protocol


def test_the_codec_tables_are_the_ones_negotiation_reads() -> None:
    """Mutable, shared by reference, and left by us with three codecs and three extensions."""
    hooks.install()
    assert rtcpeerconnection.CODECS is codecs.CODECS
    assert rtcpeerconnection.HEADER_EXTENSIONS is codecs.HEADER_EXTENSIONS
    assert [codec.name for codec in codecs.CODECS["audio"]] == ["opus"]
    assert [codec.name for codec in codecs.CODECS["video"]] == ["VP8", "rtx", "H264", "rtx"]
    assert len(codecs.HEADER_EXTENSIONS["video"]) == 3


def test_the_sdp_parser_gives_what_we_check() -> None:
    """Groups, mids, fingerprints, SSRCs and their groups."""
    description = SessionDescription.parse(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
        "a=fingerprint:sha-256 AA\r\na=setup:actpass\r\na=rtpmap:96 VP8/90000\r\n"
        "a=ssrc-group:FID 1 2\r\na=ssrc:1 cname:x\r\na=ssrc:2 cname:x\r\n"
    )
    media = description.media[0]
    assert description.group[0].items == ["0"]
    assert media.rtp.muxId == "0"
    assert media.dtls is not None
    assert (media.dtls.role, len(media.dtls.fingerprints)) == ("auto", 1)
    assert [one.ssrc for one in media.ssrc] == [1, 2]
    assert (media.ssrc_group[0].semantic, media.ssrc_group[0].items) == ("FID", [1, 2])


async def test_transceivers_carry_what_was_negotiated() -> None:
    """``_codecs``, ``_headerExtensions``, the sender's SSRCs and stream, after an offer."""
    hooks.install()
    client = RtpPeer()
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    await pc.setRemoteDescription(RTCSessionDescription(sdp=await client.offer(), type="offer"))
    first, second = pc.getTransceivers()[:2]
    assert {codec.name for codec in second._codecs} == {"H264", "VP8", "rtx"}
    assert {one.uri for one in second._headerExtensions} >= {ABS_SEND_TIME_URI}
    assert isinstance(second.sender._ssrc, int)
    assert isinstance(second.sender._rtx_ssrc, int)
    assert isinstance(second.sender._stream_id, str)
    assert first.receiver.transport is second.receiver.transport
    assert isinstance(first.receiver.transport.transport._connection, ice.Connection)
    await pc.close()
    await client.close()


async def test_a_link_uses_only_our_parts() -> None:
    """No stock sender polls, no receiver starts a decoder, no socket is asyncio's own."""
    hooks.install()
    client = RtpPeer()

    class Events:
        def on_keys(self, rx: SrtpContext, tx: SrtpContext) -> None: ...
        def on_path(self, endpoint: UdpEndpoint, remote: Any) -> None: ...
        def on_early(self, packet: bytes) -> None: ...
        def on_gone(self, cause: str) -> None: ...

    link = hooks.PeerLink(Events(), NetworkPolicy())
    answer, lines = await link.answer(await client.offer(), ["H264", "VP8"])
    assert "a=setup:passive" in answer
    assert [codec.name for codec in lines[1].codecs] == ["H264", "VP8"]
    assert [line.sends for line in lines] == [True, True, False, False, False]
    assert all(line.receives for line in lines)
    assert lines[1].remote_rtx_ssrc is not None
    assert link._pc is not None
    for transceiver in link._pc.getTransceivers():
        assert type(transceiver.sender) is hooks._RelaySender
        assert type(transceiver.receiver) is hooks._RelayReceiver
    (connection,) = link.connections
    assert connection._protocols
    assert all(isinstance(one.transport, UdpEndpoint) for one in connection._protocols)
    await link.close()
    await client.close()


def test_dtls_states_and_sessions_have_their_names() -> None:
    """``State.FAILED``/``CLOSED`` and the two SRTP sessions after ``_setup_srtp``."""
    assert {"FAILED", "CLOSED", "CONNECTED"} <= set(rtcdtlstransport.State.__members__)
    source = inspect.getsource(rtcdtlstransport.RTCDtlsTransport._setup_srtp)
    assert "self._rx_srtp = Session(" in source
    assert "self._tx_srtp = Session(" in source
    assert "allow_repeat_tx = True" in source


def test_aes_gcm_is_built_in_and_comes_first() -> None:
    """As DTLS server the first of these that the browser offers is taken."""
    names = [profile.openssl_profile for profile in rtcdtlstransport.SRTP_PROFILES]
    assert names[0] == b"SRTP_AEAD_AES_256_GCM"


def test_libsrtp_works_in_place_on_our_buffer() -> None:
    """The binding's ``lib``, ``ffi`` and a session's pointer; protect, then unprotect."""
    assert lib.srtp_protect is not None
    assert ffi.buffer is not None
    key = bytes(range(30))
    sessions = []
    for direction in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND):
        sessions.append(SrtpContext(Session(Policy(key=key, ssrc_type=direction))))
    tx, rx = sessions
    buffer = PacketBuffer()
    packet = b"\x80\x60\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03payload"
    buffer.view[HEADROOM : HEADROOM + len(packet)] = packet
    buffer.length[0] = len(packet)
    assert protect_rtp(tx.pointer, buffer.pointer + HEADROOM, buffer.length) == 0
    assert buffer.length[0] == len(packet) + 10
    assert unprotect_rtp(rx.pointer, buffer.pointer + HEADROOM, buffer.length) == 0
    assert bytes(buffer.view[HEADROOM : HEADROOM + buffer.length[0]]) == packet
    assert isinstance(buffer.view[0], int)
