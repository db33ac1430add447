"""From packets to a file that plays: real encoders in, real decoders out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from recorder.depacketise import Codec
from recorder.session import TapTrack
from tests.support.recording_rig import (
    T0_NS,
    SpoolRig,
    decoded_pictures,
    decoded_sound,
    read_all,
)
from tests.support.tap_feed import EncodedFrame, Packet, encode_audio, encode_video, packetise

S = 1_000_000_000


@cache
def video(
    codec: str, frames: int = 180, size: tuple[int, int] = (320, 192), first: int = 0
) -> list[EncodedFrame]:
    """Encoded once for all tests."""
    return encode_video(codec, frames, size=size, first=first)


@cache
def audio(seconds: float = 6.0) -> list[EncodedFrame]:
    """Encoded once for all tests."""
    return encode_audio(seconds)


def open_both(rig: SpoolRig, codec: str, peer: str = "peer_1") -> tuple[TapTrack, TapTrack]:
    """A video and an audio track of one participant."""
    picture = rig.session.open_track("par_1", f"trk_v_{peer}", peer, Codec(codec))
    sound = rig.session.open_track("par_1", f"trk_a_{peer}", peer, Codec.OPUS)
    assert picture is not None
    assert sound is not None
    return picture, sound


async def record(rig: SpoolRig, codec: str) -> None:
    """Six seconds of both."""
    picture, sound = open_both(rig, codec)
    rig.feed((picture, packetise(codec, video(codec))), (sound, packetise("opus", audio())))
    await rig.session.close("ended")


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_what_was_sent_is_what_plays(tmp_path: Path, codec: str) -> None:
    """Every picture in its place in time, every beep beside its picture."""
    rig = SpoolRig(tmp_path)
    await record(rig, codec)
    content = await read_all(await rig.open())
    pictures = decoded_pictures(content)
    assert [number for _, number, _ in pictures] == list(range(180))
    assert max(abs(at - number / 30) for at, number, _ in pictures) < 0.002
    loud = [at for at, level in decoded_sound(content) if level > 0.02]
    starts = [at for at, before in zip(loud, [-1.0, *loud], strict=False) if at - before > 0.5]
    assert len(starts) == 6
    assert max(abs(at - round(at)) for at in starts) < 0.03


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_the_stored_bytes_play_as_they_are(tmp_path: Path, codec: str) -> None:
    """Initialisation and fragments put end to end are a playable file, and any prefix is."""
    rig = SpoolRig(tmp_path)
    await record(rig, codec)
    file = await rig.open()
    body = b"".join(
        [part async for part in file._body(0, sum(s.plain_bytes for s in file.source.segments))]
    )
    whole = file.source.init + body
    assert len(decoded_pictures(whole)) == 180
    sizes = [one.size_bytes for segment in file.source.segments for one in segment.fragments]
    prefix = whole[: len(file.source.init) + sum(sizes[:3])]
    assert 60 <= len(decoded_pictures(prefix)) <= 80


async def test_facts_tell_the_whole_story(tmp_path: Path) -> None:
    """Opened, segments, closed, in order; times and walls agree; fragments are about 0.8 s."""
    rig = SpoolRig(tmp_path)
    await record(rig, "h264")
    facts = rig.facts()
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    assert [fact["kind"] for fact in facts] == [
        "recording_opened",
        "segment_sealed",
        "segment_sealed",
        "recording_closed",
        "session_closed",
    ]
    fragments = [one for fact in facts[1:3] for one in fact["fragments"]]
    assert [one["no"] for one in fragments] == list(range(1, len(fragments) + 1))
    assert all(one["duration_ms"] <= 900 for one in fragments)
    for one in fragments:
        assert abs(one["wall_ns"] - T0_NS - one["start_ms"] * 1_000_000) < 1_000_000
    assert facts[3]["fragments"] == len(fragments)
    assert 5_950 <= facts[3]["duration_ms"] <= 6_050


async def test_a_change_of_resolution_goes_on_in_the_same_recording(tmp_path: Path) -> None:
    """Pictures of three sizes decode one after the other."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    sizes = [(640, 352), (320, 192), (640, 352)]
    packets: list[Packet] = []
    for number, size in enumerate(sizes):
        frames = video("h264", 60, size, number * 60)
        packets += packetise(
            "h264",
            [EncodedFrame(f.at_s + number * 2, f.keyframe, f.data) for f in frames],
            sequence=(packets[-1].sequence + 1) if packets else 0,
        )
    rig.feed((picture, packets), (sound, packetise("opus", audio())))
    await rig.session.close("ended")
    pictures = decoded_pictures(await read_all(await rig.open()))
    assert [number for _, number, _ in pictures] == list(range(180))
    assert [pictures[at][2] for at in (0, 70, 130)] == [640, 320, 640]


