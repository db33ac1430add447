"""Encoded test media as RTP packets, and a feeder that hands them to a recorder's tap.

The packets are made from real encoders, cut as browsers cut them (STAP-A, FU-A, VP8
descriptors), so that what the recorder writes can be decoded and compared.
"""

from __future__ import annotations

import fractions
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from runtime.tap import RtpArrived, SenderReport, TapRecord, TrackEnded, TrackOpened, encode

MTU = 1_100


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet with the second at which it arrives, counted from the beginning."""

    at_s: float
    sequence: int
    timestamp: int
    marker: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One picture or packet of sound as its encoder gave it (H.264 with start codes)."""

    at_s: float
    keyframe: bool
    data: bytes


def picture(number: int, width: int, height: int) -> np.ndarray:
    """A grey picture whose sixteen cells in the top row spell ``number`` in binary."""
    grey = np.full((height, width), 64, np.uint8)
    grey[height // 2 :] = (np.arange(width) * 255 // width).astype(np.uint8)
    cell = width // 16
    for bit in range(16):
        if number >> bit & 1:
            grey[: height // 4, bit * cell : (bit + 1) * cell] = 230
        else:
            grey[: height // 4, bit * cell : (bit + 1) * cell] = 20
    return grey


def read_picture(grey: np.ndarray) -> int:
    """The number that ``picture`` wrote, at any size."""
    height, width = grey.shape
    cell = width // 16
    row = grey[height // 8]
    return sum(1 << bit for bit in range(16) if row[bit * cell + cell // 2] > 125)


def encode_video(
    codec: str,
    frames: int,
    *,
    size: tuple[int, int] = (320, 192),
    rate: int = 30,
    keyframe_every: int = 60,
    first: int = 0,
) -> list[EncodedFrame]:
    """Numbered pictures through libx264 (baseline) or libvpx, without delay or reordering."""
    name, options = {
        "h264": (
            "libx264",
            {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "crf": "30"},
        ),
        "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    }[codec]
    context = av.CodecContext.create(name, "w")
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = fractions.Fraction(1, rate)
    context.framerate = fractions.Fraction(rate)
    context.gop_size = keyframe_every
    context.thread_count = 1
    context.bit_rate = 400_000
    context.options = options
    out: list[EncodedFrame] = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(picture(first + number, *size), "gray")
        frame = frame.reformat(format="yuv420p")
        frame.pts = number
        frame.time_base = context.time_base
        for packet in context.encode(frame):
            out.append(EncodedFrame((packet.pts or 0) / rate, packet.is_keyframe, bytes(packet)))
    for packet in context.encode(None):
        out.append(EncodedFrame((packet.pts or 0) / rate, packet.is_keyframe, bytes(packet)))
    return out


def encode_audio(seconds: float, *, beep_every_s: float = 1.0) -> list[EncodedFrame]:
    """Silence with a 50 ms beep of 1 kHz at each whole ``beep_every_s``, as 20 ms of Opus."""
    time = np.arange(int(seconds * 48_000)) / 48_000
    wave = np.where(time % beep_every_s < 0.05, np.sin(2 * np.pi * 1_000 * time), 0) * 12_000
    return encode_wave(wave)


def encode_wave(wave: np.ndarray) -> list[EncodedFrame]:
    """Samples at 48 kHz, the same left and right, as 20 ms of Opus."""
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate = 48_000
    context.layout = "stereo"
    context.format = "s16"
    context.time_base = fractions.Fraction(1, 48_000)
    context.options = {"application": "lowdelay", "frame_duration": "20"}
    out: list[EncodedFrame] = []
    stereo = np.repeat(wave.astype(np.int16), 2).reshape(1, -1)
    for number in range(len(wave) // 960):
        part = np.ascontiguousarray(stereo[:, number * 1920 : (number + 1) * 1920])
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
        frame.sample_rate = 48_000
        frame.pts = number * 960
        for packet in context.encode(frame):
            out.append(EncodedFrame(len(out) * 0.02, True, bytes(packet)))
    return out


def nal_units(annex_b: bytes) -> list[bytes]:
    """The units between start codes."""
    return [
        unit.rstrip(b"\x00")
        for unit in annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
        if unit
    ]


def h264_payloads(annex_b: bytes) -> list[bytes]:
    """RTP payloads of one access unit: parameter sets aggregated, slices fragmented."""
    sets = [unit for unit in nal_units(annex_b) if unit[0] & 31 in (7, 8)]
    payloads = []
    if sets:
        payloads.append(b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in sets))
    for unit in nal_units(annex_b):
        if unit[0] & 31 in (6, 7, 8):
            continue
        if len(unit) <= MTU:
            payloads.append(unit)
            continue
        indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 31
        rest = unit[1:]
        pieces = [rest[at : at + MTU] for at in range(0, len(rest), MTU)]
        for at, piece in enumerate(pieces):
            flags = (0x80 if at == 0 else 0) | (0x40 if at == len(pieces) - 1 else 0)
            payloads.append(bytes((indicator, flags | kind)) + piece)
    return payloads


def vp8_payloads(data: bytes, picture_id: int) -> list[bytes]:
    """RTP payloads of one VP8 frame, with the picture id that Chromium writes."""
    pieces = [data[at : at + MTU] for at in range(0, len(data), MTU)]
    return [
        bytes((0x90 if at == 0 else 0x80, 0x80, 0x80 | picture_id >> 8 & 0x7F, picture_id & 0xFF))
        + piece
        for at, piece in enumerate(pieces)
    ]


def packetise(
    codec: str,
    frames: Sequence[EncodedFrame],
    *,
    sequence: int = 65_500,
    timestamp: int = 0xFFFF_0000,
    start_s: float = 0.0,
) -> list[Packet]:
    """RTP packets of a track; both counters wrap around soon."""
    rate = 48_000 if codec == "opus" else 90_000
    packets = []
    for number, frame in enumerate(frames):
        payloads = (
            [frame.data]
            if codec == "opus"
            else h264_payloads(frame.data)
            if codec == "h264"
            else vp8_payloads(frame.data, number & 0x7FFF)
        )
        for at, payload in enumerate(payloads):
            packets.append(
                Packet(
                    start_s + frame.at_s,
                    sequence & 0xFFFF,
                    timestamp + round(frame.at_s * rate) & 0xFFFFFFFF,
                    at == len(payloads) - 1,
                    payload,
                )
            )
            sequence += 1
    return packets


class TapFeeder:
    """One media process's end of the tap."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(str(path))
        self._handles = 0

    def open_track(
        self,
        session_id: str,
        participant_id: str,
        track_id: str,
        codec: str,
        wall_ns: int,
        *,
        peer_id: str = "peer_1",
    ) -> int:
        """Announce a track; gives its handle."""
        self._handles += 1
        audio = codec == "opus"
        self.send(
            TrackOpened(
                self._handles,
                wall_ns,
                session_id,
                participant_id,
                peer_id,
                track_id,
                "audio" if audio else "video",
                codec,
                48_000 if audio else 90_000,
            )
        )
        return self._handles

    def send(self, *records: TapRecord) -> None:
        """Send records as one message."""
        self.send_bytes(b"".join(encode(record) for record in records))

    def send_bytes(self, message: bytes) -> None:
        """Send any bytes as one message."""
        self._socket.send(message)

    def packets(self, handle: int, packets: Sequence[Packet], wall_ns: int) -> None:
        """Send packets; ``wall_ns`` is the wall clock at their second 0."""
        for message in batches(handle, packets, wall_ns):
            self.send_bytes(message)

    def report(self, handle: int, wall_ns: int, ntp: int, rtp_timestamp: int) -> None:
        """Send a sender report."""
        self.send(SenderReport(handle, wall_ns, ntp, rtp_timestamp))

    def end(self, handle: int, wall_ns: int, cause: str) -> None:
        """End a track."""
        self.send(TrackEnded(handle, wall_ns, cause))

    def close(self) -> None:
        """End the connection as a killed process would."""
        self._socket.close()


def batches(handle: int, packets: Sequence[Packet], wall_ns: int) -> Iterator[bytes]:
    """Messages of up to 16 packets."""
    for at in range(0, len(packets), 16):
        yield b"".join(
            encode(
                RtpArrived(
                    handle,
                    wall_ns + round(packet.at_s * 1e9),
                    packet.sequence,
                    packet.timestamp,
                    packet.marker,
                    packet.payload,
                )
            )
            for packet in packets[at : at + 16]
        )
