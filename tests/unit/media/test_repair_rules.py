"""What is asked for again, what is answered, and the downlink's cap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.downlink import DownlinkCap, combine_caps
from media.history import ResendGate
from media.nack import NackList


def test_a_hole_is_asked_for_until_it_is_filled_or_old() -> None:
    """At once, then after each round trip; filled holes are left alone."""
    nacks = NackList()
    assert nacks.lost(10, 13, 0.0)
    assert nacks.due(0.0, 0.1) == ([10, 11, 12], False)
    assert nacks.due(0.05, 0.1) == ([], False)
    nacks.arrived(11)
    assert nacks.due(0.12, 0.1) == ([10, 12], False)
    assert nacks.due(2.0, 0.1) == ([], True)
    assert len(nacks) == 0
    assert nacks.gave_up == 2


def test_too_many_holes_call_for_a_keyframe() -> None:
    """Beyond repair the list is emptied."""
    nacks = NackList()
    assert nacks.lost(0, 200, 0.0)
    assert not nacks.lost(300, 400, 0.0)
    assert len(nacks) == 0


@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(0.001, 0.2), st.booleans()), max_size=60),
    st.floats(0, 0.5),
)
def test_no_packet_is_asked_for_more_than_ten_times(
    steps: list[tuple[int, float, bool]], rtt_s: float
) -> None:
    """Whatever the losses and the clock do."""
    nacks, asked, position, now_s = NackList(), dict[int, int](), 0, 0.0
    for width, pause_s, fill in steps:
        nacks.lost(position, position + width, now_s)
        if fill:
            nacks.arrived(position)
        position += width + 1
        now_s += pause_s
        for one in nacks.due(now_s, rtt_s)[0]:
            asked[one] = asked.get(one, 0) + 1
    assert all(count <= 10 for count in asked.values())
    assert len(nacks) <= 256


def test_a_storm_is_answered_once_per_round_trip() -> None:
    """33 requests in a second over a 100 ms leg give at most ten answers."""
    gate = ResendGate()
    answers = sum(gate.allows(5, 1000, step * 0.03, 0.1, 1_000_000) for step in range(33))
    assert 5 <= answers <= 10
    assert gate.refused == 33 - answers


def test_repetitions_have_a_budget() -> None:
    """They spend at most half the stream's own rate, plus one burst."""
    gate = ResendGate()
    sent = sum(
        1200 * gate.allows(number, 1200, number / 1000, 0.05, 800_000) for number in range(4000)
    )
    assert sent <= 64_000 + 4 * 800_000 / 16 + 1200


def test_the_cap_bites_only_when_the_estimate_drops() -> None:
    """A browser's slow start caps nothing; a drop below what we send does, and is released."""
    cap = DownlinkCap()
    for step, remb in enumerate((100_000, 200_000, 400_000, 1_300_000)):
        cap.on_remb(remb, 1_200_000, step)
    assert cap.value(4) is None
    cap.on_remb(400_000, 1_200_000, 5)
    assert cap.value(5) == 380_000
    assert cap.value(7) == 380_000
    released = cap.value(17)
    assert released is not None
    assert abs(released - 380_000 * 1.08**10) < 1
    assert cap.value(60) is None


def test_loss_caps_what_is_sent() -> None:
    """More than a tenth lost, of two reports together, lowers the cap, once in a while."""
    cap = DownlinkCap()
    cap.on_loss(0.05, 1_000_000, 0)
    assert cap.value(0) is None
    cap.on_loss(0.35, 1_000_000, 1)
    assert cap.value(1) == 900_000
    cap.on_loss(0.4, 1_000_000, 1.5)
    assert cap.value(1.5) == 900_000
    cap.on_loss(0.4, 800_000, 3)
    assert cap.value(3) == 640_000


def test_the_slowest_viewer_decides_above_the_floor() -> None:
    """And a recorded source keeps its floor."""
    assert combine_caps([None, None], 60_000) is None
    assert combine_caps([None, 500_000.0, 300_000.0], 60_000) == 300_000
    assert combine_caps([90_000.0], 150_000) == 150_000
