"""Offer and answer: what is refused, what is preferred, what came of it; aiortc's codec tables.

Touches what is private to aiortc's SDP and codec modules; each name is held by
``tests/contract/test_aiortc_hooks.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from aiortc import RTCPeerConnection, codecs
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
)
from aiortc.sdp import SessionDescription

from media.rtp import ABS_SEND_TIME_URI, MID_URI, TRANSPORT_CC_URI

_START_KBPS = 800
_START_MIN_KBPS = 100
_START_MAX_KBPS = 2_500
_MAX_OFFER_CHARS = 65_536
_MAX_LINES = 12

# What aiortc's SDP parser and state machine let out on hostile offers.
SDP_ERRORS = (
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


def checked_offer(offer: str) -> SessionDescription:
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


def check_publication(remote: SessionDescription) -> None:
    """Refuse what a bench camera does not send: one picture, at most one sound.

    Raises:
        ValueError: with the reason. ``recvonly`` and ``inactive`` must not be offered
            (RFC 9725, 4.2), and no m-line is refused alone (4.4.3).
    """
    kinds = [media.kind for media in remote.media]
    if kinds.count("video") != 1 or kinds.count("audio") > 1:
        raise ValueError("a bench camera sends one video and at most one audio")
    if any(media.direction not in ("sendonly", "sendrecv") for media in remote.media):
        raise ValueError("a bench camera only sends")


def ordered_codecs(
    negotiated: list[RTCRtpCodecParameters], preferred: Sequence[str]
) -> list[RTCRtpCodecParameters]:
    """One entry of each codec, the preferred first, each followed by its RTX."""
    rank = {name: index for index, name in enumerate(preferred)}
    chosen: dict[str, RTCRtpCodecParameters] = {}
    for codec in negotiated:
        if codec.name != "rtx":
            chosen.setdefault(codec.name, codec)
    found: list[RTCRtpCodecParameters] = []
    for codec in sorted(chosen.values(), key=lambda one: rank.get(one.name, len(rank))):
        found.append(codec)
        found += [
            rtx
            for rtx in negotiated
            if rtx.name == "rtx" and rtx.parameters.get("apt") == codec.payloadType
        ][:1]
    return found


def negotiated_lines(pc: RTCPeerConnection, remote: SessionDescription) -> list[MediaLine]:
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


def with_start_bitrate(answer: str, start_bps: int) -> str:
    """The answer with the rate at which the browser's own estimate begins, 100 to 2,500 kb/s."""
    start_kbps = min(_START_MAX_KBPS, max(_START_MIN_KBPS, start_bps * 4 // 5000))
    return answer.replace(
        f"x-google-start-bitrate={_START_KBPS}", f"x-google-start-bitrate={start_kbps}"
    )


def install_codecs() -> None:
    opus = next(codec for codec in codecs.CODECS["audio"] if codec.name == "opus")
    opus.parameters = {"minptime": 10, "useinbandfec": 1, "usedtx": 0}
    # Browsers do not offer NACK for sound by themselves; our page asks them to (peer.ts).
    opus.rtcpFeedback = [RTCRtcpFeedback(type="transport-cc"), RTCRtcpFeedback(type="nack")]
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