async def test_lost_packets_leave_a_gap_and_the_rest_plays(tmp_path: Path) -> None:
    """Holes become packet_loss gaps with their number, later pictures are in their places."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    packets = packetise("h264", video("h264"))
    lost = [packet for packet in packets if 2.0 <= packet.at_s < 2.3]
    rig.feed(
        (picture, [packet for packet in packets if packet not in lost]),
        (sound, packetise("opus", audio())),
    )
    await rig.session.close("ended")
    gaps = rig.facts("gap")
    assert [(gap["cause"], gap["packets"]) for gap in gaps] == [("packet_loss", len(lost))]
    assert gaps[0]["from_ns"] <= T0_NS + 2.0 * S <= gaps[0]["to_ns"]
    pictures = decoded_pictures(await read_all(await rig.open()))
    clean = [(at, number) for at, number, _ in pictures if number >= 120]
    assert len(clean) == 60
    assert max(abs(at - number / 30) for at, number in clean) < 0.005


async def test_a_peer_lost_with_its_media_process_comes_back_into_the_same_recording(
    tmp_path: Path,
) -> None:
    """The gap spans exactly what is missing; both parts stand on one timeline."""
    rig = SpoolRig(tmp_path)
    first = open_both(rig, "h264")
    rig.feed(
        (first[0], packetise("h264", video("h264", 60))),
        (first[1], packetise("opus", audio(2.0))),
    )
    for track in first:
        track.ended("media_lost")
    rig.advance(5.0)
    again = open_both(rig, "h264", "peer_2")
    rig.feed(
        (again[0], packetise("h264", video("h264", 60, first=60), timestamp=5, start_s=5.0)),
        (again[1], packetise("opus", audio(2.0), timestamp=77, start_s=5.0)),
    )
    await rig.session.close("ended")
    assert len(rig.facts("recording_opened")) == 1
    (gap,) = rig.facts("gap")
    assert gap["cause"] == "media_lost"
    assert (gap["from_ns"], gap["to_ns"]) == (T0_NS + 1_980_000_000, T0_NS + 5 * S)
    pictures = decoded_pictures(await read_all(await rig.open()))
    assert [number for _, number, _ in pictures] == list(range(120))
    assert abs(pictures[60][0] - 5.0) < 0.05
    assert abs(pictures[-1][0] - 6.967) < 0.05


async def test_another_codec_opens_the_next_part(tmp_path: Path) -> None:
    """A peer that returns with VP8 after H.264 is a WebM part of its own."""
    rig = SpoolRig(tmp_path)
    first = open_both(rig, "h264")
    rig.feed((first[0], packetise("h264", video("h264", 30))))
    for track in first:
        track.ended("replaced")
    again = open_both(rig, "vp8", "peer_2")
    rig.feed(
        (again[0], packetise("vp8", video("vp8", 30), start_s=1.2)),
        (again[1], packetise("opus", audio(1.0), start_s=1.2)),
    )
    await rig.session.close("ended")
    opened = rig.facts("recording_opened")
    assert [(one["part"], one["container"]) for one in opened] == [(1, "mp4"), (2, "webm")]
    assert len(rig.facts("recording_closed")) == 2
    assert len(decoded_pictures(await read_all(await rig.open(0)))) == 30
    assert len(decoded_pictures(await read_all(await rig.open(1)))) == 30


@pytest.mark.parametrize(("first", "then"), [("h264", "vp8"), ("vp8", "h264")])
async def test_another_codec_while_sound_goes_on_is_a_part_of_its_own(
    tmp_path: Path, first: str, then: str
) -> None:
    """The next part's sound is there before its first picture, and fits what follows."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, first)
    heard = packetise("opus", audio(2.4))
    rig.feed((picture, packetise(first, video(first, 30))), (sound, heard[:60]))
    again = rig.session.open_track("par_1", "trk_v2", "peer_2", Codec(then))
    assert again
    rig.feed((again, packetise(then, video(then, 30), start_s=1.25)), (sound, heard[60:]))
    await rig.session.close("ended")
    containers = {"h264": "mp4", "vp8": "webm"}
    opened = rig.facts("recording_opened")
    assert [one["container"] for one in opened] == [containers[first], containers[then]]
    for number in (0, 1):
        whole = await read_all(await rig.open(number))
        assert len(decoded_pictures(whole)) == 30
        assert decoded_sound(whole)


