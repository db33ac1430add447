"""What one direction of a bad network does to packets, by the clock alone."""

from __future__ import annotations

from itertools import pairwise

from tests.support.network_line import OPEN, THREE_G, Bottleneck, Line


def test_an_open_line_takes_no_time() -> None:
    """A packet arrives when it left."""
    assert Bottleneck(OPEN.up).arrival_s(5.0, 1200) == 5.0


def test_a_packet_takes_its_time_through_the_bottleneck_and_then_travels() -> None:
    """500 bytes at 400 kb/s are 10 ms, and 3G is 200 ms long each way."""
    line = Bottleneck(Line(rate_bps=400e3, delay_ms=200))
    assert line.arrival_s(1.0, 500) == 1.0 + 0.010 + 0.200


def test_packets_wait_for_one_another_at_the_bottleneck() -> None:
    """Two at once come out one after the other."""
    line = Bottleneck(Line(rate_bps=400e3))
    assert [line.arrival_s(1.0, 500), line.arrival_s(1.0, 500)] == [1.010, 1.020]


def test_a_full_queue_drops_what_comes_last() -> None:
    """A queue of 55 ms holds five packets of 10 ms beside the one under way."""
    line = Bottleneck(Line(rate_bps=400e3, queue_ms=55))
    arrivals = [line.arrival_s(1.0, 500) for _ in range(20)]
    assert [one is not None for one in arrivals] == [True] * 6 + [False] * 14
    assert line.overflowed == 14


def test_a_line_that_was_idle_owes_nothing() -> None:
    """What waited once does not delay what comes later, and saves nothing up either."""
    line = Bottleneck(Line(rate_bps=400e3))
    for _ in range(10):
        line.arrival_s(1.0, 500)
    assert line.arrival_s(9.0, 500) == 9.010


def test_the_lost_share_is_the_one_asked_for() -> None:
    """2 % of many, the same ones each time."""
    lines = Bottleneck(THREE_G.up, seed=3), Bottleneck(THREE_G.up, seed=3)
    fates = [[line.arrival_s(n * 1.0, 100) is None for n in range(10_000)] for line in lines]
    assert 150 <= sum(fates[0]) <= 250
    assert fates[0] == fates[1]


def test_jitter_keeps_the_order() -> None:
    """A later packet never overtakes, however the delays fall."""
    line = Bottleneck(Line(delay_ms=50, jitter_ms=40))
    arrivals = [line.arrival_s(n / 1000, 100) or 0.0 for n in range(500)]
    assert all(a <= b for a, b in pairwise(arrivals))
    waits_ms = [(arrival - n / 1000) * 1000 for n, arrival in enumerate(arrivals)]
    assert min(waits_ms) >= 50
    assert max(waits_ms) <= 90 + 1e-6
    assert max(waits_ms) - min(waits_ms) > 20


def test_reordered_packets_overtake_those_that_jitter_holds() -> None:
    """With a tenth of them reordered, some arrive before ones that left earlier."""
    line = Bottleneck(Line(delay_ms=50, jitter_ms=40, reorder=0.1))
    arrivals = [line.arrival_s(n / 1000, 100) or 0.0 for n in range(500)]
    overtaken = sum(a > b for a, b in pairwise(arrivals))
    assert 20 <= overtaken <= 80
