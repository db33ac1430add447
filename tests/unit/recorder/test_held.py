"""What waits behind a hole survives the recorder that held it."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from recorder.depacketise import Codec
from tests.support.recording_rig import T0_NS, SpoolRig, decoded_pictures, decoded_sound, read_all
from tests.support.tap_feed import Packet, encode_audio, encode_video, packetise

S = 1_000_000_000
FRAMES = 150
LOST = 60
"""The picture whose first packet is late or never comes: at second 2."""


@cache
def pictures(codec: str) -> list[Packet]:
    """Five seconds of pictures, each of which decodes by itself."""
    return packetise(codec, encode_video(codec, FRAMES, keyframe_every=1))


@cache
def sounds() -> list[Packet]:
    """As long."""
    return packetise("opus", encode_audio(5.0))


def between(packets: list[Packet], from_s: float, to_s: float) -> list[Packet]:
    """Those that arrive then."""
    return [packet for packet in packets if from_s <= packet.at_s < to_s]


def hole_in(packets: list[Packet]) -> Packet:
    """The packet that does not come in its turn."""
    return next(packet for packet in packets if packet.at_s >= LOST / 30 - 1e-6)


async def recorded(rig: SpoolRig) -> list[int]:
    """Close, and give the numbers of the pictures that play, which must be in order."""
    await rig.session.close("ended")
    shown = decoded_pictures(await read_all(await rig.open()))
    numbers = [number for _, number, _ in shown]
    assert all(after > before for before, after in pairwise(numbers)), "in order, none twice"
    assert max(abs(at - number / 30) for at, number, _ in shown) < 0.1, "each in its time"
    assert not list((rig.root / "ses_1").glob("*.held"))
    return numbers


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.parametrize("killed_s", [2.3, 3.0, 3.1, 3.5, 3.75, 3.9, 4.6])
async def test_a_killed_recorder_loses_a_second_at_most_behind_a_hole(
    tmp_path: Path, codec: str, sound: bool, killed_s: float
) -> None:
    """All that came more than a second before the kill plays; the hole and the rest are gaps."""
    rig = SpoolRig(tmp_path)
    film = [packet for packet in pictures(codec) if packet is not hole_in(pictures(codec))]
    picture = rig.session.open_track("par_1", "trk_v", "peer_1", Codec(codec))
    assert picture is not None
    feeds = [(picture, between(film, 0, killed_s))]
    if sound:
        speech = rig.session.open_track("par_1", "trk_a", "peer_1", Codec.OPUS)
        assert speech is not None
        feeds.append((speech, between(sounds(), 0, killed_s)))
    rig.feed(*feeds)
    rig.restart()
    numbers = await recorded(rig)
    promised = [number for number in range(FRAMES) if number / 30 <= killed_s - 1]
    assert set(promised) - set(numbers) <= {LOST}
    if numbers[-1] > LOST:
        losses = [gap for gap in rig.facts("gap") if gap["cause"] == "packet_loss"]
        assert len(losses) == 1, "the hole is told, once"
        assert losses[0]["packets"] == 1
        assert losses[0]["from_ns"] <= T0_NS + LOST * S // 30 <= losses[0]["to_ns"]
    gap = next(gap for gap in rig.facts("gap") if gap["cause"] == "recorder_lost")
    assert gap["from_ns"] <= T0_NS + (numbers[-1] + 2) * S // 30 + S
    if sound:
        ends_s = decoded_sound(await read_all(await rig.open()))[-1][0]
        assert ends_s >= killed_s - 1.05


@pytest.mark.parametrize("mended_s", [2.2, 2.9, 3.7])
async def test_a_hole_that_is_mended_after_all_leaves_nothing_behind(
    tmp_path: Path, mended_s: float
) -> None:
    """What was kept meanwhile is neither doubled nor missed, whenever the recorder is killed."""
    film = pictures("h264")
    late = hole_in(film)
    at_s = [mended_s if packet is late else packet.at_s for packet in film]
    arriving = sorted(
        (
            Packet(at, one.sequence, one.timestamp, one.marker, one.payload)
            for at, one in zip(at_s, film, strict=True)
        ),
        key=lambda packet: packet.at_s,
    )
    for killed_s in (mended_s + 0.01, mended_s + 0.3, mended_s + 1.1, 5.0):
        root = tmp_path / f"{killed_s}"
        root.mkdir()
        rig = SpoolRig(root)
        picture = rig.session.open_track("par_1", "trk_v", "peer_1", Codec.H264)
        assert picture is not None
        rig.feed((picture, between(arriving, 0, killed_s)))
        rig.restart()
        numbers = await recorded(rig)
        promised = [number for number in range(FRAMES) if number / 30 <= killed_s - 1]
        # The late packet itself may be in the last second.
        assert set(promised) - set(numbers) <= ({LOST} if killed_s < mended_s + 1 else set())


async def test_a_hole_at_the_very_beginning_is_kept_too(tmp_path: Path) -> None:
    """Nothing was opened yet: what waits opens the recording."""
    rig = SpoolRig(tmp_path)
    film = pictures("h264")
    picture = rig.session.open_track("par_1", "trk_v", "peer_1", Codec.H264)
    assert picture is not None
    missing = next(packet for packet in film if packet.at_s > 0.05)
    rig.feed((picture, [one for one in film if one is not missing and one.at_s < 1.5]))
    rig.restart()
    numbers = await recorded(rig)
    assert set(range(15)) - set(numbers) <= {2}


async def test_what_was_kept_and_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    """A torn file hinders nothing, and nobody deletes it."""
    rig = SpoolRig(tmp_path)
    picture = rig.session.open_track("par_1", "trk_v", "peer_1", Codec.H264)
    assert picture is not None
    rig.feed((picture, between(pictures("h264"), 0, 2.0)))
    (opened,) = rig.facts("recording_opened")
    torn = tmp_path / "ses_1" / f"{opened['recording_id']}.held"
    torn.write_bytes(b'{"t0_ns": 1}\nabc')
    rig.restart()
    await rig.session.close("ended")
    assert torn.exists()
    assert rig.facts("session_closed")
