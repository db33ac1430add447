"""What a viewer's link carries: the cap, the queue's trend, and when a picture is thinned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.downlink import DownlinkCap, LinkLoss, combine_caps
from media.thinning import Thinning
from media.trend import DelayTrend


def test_a_falling_estimate_near_what_is_sent_bites() -> None:
    """And is let go by 8 % a second after two."""
    cap = DownlinkCap()
    cap.on_remb(1_000_000, 900_000, 0.0)
    assert cap.value(0.0) is None
    cap.on_remb(400_000, 900_000, 1.0)
    assert cap.value(1.0) == 380_000
    assert cap.value(3.0) == 380_000
    assert 400_000 < (cap.value(4.0) or 0) < 420_000


def test_an_estimate_far_above_what_is_sent_says_nothing() -> None:
    """While stills are sent the receiver's estimate follows them down."""
    cap = DownlinkCap()
    cap.on_remb(1_000_000, 900_000, 0.0)
    cap.on_remb(200_000, 200_000, 1.0)
    before = cap.value(6.0)
    cap.on_remb(120_000, 60_000, 6.0)
    assert cap.value(6.0) == before


def test_a_growing_queue_bites_before_anything_is_lost() -> None:
    """A fifth less than what is sent, at most every two seconds."""
    cap = DownlinkCap()
    cap.on_queue(200.0, 800_000, 0.0)
    assert cap.value(0.0) is None
    cap.on_queue(300.0, 800_000, 1.0)
    assert cap.value(1.0) == 640_000
    cap.on_queue(300.0, 800_000, 1.5)
    assert cap.value(1.5) == 640_000


def test_loss_alone_never_takes_it_under_half_of_the_receivers_estimate() -> None:
    """A radio link that loses 12 % for ever still carries what its delay says."""
    cap = DownlinkCap()
    cap.on_remb(600_000, 300_000, 0.0)
    for step in range(200):
        cap.on_loss(0.12, 130_000, step * 1.6)
    assert (cap.value(320.0) or 0) >= 300_000


def test_a_trickle_teaches_nothing() -> None:
    """One packet lost of eight says nothing about a link, nor does a single bad report."""
    cap = DownlinkCap()
    for step in range(20):
        cap.on_loss(0.2, 50_000, step * 2.0)
        cap.on_queue(400.0, 50_000, step * 2.0)
    assert cap.value(40.0) is None
    cap.on_loss(0.0, 800_000, 41.0)
    cap.on_loss(0.15, 800_000, 42.0)
    assert cap.value(42.0) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["remb", "loss", "queue"]), st.floats(0, 1), st.floats(0, 5_000_000)
        ),
        max_size=100,
    )
)
def test_the_cap_is_never_under_what_sound_needs(steps: list[tuple[str, float, float]]) -> None:
    """Whatever a browser reports."""
    cap = DownlinkCap()
    for index, (kind, share, rate_bps) in enumerate(steps):
        now_s = index * 0.3
        if kind == "remb":
            cap.on_remb(int(share * 5_000_000), rate_bps, now_s)
        elif kind == "loss":
            cap.on_loss(share, rate_bps, now_s)
        else:
            cap.on_queue(share * 5_000, rate_bps, now_s)
        value = cap.value(now_s)
        assert value is None or value >= 90_000


def test_the_floor_holds_against_the_weakest_viewer() -> None:
    """And nothing is said while nobody's link bites."""
    assert combine_caps([None, 100_000.0, 800_000.0], 350_000.0) == 350_000
    assert combine_caps([None, 500_000.0], 350_000.0) == 500_000
    assert combine_caps([None, None], 350_000.0) is None


def test_only_what_is_above_the_least_delay_counts() -> None:
    """Clocks have any offset."""
    trend = DelayTrend()
    for step in range(20):
        assert trend.add(-123_456.0, step * 0.2) == 0
    for step in range(20, 30):
        trend.add(-123_156.0, step * 0.2)
    assert 290 < trend.excess_ms <= 300


