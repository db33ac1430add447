"""One stream in, streams out: numbering, wrap-around, continuity, reports, the room graph."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.egress import Egress
from media.ingress import Ingress
from media.room import Member, Role, routes
from media.still_feed import StillFeed


class _Owner:
    def request_keyframe(self, ingress: Ingress) -> None: ...
    def update_cap(self, ingress: Ingress, now_s: float) -> None: ...
    def bitrate_bps(self, ingress: Ingress) -> float:
        return 0.0

    def forward_report(self, out: Egress, ntp: int, rtp_timestamp: int) -> None: ...


class _Way:
    session: Any = object()
    remote = ("192.0.2.1", 1)
    dropped = 0
    ready = True

    @staticmethod
    def sendto(data: Any, address: Any) -> int:
        return len(data)

    def send(self, packet: bytes, *, rtcp: bool) -> bool:
        return True


class _RememberingWay(_Way):
    def __init__(self) -> None:
        self.sent: list[int] = []

    def send(self, packet: bytes, *, rtcp: bool) -> bool:
        self.sent.append(int.from_bytes(packet[2:4], "big"))
        return True


def ingress(kind: str = "video", name: str = "p_1") -> Ingress:
    """A stream of one participant."""
    stream = Ingress(
        owner=_Owner(),
        participant_id=name,
        track_id=f"trk_{name}",
        mid="1",
        kind=kind,
        clock_rate=90_000 if kind == "video" else 48_000,
        codec_of={96: "H264", 97: "VP8"} if kind == "video" else {111: "opus"},
        rtx_of={98: 96},
    )
    stream.ssrc = 77
    return stream


def egress(first_sequence: int = 100, first_timestamp: int = 0) -> Egress:
    """A stream towards one viewer who has other numbers for everything."""
    return Egress(
        owner=_Owner(),
        mid="1",
        kind="video",
        clock_rate=90_000,
        ssrc=5,
        rtx_ssrc=6,
        payload_type_of={"H264": 102, "VP8": 103},
        rtx_of={102: 104},
        send_time_id=3,
        first_sequence=first_sequence,
        first_timestamp=first_timestamp,
        transmitter=_Way(),
    )


@given(st.integers(0, 0xFFFF), st.lists(st.integers(1, 60), max_size=60))
def test_losses_are_counted_across_the_wrap_around(first: int, steps: list[int]) -> None:
    """Expected minus received is what was left out."""
    stream = ingress()
    position = first
    stream.place(first, 0.0)
    for step in steps:
        position += step
        assert stream.place(position & 0xFFFF, 0.0) == position
    report = stream.report(0)
    assert report is not None
    assert report.lost == sum(step - 1 for step in steps)
    assert report.highest_sequence == position


@given(st.integers(0, 0xFFFF), st.permutations(range(20)))
def test_a_reordered_burst_is_held_once_each(first: int, order: list[int]) -> None:
    """Every packet is taken exactly once, and nothing is missing in the end."""
    stream = ingress()
    stream.place((first - 1) & 0xFFFF, 0.0)
    stream.hold((first - 1) & 0xFFFF, 0, 96, b"")
    for offset in order:
        number = (first + offset) & 0xFFFF
        assert stream.place(number, 0.0) is not None
        stream.hold(number, 0, 96, b"x")
        assert stream.place(number, 0.0) is None
    assert len(stream.nacks) == 0
    report = stream.report(0)
    assert report is not None
    assert report.lost == 0


def test_what_is_older_than_the_ring_is_refused() -> None:
    """512 packets back there is nothing to compare with."""
    stream = ingress()
    stream.place(1000, 0.0)
    stream.place(1600, 0.0)
    assert stream.place(1000, 0.0) is None
    assert stream.place(1100, 0.0) is not None


def test_a_large_jump_asks_for_a_keyframe() -> None:
    """Repair would cost more than it brings."""
    stream = ingress()
    stream.place(0, 0.0)
    stream.place(400, 0.0)
    assert stream.key_wanted
    assert len(stream.nacks) == 0


def test_the_fraction_is_of_the_interval() -> None:
    """RFC 3550 A.3: one lost of four is 64 of 256, then nothing."""
    stream = ingress()
    for number in (0, 1, 3):
        stream.place(number, 0.0)
    report = stream.report(0)
    assert report is not None
    assert (report.fraction_lost, report.lost) == (64, 1)
    stream.place(4, 0.0)
    report = stream.report(0)
    assert report is not None
    assert (report.fraction_lost, report.lost) == (0, 1)


def test_the_delay_since_the_last_sender_report_is_in_65536ths() -> None:
    """Half a second is 32,768."""
    stream = ingress()
    stream.place(1, 0.0)
    stream.sender_report(0x1122334455667788, 9, 1_000_000)
    report = stream.report(1_500_000)
    assert report is not None
    assert (report.last_report, report.delay) == (0x33445566, 32_768)


@given(
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(1, 50)),
        min_size=1,
        max_size=5,
    ),
)
def test_changes_of_source_show_as_one_stream(
    first_sequence: int, first_timestamp: int, sources: list[tuple[int, int, int]]
) -> None:
    """Sequence numbers go on by one, timestamps forward, whatever the sources' own are."""
    out = egress(first_sequence, first_timestamp)
    sequences: list[int] = []
    times: list[int] = []
    now_s = 0.0
    for index, (sequence, timestamp, count) in enumerate(sources):
        source = ingress(name=f"p_{index}")
        out.bind(source, now_s)
        now_s += 0.2
        for step in range(count):
            number, stamp = (sequence + step) & 0xFFFF, (timestamp + 3000 * step) & 0xFFFFFFFF
            source.place(number, now_s)
            source.new_frame(stamp, 96, b"\x67", int(now_s * 1e6))
            if step == 0:
                out.begin(source, number, stamp, now_s)
            header = out.header(number, stamp, 0x80 | 96, 0xABCDEF)
            assert header is not None
            _, second, ours, our_time, ssrc, profile, words, extension = struct.unpack(
                "!BBHIIHHI", header
            )
            assert (second, ssrc, profile, words) == (0x80 | 102, 5, 0xBEDE, 1)
            assert extension == 0x32ABCDEF
            sequences.append(ours)
            times.append(our_time)
            located = out.locate(our_time)
            assert located == (f"p_{index}", f"trk_p_{index}", stamp)
            now_s += 0.033
    assert sequences == [(first_sequence + i) & 0xFFFF for i in range(len(sequences))]
    for before, after in pairwise(times):
        assert 0 < (after - before) & 0xFFFFFFFF < 90_000


