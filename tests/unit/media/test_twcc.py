"""Transport-wide feedback, read back by an independent reader."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from media.twcc import FeedbackBuilder


def read_feedback(packet: bytes) -> tuple[int, dict[int, int | None], int]:
    """Base sequence, arrival in microseconds of each number (None: not received), and count."""
    first, kind, words = struct.unpack_from("!BBH", packet)
    assert (first & 0xDF, kind) == (0x8F, 205)
    assert len(packet) == 4 * words + 4
    base, status_count, reference_count = struct.unpack_from("!HHI", packet, 12)
    reference = reference_count >> 8
    if reference & 0x800000:
        reference -= 1 << 24
    position, symbols = 20, []
    while len(symbols) < status_count:
        (chunk,) = struct.unpack_from("!H", packet, position)
        position += 2
        if chunk & 0x8000 == 0:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        elif chunk & 0x4000:
            symbols += [chunk >> (12 - 2 * i) & 3 for i in range(7)]
        else:
            symbols += [chunk >> (13 - i) & 1 for i in range(14)]
    at_us, found = reference * 64_000, {}
    for index, symbol in enumerate(symbols[:status_count]):
        number = (base + index) & 0xFFFF
        if symbol == 0:
            found[number] = None
            continue
        if symbol == 1:
            at_us += packet[position] * 250
            position += 1
        else:
            at_us += struct.unpack_from("!h", packet, position)[0] * 250
            position += 2
        found[number] = at_us
    padding = packet[-1] if first & 0x20 else 0
    assert len(packet) - position == padding
    return base, found, reference_count & 0xFF


STEPS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 30_000), st.booleans()), min_size=1, max_size=120
)


@given(st.integers(0, 0xFFFF), st.integers(0, 1 << 40), STEPS)
def test_every_arrival_is_reported_at_its_time(
    first: int, start_us: int, steps: list[tuple[int, int, bool]]
) -> None:
    """Across wrap-around, with holes, over several packets; to a quarter of a millisecond."""
    builder = FeedbackBuilder()
    number, at_us = first, start_us
    arrived: dict[int, int] = {}
    reported: dict[int, int] = {}
    count = 0

    def flush() -> None:
        nonlocal count
        packet = builder.build(1, 2)
        if packet is None:
            return
        _, found, given_count = read_feedback(packet)
        assert given_count == count & 0xFF
        count += 1
        base_us = min(one for one in found.values() if one is not None)
        reference = min(at for n, at in arrived.items() if found.get(n) is not None)
        for one, when in found.items():
            if when is not None:
                reported[one] = arrived[one]
                # The reference wraps at 2^24 * 64 ms: compare relative times.
                assert abs((when - base_us) - (arrived[one] - reference)) <= 500
            else:
                assert one not in arrived

    for step, pause_us, build in steps:
        number = (number + step) & 0xFFFF
        at_us += pause_us
        arrived[number] = at_us
        builder.arrivals.append((number, at_us))
        if build:
            flush()
    flush()
    assert reported == arrived


def test_a_late_packet_is_reported_after_all() -> None:
    """It was missing in the first report and is there in the second, with its neighbours."""
    builder = FeedbackBuilder()
    builder.arrivals += [(65_534, 1_000), (1, 2_000)]
    packet = builder.build(1, 2)
    assert packet is not None
    _, found, _ = read_feedback(packet)
    assert [found[n] is not None for n in (65_534, 65_535, 0, 1)] == [True, False, False, True]
    builder.arrivals += [(0, 3_000), (2, 4_000)]
    packet = builder.build(1, 2)
    assert packet is not None
    base, found, _ = read_feedback(packet)
    assert base == 0
    assert [found[n] is not None for n in (0, 1, 2)] == [True, True, True]


def test_nothing_arrived_gives_nothing() -> None:
    """No empty feedback."""
    assert FeedbackBuilder().build(1, 2) is None


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 1 << 50)), max_size=80))
def test_any_numbers_are_survived(arrivals: list[tuple[int, int]]) -> None:
    """A hostile sender's numbers cost a bounded packet and raise nothing."""
    builder = FeedbackBuilder()
    for index, one in enumerate(arrivals):
        builder.arrivals.append(one)
        if index % 7 == 0:
            packet = builder.build(1, 2)
            assert packet is None or len(packet) < 9_000