@pytest.mark.parametrize("codec", ["h264", "vp8"])
async def test_one_medium_alone_is_recorded(tmp_path: Path, codec: str) -> None:
    """Pictures without sound and sound without pictures both play."""
    rig = SpoolRig(tmp_path)
    picture = rig.session.open_track("par_1", "trk_v", "peer_1", Codec(codec))
    sound = rig.session.open_track("par_2", "trk_a", "peer_2", Codec.OPUS)
    assert picture
    assert sound
    rig.feed((picture, packetise(codec, video(codec, 60))), (sound, packetise("opus", audio(2.0))))
    await rig.session.close("ended")
    by_participant = {
        fact["participant_id"]: at for at, fact in enumerate(rig.facts("recording_opened"))
    }
    pictures = await read_all(await rig.open(by_participant["par_1"]))
    assert len(decoded_pictures(pictures)) == 60
    heard = decoded_sound(await read_all(await rig.open(by_participant["par_2"])))
    assert heard[-1][0] > 1.9


async def test_silence_of_a_live_peer_is_a_gap(tmp_path: Path) -> None:
    """Three seconds without any packet are stated though nobody ended a track."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    del picture
    packets = packetise("opus", audio())
    rig.feed((sound, [packet for packet in packets if not 1.0 <= packet.at_s < 4.0]))
    await rig.session.close("ended")
    causes = {gap["cause"]: gap for gap in rig.facts("gap")}
    assert causes["peer_lost"]["to_ns"] - causes["peer_lost"]["from_ns"] == 3.02 * S


async def test_a_participant_who_left_is_not_missing(tmp_path: Path) -> None:
    """Leaving on purpose makes no gap, neither at once nor at the end."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    rig.feed((sound, packetise("opus", audio(2.0))))
    picture.ended("left")
    sound.ended("left")
    rig.advance(60)
    await rig.session.close("ended")
    assert rig.facts("gap") == []


async def test_a_peer_that_never_returns_is_missing_until_the_end(tmp_path: Path) -> None:
    """The gap of a killed media process closes with the session."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    rig.feed((sound, packetise("opus", audio(2.0))))
    picture.ended("media_lost")
    sound.ended("media_lost")
    rig.advance(30)
    await rig.session.close("ended")
    (gap,) = rig.facts("gap")
    assert gap["cause"] == "media_lost"
    assert (gap["from_ns"], gap["to_ns"]) == (T0_NS + 1_980_000_000, T0_NS + 30 * S)


async def test_a_participant_who_left_is_not_missing_after_a_restart_either(
    tmp_path: Path,
) -> None:
    """A recorder that restarts remembers who went on purpose."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    rig.feed((sound, packetise("opus", audio(2.0))))
    picture.ended("left")
    sound.ended("left")
    rig.restart()
    rig.advance(30)
    await rig.session.close("ended")
    assert rig.facts("gap") == []
    assert len(rig.facts("recording_closed")) == 1


async def test_dropped_packets_of_the_tap_are_told_once(tmp_path: Path) -> None:
    """What the media process could not hand over is tap_overflow, not also packet_loss."""
    rig = SpoolRig(tmp_path)
    _, sound = open_both(rig, "h264")
    packets = packetise("opus", audio(4.0))
    rig.feed((sound, packets[:50]))
    sound.dropped(20, T0_NS + S, T0_NS + 1_400_000_000)
    rig.feed((sound, packets[70:]))
    await rig.session.close("ended")
    assert [(gap["cause"], gap["packets"]) for gap in rig.facts("gap")] == [("tap_overflow", 20)]


async def test_a_withdrawn_consent_ends_the_recording_for_good(tmp_path: Path) -> None:
    """Nothing after the stop is kept, also not after a restart; the rest is a gap."""
    rig = SpoolRig(tmp_path)
    _picture, sound = open_both(rig, "h264")
    rig.feed((sound, packetise("opus", audio(2.0))))
    await rig.session.stop("par_1", "stopped")
    assert rig.session.open_track("par_1", "trk_x", "peer_1", Codec.OPUS) is None
    rig.feed((sound, packetise("opus", audio(1.0), start_s=2.5)))
    rig.restart()
    assert rig.session.open_track("par_1", "trk_x", "peer_1", Codec.OPUS) is None
    rig.advance(10)
    await rig.session.close("ended")
    (closed,) = rig.facts("recording_closed")
    assert closed["duration_ms"] == 2_000
    assert {gap["cause"] for gap in rig.facts("gap")} == {"stopped"}