def test_a_repetition_is_rtx_with_the_viewers_own_number() -> None:
    """RFC 4588: own SSRC, own sequence, the original number in front of the payload."""
    source, out = ingress(), egress()
    out.bind(source, 0.0)
    source.place(500, 0.0)
    source.new_frame(9000, 96, b"\x67", 0)
    out.begin(source, 500, 9000, 0.0)
    header = out.repetition(500, 9000, 96, 0)
    assert header is not None
    assert len(header) == 22
    assert struct.unpack_from("!BBHII", header)[1] == 104
    assert struct.unpack_from("!I", header, 8)[0] == 6
    assert struct.unpack_from("!H", header, 20)[0] == 100


def test_a_codec_the_viewer_lacks_is_not_forwarded() -> None:
    """And such a viewer does not make us ask for keyframes for ever."""
    source = ingress()
    out = egress()
    out.payload_type_of = {"VP8": 103}
    out.bind(source, 0.0)
    source.place(1, 0.0)
    source.new_frame(1, 96, b"\x67", 0)
    assert out.header(1, 1, 96, 0) is None
    assert not source.awaited
    source.new_frame(2, 97, b"\x10\x01", 0)
    assert source.awaited


ROLES = st.sampled_from(list(Role))


@given(st.lists(ROLES, max_size=8))
def test_no_line_has_two_sources_and_nobody_sees_themselves(roles: list[Role]) -> None:
    """Whatever the company."""
    members = [Member(f"p_{i}", role, i) for i, role in enumerate(roles)]
    found = routes(members)
    assert len({(one.viewer, one.mid) for one in found}) == len(found)
    assert all(one.viewer != one.source for one in found)
    assert all((one.kind == "audio") == (one.mid in "02") for one in found)


def test_the_fixed_lines() -> None:
    """Buyer and host on 0/1, the observer's view of them on 0/1 and 2/3, the bench on 4."""
    found = routes(
        [
            Member("b", Role.BUYER, 1),
            Member("h", Role.HOST, 2),
            Member("o", Role.OBSERVER, 3),
            Member("c", Role.BENCH, 4),
        ]
    )
    assert {(one.source, one.viewer, one.mid) for one in found if one.kind == "video"} == {
        ("h", "b", "1"),
        ("b", "h", "1"),
        ("o", "b", "3"),
        ("o", "h", "3"),
        ("b", "o", "1"),
        ("h", "o", "3"),
        ("c", "b", "4"),
        ("c", "h", "4"),
        ("c", "o", "4"),
    }
    assert {(one.source, one.viewer, one.mid) for one in found if one.kind == "audio"} == {
        ("h", "b", "0"),
        ("b", "h", "0"),
        ("o", "b", "2"),
        ("o", "h", "2"),
        ("b", "o", "0"),
        ("h", "o", "2"),
    }


