"""When a worker that is to leave does."""

from __future__ import annotations

import asyncio

import pytest

from media.draining import MOVE_WITHIN_S, Draining
from runtime.clock import ManualClock


async def test_it_leaves_when_its_last_peer_has_gone() -> None:
    """Long before the limit."""
    draining, peers = Draining(ManualClock()), [1]
    over = asyncio.create_task(draining.over(lambda: bool(peers)))
    await asyncio.sleep(0.1)
    assert not draining.asked
    draining.begin(600)
    assert draining.asked
    assert not draining.moving
    await asyncio.sleep(0.1)
    assert not over.done()
    peers.clear()
    await asyncio.wait_for(over, 1)


async def test_at_the_limit_people_move_and_a_little_later_it_leaves_anyway() -> None:
    """Whoever cannot be moved does not hold it for ever."""
    clock = ManualClock()
    draining = Draining(clock)
    draining.begin(60)
    over = asyncio.create_task(draining.over(lambda: True))
    clock.advance(59.9)
    assert not draining.moving
    clock.advance(0.2)
    assert draining.moving
    await asyncio.sleep(0.1)
    assert not over.done()
    clock.advance(MOVE_WITHIN_S)
    await asyncio.wait_for(over, 1)


def test_asking_again_only_shortens() -> None:
    """A second, longer limit does not keep people waiting for what was promised."""
    clock = ManualClock()
    draining = Draining(clock)
    draining.begin(60, stays_down=True)
    draining.begin(600)
    clock.advance(60)
    assert draining.moving
    assert draining.stays_down


@pytest.mark.parametrize("limit_s", [-1.0, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(limit_s: float) -> None:
    """Nothing begins."""
    draining = Draining(ManualClock())
    with pytest.raises(ValueError, match="limit_s"):
        draining.begin(limit_s)
    assert not draining.asked