async def test_a_recorder_that_restarts_goes_on_in_the_same_recording(tmp_path: Path) -> None:
    """What was in the journal is sealed, the rest becomes a gap, the timeline goes on."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    packets, sounds = packetise("h264", video("h264")), packetise("opus", audio())
    rig.feed(
        (picture, [packet for packet in packets if packet.at_s < 2.5]),
        (sound, [packet for packet in sounds if packet.at_s < 2.5]),
    )
    rig.restart()
    rig.advance(3.0)
    again = open_both(rig, "h264")
    rig.feed(
        (again[0], [packet for packet in packets if packet.at_s >= 3.0]),
        (again[1], [packet for packet in sounds if packet.at_s >= 3.0]),
    )
    await rig.session.close("ended")
    (opened,) = rig.facts("recording_opened")
    (gap,) = rig.facts("gap")
    assert gap["cause"] == "recorder_lost"
    assert gap["recording_id"] == opened["recording_id"]
    assert gap["to_ns"] == T0_NS + 3 * S
    assert 0.4 * S < gap["to_ns"] - gap["from_ns"] <= 1.4 * S
    pictures = decoded_pictures(await read_all(await rig.open()))
    late = [(at, number) for at, number, _ in pictures if number >= 120]
    assert len(late) == 60
    assert max(abs(at - number / 30) for at, number in late) < 0.1


async def test_pictures_that_travel_longer_stay_beside_their_sound(tmp_path: Path) -> None:
    """Pictures 250 ms late on the way are recorded within 80 ms of the beep captured with them."""
    rig = SpoolRig(tmp_path)
    picture, sound = open_both(rig, "h264")
    late = packetise("h264", video("h264"), start_s=0.25)
    sounds = packetise("opus", audio())
    first = [packet for packet in late if packet.at_s < 0.6]
    rig.feed((picture, first), (sound, [packet for packet in sounds if packet.at_s < 0.6]))
    ntp = 3_990_000_000 << 32
    picture.sender_report(ntp, late[0].timestamp, rig.now_ns)
    sound.sender_report(ntp, sounds[0].timestamp, rig.now_ns)
    rig.feed(
        (picture, late[len(first) :]),
        (sound, [packet for packet in sounds if packet.at_s >= 0.6]),
    )
    await rig.session.close("ended")
    content = await read_all(await rig.open())
    loud = [at for at, level in decoded_sound(content) if level > 0.02]
    beeps = [at for at, before in zip(loud, [-1.0, *loud], strict=False) if at - before > 0.5]
    shown = {number: at for at, number, _ in decoded_pictures(content)}
    offsets = [shown[second * 30] - beeps[second] for second in range(6)]
    assert max(abs(offset) for offset in offsets) <= 0.08
    (clock, _) = rig.facts("segment_sealed")[0]["fragments"][0]["clocks"]
    assert clock["ntp"] == ntp


async def test_a_change_of_peer_with_a_pause_is_a_gap(tmp_path: Path) -> None:
    """Half a second between two peers of one person is stated, though nobody lost a number."""
    rig = SpoolRig(tmp_path)
    first = open_both(rig, "h264")
    rig.feed((first[1], packetise("opus", audio(1.0))))
    for track in first:
        track.ended("replaced")
    again = open_both(rig, "h264", "peer_2")
    rig.feed((again[1], packetise("opus", audio(1.0), start_s=1.5)))
    await rig.session.close("ended")
    (gap,) = rig.facts("gap")
    assert (gap["cause"], gap["to_ns"] - gap["from_ns"]) == ("peer_lost", 520_000_000)


@pytest.mark.parametrize(("begins_s", "gaps"), [(1.4, [(0.2, 1.4)]), (0.2, [])])
async def test_what_a_killed_recorder_had_of_somebody_new_is_told(
    tmp_path: Path, begins_s: float, gaps: list[tuple[float, float]]
) -> None:
    """The track began before this recorder: what is missing until its first packet is a gap,
    unless the media process kept it all."""
    rig = SpoolRig(tmp_path)
    rig.advance(1.0)
    opened_ns = T0_NS + 200_000_000
    sound = rig.session.open_track("par_1", "trk_a", "peer_1", Codec.OPUS, opened_ns)
    assert sound is not None
    packets = packetise("opus", audio(), start_s=begins_s)
    rig.feed((sound, packets))
    await rig.session.close("ended")
    told = [(one["from_ns"], one["to_ns"], one["cause"]) for one in rig.facts("gap")]
    assert told == [
        (T0_NS + round(a * 1e9), T0_NS + round(b * 1e9), "recorder_lost") for a, b in gaps
    ]