@given(st.lists(ROLES, max_size=8))
def test_a_listener_is_fed_to_nobody_and_hears_what_an_observer_hears(roles: list[Role]) -> None:
    """Who is silent is so in the graph, whatever their browser sends."""
    members = [Member(f"p_{i}", role, i) for i, role in enumerate(roles)]
    found = routes([*members, Member("l", Role.LISTENER, 90), Member("o", Role.OBSERVER, 91)])
    assert all(one.source != "l" for one in found)
    heard = {(one.source, one.mid) for one in found if one.viewer == "l"}
    assert heard == {(one.source, one.mid) for one in found if one.viewer == "o"}


@given(st.lists(ROLES, max_size=8))
def test_in_a_hand_over_all_three_hear_each_other(others: list[Role]) -> None:
    """Whoever else is there: the buyer and both hosts, each once, and nobody is heard twice."""
    more = [
        Member(f"p_{i}", role, i)
        for i, role in enumerate(others)
        if role in (Role.OBSERVER, Role.LISTENER, Role.BENCH)
    ]
    three = [Member("b", Role.BUYER, 90), Member("h", Role.HOST, 91)]
    found = routes([*more, *three, Member("s", Role.SUCCESSOR, 92)])
    heard = {
        viewer: sorted(
            (one.source, one.mid) for one in found if one.viewer == viewer and one.kind == "audio"
        )
        for viewer in "bhs"
    }
    assert heard == {
        "b": [("h", "0"), ("s", "2")],
        "h": [("b", "0"), ("s", "2")],
        "s": [("b", "0"), ("h", "2")],
    }
    # When the first host has left, the second has their place, and the observer's is free.
    after = routes([*more, three[0], Member("s", Role.HOST, 92)])
    assert {one.mid for one in after if one.viewer == "b" and one.source == "s"} == {"0", "1"}


def test_the_latest_of_a_role_is_shown() -> None:
    """A second host takes over from the first."""
    found = routes(
        [Member("b", Role.BUYER, 1), Member("h1", Role.HOST, 2), Member("h2", Role.HOST, 3)]
    )
    assert {one.source for one in found if one.viewer == "b"} == {"h2"}
    assert {one.viewer for one in found if one.source == "b"} == {"h1", "h2"}


def _still_of(stream: Ingress, first: int, packets: int) -> None:
    """A keyframe arrives."""
    for index in range(packets):
        sequence, last = first + index, index == packets - 1
        payload = b"\x67\x42\xe0\x1f" + bytes(996) if not index else b"\x41" + bytes(999)
        stream.place(sequence, 0.0)
        stream.hold(sequence, 9_000, 96 | (0x80 if last else 0), payload)
        if not index:
            stream.new_frame(9_000, 96, payload, 1)


@pytest.mark.parametrize("ends", ["moves again", "somebody else"])
def test_a_still_that_is_broken_off_leaves_no_hole(ends: str) -> None:
    """The viewer would ask for numbers that nobody ever sent, and be given others' packets."""
    stream, other, out = ingress(), ingress(name="p_2"), egress()
    out.transmitter = way = _RememberingWay()
    out.bind(stream, 0.0)
    out.thin(StillFeed(out, 0.0), 0.0)
    assert out.still is not None
    out.still.step(0.0, 0, 0.0)
    _still_of(stream, 500, 10)
    out.still.step(1.0, 0, 3_500.0)
    assert way.sent == [100, 101, 102, 103]
    if ends == "moves again":
        out.thicken()
        source = stream
    else:
        out.bind(other, 1.0)
        out.still.step(1.1, 0, 3_500.0)
        out.thicken()
        source = other
    source.place(700, 0.0)
    out.begin(source, 700, 12_000, 2.0)
    header = out.header(700, 12_000, 96, 0)
    assert header is not None
    assert int.from_bytes(header[2:4], "big") == 104
    assert not out.gate.allows(103, 1000, 2.1, 0.05, 800_000), "of another place by now"
    assert out.gate.allows(104, 1000, 2.1, 0.05, 800_000)