def test_a_longer_way_is_no_queue_for_ever() -> None:
    """After 8 s the new least is what counts; at once if the path is known to have changed."""
    trend = DelayTrend()
    trend.add(10.0, 0.0)
    for step in range(1, 60):
        trend.add(200.0, step * 0.2)
    assert trend.excess_ms < 1
    trend.reset()
    assert trend.add(900.0, 40.0) == 0


def test_a_jump_of_a_clock_is_no_queue() -> None:
    """RTP timestamps wrap around."""
    trend = DelayTrend()
    trend.add(10.0, 0.0)
    assert trend.add(10.0 + 2**32 / 48, 0.2) == 0


def test_a_weak_link_is_thinned_within_a_second_and_freed_with_room() -> None:
    """Not before 8 s, and not without two seconds of room."""
    thinning = Thinning()
    assert not thinning.step(150_000, 400_000, 0.0)
    assert thinning.step(150_000, 400_000, 0.9)
    assert thinning.step(600_000, 400_000, 1.0)
    assert thinning.step(600_000, 400_000, 8.8)
    assert not thinning.step(600_000, 400_000, 9.0)


def test_a_link_that_carries_the_recorded_floor_is_never_thinned() -> None:
    """The sender follows it that far."""
    thinning = Thinning()
    assert not any(thinning.step(340_000, 2_000_000, step * 0.2) for step in range(100))
    assert not any(thinning.step(None, 2_000_000, step * 0.2) for step in range(100))


def test_little_that_fits_is_not_thinned() -> None:
    """A link of 150 kb/s shows a picture of 80."""
    thinning = Thinning()
    assert not any(thinning.step(150_000, 140_000, step * 0.2) for step in range(100))


def test_each_return_that_fails_makes_the_stay_longer() -> None:
    """So that the sound is disturbed ever less often."""
    thinning, now_s, stays = Thinning(), 0.0, []
    for _ in range(5):
        while not thinning.step(100_000, 400_000, now_s):
            now_s += 0.2
        began_s = now_s
        while thinning.step(900_000, 400_000, now_s):
            now_s += 0.2
        stays.append(round(now_s - began_s))
    assert stays == [8, 16, 32, 64, 120]


def test_an_estimate_that_stood_low_after_a_trickle_and_climbs_is_believed_in_time() -> None:
    """From 60 kb/s sent to 290: for 20 s the estimate is behind, and bites nothing."""
    cap = DownlinkCap()
    remb_bps = 78_000.0
    for second in range(25):
        cap.on_remb(int(remb_bps), 290_000, float(second))
        assert cap.value(float(second)) is None
        remb_bps *= 1.08


def test_an_estimate_that_stays_low_bites_after_two_seconds() -> None:
    """Without ever having fallen."""
    cap = DownlinkCap()
    for second in range(4):
        assert cap.value(float(second)) is None or second == 3
        cap.on_remb(120_000, 290_000, float(second))
    assert cap.value(3.0) == 0.95 * 120_000


def test_a_hole_of_the_source_is_no_loss_of_the_viewers_link() -> None:
    """Whether the viewer counts it at once or in one of the next two reports."""
    for late in range(3):
        line, missed, highest = LinkLoss(), 0, 1_000
        for report in range(12):
            missed += 5 if report == 6 else 0
            highest += 20
            fraction = 5 / 20 if report == 6 + late else 0.0
            assert line.share(fraction, highest, missed) == 0.0


def test_what_the_viewers_own_link_loses_is_found_among_the_sources_holes() -> None:
    """Each second the source misses 2 of 100 and the viewer 12 of them."""
    line = LinkLoss()
    shares = [line.share(12 / 100, 100 * second, 2 * second) for second in range(1, 20)]
    assert shares[0] == 0.0
    assert all(0.05 <= share <= 0.12 for share in shares[1:])
    alone = LinkLoss()
    assert [alone.share(0.25, 100 * second, 0) for second in range(3)] == [0.0, 0.25, 0.25]


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 2**32 - 1), st.integers(0, 10**6)), max_size=30
    )
)
def test_no_report_makes_a_loss_that_cannot_be(reports: list[tuple[float, int, int]]) -> None:
    """Numbers may wrap around, sources restart and peers lie."""
    line = LinkLoss()
    assert all(0.0 <= line.share(*report) <= 1.0 for report in reports)
