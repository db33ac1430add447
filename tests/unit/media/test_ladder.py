"""The ladder: down on evidence, up with patience, never to and fro on the same figures."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.ladder import (
    RECORDED_FLOOR,
    RUNGS,
    START,
    Ladder,
    Measured,
    Rung,
    asked_rung,
    carried,
    rung_for,
)

STEP_S = 0.2
CALM = Measured(loss=0.0, queue_ms=5.0, received_bps=900_000)
FLOODED = Measured(loss=0.02, queue_ms=400.0, received_bps=330_000)

measured = st.builds(
    Measured,
    loss=st.floats(0, 1),
    queue_ms=st.floats(0, 5_000),
    received_bps=st.floats(0, 5_000_000),
)


def climb(ladder: Ladder, figures: Measured, seconds: float, from_s: float = 0.0) -> list[int]:
    """Step with the same figures; gives the rungs by index."""
    steps = int(seconds / STEP_S)
    return [
        RUNGS.index(ladder.step(figures, from_s + index * STEP_S)) for index in range(steps + 1)
    ]


@given(measured, st.sampled_from(RUNGS))
def test_the_same_figures_never_move_it_to_and_fro(figures: Measured, start: Rung) -> None:
    """It only falls, only climbs, or stays."""
    rungs = climb(Ladder(start), figures, 120.0)
    moves = {(after > before) - (after < before) for before, after in pairwise(rungs)}
    assert not {1, -1} <= moves


@given(st.lists(measured, max_size=200), st.sampled_from(RUNGS))
def test_it_stays_on_the_ladder_and_climbs_one_rung_at_a_time(
    figures: list[Measured], start: Rung
) -> None:
    """Whatever comes."""
    ladder = Ladder(start)
    rungs = [RUNGS.index(start)]
    for index, one in enumerate(figures):
        rungs.append(RUNGS.index(ladder.step(one, index * STEP_S)))
    assert all(0 <= rung < len(RUNGS) for rung in rungs)
    assert all(-2 <= after - before <= 1 for before, after in pairwise(rungs))


@given(measured, st.floats(0, 1), st.floats(0, 5_000), st.sampled_from(RUNGS), st.floats(1, 60))
def test_worse_figures_never_lead_higher(
    better: Measured, loss: float, queue_ms: float, start: Rung, seconds: float
) -> None:
    """With everything at least as bad from the same start, the rung is at most the same."""
    worse = Measured(
        max(better.loss, loss), max(better.queue_ms, queue_ms), better.received_bps * 0.7
    )
    upper = climb(Ladder(start), better, seconds)
    lower = climb(Ladder(start), worse, seconds)
    assert lower[-1] <= upper[-1]


def test_a_growing_queue_brings_it_down_within_a_second_to_what_arrives() -> None:
    """From 720p/15 at 330 kb/s arriving: 720p/5."""
    rungs = climb(Ladder(START), FLOODED, 1.0)
    assert RUNGS[rungs[-1]].name == "720p5"


def test_severe_figures_need_no_second_look() -> None:
    """A second of queue, or every fourth packet lost."""
    assert Ladder(START).step(Measured(0.0, 1_000.0, 900_000), 0.0) is not START
    assert Ladder(START).step(Measured(0.3, 0.0, 900_000), 0.0) is not START


def test_one_bad_look_alone_is_no_evidence() -> None:
    """A spike of a fifth of a second moves nothing."""
    ladder = Ladder(START)
    ladder.step(FLOODED, 0.0)
    assert ladder.step(CALM, 0.2) is START
    assert ladder.step(FLOODED, 0.4) is START


def test_it_climbs_after_four_good_seconds() -> None:
    """Not before."""
    ladder = Ladder(RUNGS[1])
    assert set(climb(ladder, CALM, 3.8)) == {1}
    assert climb(ladder, CALM, 0.4, from_s=4.0)[-1] == 2


def test_each_failed_climb_doubles_the_wait() -> None:
    """4 s, 8, 16, 32, 64, 64."""
    ladder = Ladder(RUNGS[2])
    now_s = 0.0
    waits = []
    for _ in range(6):
        began_s = now_s
        while ladder.rung is RUNGS[2]:
            now_s += STEP_S
            ladder.step(CALM, now_s)
        waits.append(round(now_s - began_s))
        while ladder.rung is not RUNGS[2]:
            now_s += STEP_S
            ladder.step(Measured(0.0, 300.0, 300_000), now_s)
    assert waits == [4, 8, 16, 32, 64, 64]


def test_a_climb_that_holds_makes_the_next_one_quick_again() -> None:
    """The back-off is forgotten after 8 s."""
    ladder = Ladder(RUNGS[1])
    climb(ladder, CALM, 4.2)
    climb(ladder, Measured(0.0, 300.0, 200_000), 2.4, from_s=4.4)
    assert ladder.rung is RUNGS[1]
    climb(ladder, CALM, 8.4, from_s=7.0)
    assert ladder.rung is RUNGS[2]
    climb(ladder, CALM, 9.0, from_s=15.6)
    assert ladder.rung is RUNGS[3]


def test_random_loss_of_a_radio_link_alone_leaves_it_alone() -> None:
    """5 % of loss with no queue: fewer pictures would lose as many of their packets."""
    assert climb(Ladder(START), Measured(0.05, 20.0, 900_000), 30.0)[0] == RUNGS.index(START)
    assert climb(Ladder(START), Measured(0.05, 20.0, 900_000), 30.0)[-1] >= RUNGS.index(START)


def test_what_is_gained_first_is_size_and_what_is_given_first_is_motion() -> None:
    """No rung under 720p; each needs more than the one below."""
    assert all(low.max_height <= high.max_height for low, high in pairwise(RUNGS))
    assert all(low.need_bps < high.need_bps for low, high in pairwise(RUNGS))
    assert all(low.max_bitrate_bps < high.max_bitrate_bps for low, high in pairwise(RUNGS))
    assert {rung.max_height for rung in RUNGS[:-1]} == {720}
    assert [rung.video for rung in RUNGS] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("rate_bps", "name"),
    [
        (0, "stills"),
        (149_999, "stills"),
        (150_000, "720p2"),
        (190_000, "720p5"),
        (499_999, "720p5"),
        (500_000, "720p15"),
        (1_800_000, "1080p15"),
        (1e9, "1080p15"),
    ],
)
def test_a_rate_has_its_rung(rate_bps: float, name: str) -> None:
    """The highest whose need is met."""
    assert rung_for(rate_bps).name == name


@given(st.floats(0, 5_000_000), st.sampled_from(RUNGS))
def test_what_a_viewer_carries_settles_at_once(rate_bps: float, before: Rung) -> None:
    """The same rate again changes nothing, and the rung never needs more than the rate."""
    first = carried(before, rate_bps)
    assert carried(first, rate_bps) is first
    assert first.need_bps <= rate_bps or first is RUNGS[0]


def test_a_viewers_rate_near_a_need_does_not_flutter() -> None:
    """Up only with a sixth more."""
    assert carried(RUNGS[2], 520_000) is RUNGS[2]
    assert carried(RUNGS[3], 520_000) is RUNGS[3]
    assert carried(RUNGS[2], 600_000) is RUNGS[3]


@given(st.sampled_from(RUNGS), st.lists(st.sampled_from(RUNGS), max_size=4))
def test_no_viewer_takes_the_recording_under_its_floor(own: Rung, viewers: list[Rung]) -> None:
    """Only the sender's own uplink does."""
    asked = asked_rung(own, viewers, recorded=True)
    assert RUNGS.index(asked) >= min(RUNGS.index(own), RUNGS.index(RECORDED_FLOOR))
    assert RUNGS.index(asked) <= RUNGS.index(own)
    free = asked_rung(own, viewers, recorded=False)
    assert RUNGS.index(free) == min(RUNGS.index(one) for one in [own, *viewers])


def test_the_browsers_ladder_is_the_same() -> None:
    """web/src/live/rungs.ts says what this table says."""
    text = (Path(__file__).parents[3] / "web/src/live/rungs.ts").read_text()
    rows = re.findall(r"rung\('(\w+)', (\d+), (\d+), ([\d_]+), ([\d_]+)\)", text)
    mirrored = [(name, *(int(number) for number in numbers)) for name, *numbers in rows]
    assert mirrored == [
        (rung.name, rung.max_height, rung.max_framerate, rung.max_bitrate_bps, rung.need_bps)
        for rung in RUNGS
    ]
