"""RTP timestamps to recording time: drift, jitter, lip sync, lies."""

from __future__ import annotations

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.timeline import SenderClock, TrackTimeline, ntp_to_ns

T0 = 1_790_000_000_000_000_000
S = 1_000_000_000


def place(
    timeline: TrackTimeline, arrivals: list[tuple[int, int]], *, per_batch: int = 24
) -> list[int]:
    """Observe and map ``(rtp, arrival_ns)`` in batches, as fragments do."""
    placed: list[int] = []
    for at in range(0, len(arrivals), per_batch):
        keys = [timeline.observe(rtp, arrival) for rtp, arrival in arrivals[at : at + per_batch]]
        placed += timeline.ticks(keys)
    return placed


def test_two_hours_of_a_wrong_clock_stay_within_a_tenth_of_a_second() -> None:
    """A sender 200 ppm fast, with jitter, ends where the wall clock does; so does a slow one."""
    for drift in (200e-6, -200e-6):
        noise = random.Random(1)
        timeline = TrackTimeline(90_000, T0, SenderClock())
        arrivals = []
        for number in range(7_200 * 5):
            second = number / 5
            rtp = (3_000_000_000 + round(second * (1 + drift) * 90_000)) & 0xFFFFFFFF
            arrivals.append((rtp, T0 + round((second + noise.expovariate(1 / 0.01)) * S)))
        placed = place(timeline, arrivals)
        errors = [ticks / 90_000 - number / 5 for number, ticks in enumerate(placed)]
        assert max(abs(error) for error in errors[25:]) < 0.1
        steps = [after - before for before, after in itertools.pairwise(placed)]
        assert min(steps[10:]) > 18_000 * 0.99
        assert max(steps[10:]) < 18_000 * 1.01


def test_sound_and_picture_keep_the_offset_they_were_captured_with() -> None:
    """Pictures that travel 300 ms longer than sound end up beside it, by the sender's clock."""
    sender = SenderClock()
    video = TrackTimeline(90_000, T0, sender)
    audio = TrackTimeline(48_000, T0, sender)
    offsets = []
    for fragment in range(120):
        keys_v, keys_a = [], []
        for number in range(24):
            second = fragment * 0.8 + number / 30
            keys_v.append(video.observe(round(second * 90_000), T0 + round((second + 0.32) * S)))
        for number in range(40):
            second = fragment * 0.8 + number / 50
            keys_a.append(audio.observe(round(second * 48_000), T0 + round((second + 0.02) * S)))
        ntp = (3_900_000_000 << 32) + round(fragment * 0.8 * 2**32)
        video.report(ntp, round(fragment * 0.8 * 90_000))
        audio.report(ntp, round(fragment * 0.8 * 48_000))
        first_v, first_a = video.ticks(keys_v)[0], audio.ticks(keys_a)[0]
        offsets.append(first_v / 90_000 - first_a / 48_000)
    assert abs(offsets[-1]) < 0.02
    assert all(abs(after) <= abs(before) + 0.001 for before, after in itertools.pairwise(offsets))


def test_reports_from_the_beginning_put_both_tracks_together_at_once() -> None:
    """With reports before the first cut no slewing is needed."""
    sender = SenderClock()
    video = TrackTimeline(90_000, T0, sender)
    audio = TrackTimeline(48_000, T0, sender)
    ntp = 3_900_000_000 << 32
    video.observe(0, T0 + 250_000_000)
    audio.observe(0, T0 + 10_000_000)
    video.report(ntp, 0)
    audio.report(ntp, 0)
    key_v = video.observe(3_000, T0 + 283_000_000)
    key_a = audio.observe(1_600, T0 + 43_000_000)
    assert abs(video.ticks([key_v])[0] / 90_000 - audio.ticks([key_a])[0] / 48_000) < 0.001


def test_a_lying_report_moves_nothing() -> None:
    """A report that claims an hour of difference is ignored."""
    timeline = TrackTimeline(90_000, T0, SenderClock())
    for number in range(300):
        key = timeline.observe(number * 3_000, T0 + number * S // 30)
        if number % 30 == 0:
            timeline.report(((3_900_000_000 + number * 3_600) << 32), number * 3_000)
        assert abs(timeline.ticks([key])[0] - number * 3_000) < 9_000


def test_a_clock_that_stood_still_is_moved_forward() -> None:
    """After a sleep without timestamps recording time is wall-clock time again."""
    timeline = TrackTimeline(48_000, T0, SenderClock())
    arrivals = [(number * 960, T0 + number * S // 50) for number in range(500)]
    arrivals += [(number * 960, T0 + (number + 250) * S // 50) for number in range(500, 1_500)]
    placed = place(timeline, arrivals, per_batch=40)
    assert abs(placed[-1] / 48_000 - (1_499 + 250) / 50) < 0.1


def test_timestamps_that_jump_stay_in_their_place() -> None:
    """A jump of hours in either direction is taken by the wall clock."""
    for jump in (2**31 - 5, 90_000 * 3_600, -90_000 * 3_600):
        timeline = TrackTimeline(90_000, T0, SenderClock())
        arrivals = [(number * 3_000 & 0xFFFFFFFF, T0 + number * S // 30) for number in range(60)]
        arrivals += [
            (number * 3_000 + jump & 0xFFFFFFFF, T0 + number * S // 30) for number in range(60, 200)
        ]
        placed = place(timeline, arrivals)
        assert abs(placed[-1] - 199 * 3_000) < 9_000


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 60 * S)), min_size=1, max_size=60)
)
@settings(max_examples=150, deadline=None)
def test_time_only_goes_forward_and_never_far_from_the_wall(
    given_pairs: list[tuple[int, int]],
) -> None:
    """Whatever timestamps come, ticks increase and stay near what the wall clock allows."""
    timeline = TrackTimeline(90_000, T0, SenderClock())
    at = T0
    placed = []
    for number, (rtp, step) in enumerate(given_pairs):
        at += step // 10
        key = timeline.observe(rtp, at)
        if number % 5 == 0:
            timeline.report(rtp << 17, rtp)
        placed += timeline.ticks([key])
    assert all(after > before for before, after in itertools.pairwise(placed))
    assert placed[0] >= 0
    # Beside the two seconds, a tick for each that had to be pushed on, and a slew's rounding.
    assert placed[-1] <= (at - T0) * 90_000 // S + 90_000 * 2 + 2 * len(placed)


def test_ntp_time_is_read_in_nanoseconds() -> None:
    """Half a second is 2³¹ in the lower word."""
    assert ntp_to_ns((7 << 32) + (1 << 31)) == 7_500_000_000
