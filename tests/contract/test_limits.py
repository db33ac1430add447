"""One suite for limits, whether a process counts alone or with others through Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from infra.local.redis import Redis
from runtime.ids import new_id
from signaling.limits import Counted, Limits

NOW_S = 1_790_000_000.0
ADDRESS_LIKE = "ana@example.com"


@pytest.fixture(params=["alone", "redis"])
async def limits(request: pytest.FixtureRequest) -> AsyncIterator[Limits]:
    """Limits of each kind."""
    url = request.getfixturevalue("redis").url if request.param == "redis" else None
    made = Limits(url)
    yield made
    await made.close()
    await made.close()


async def test_attempts_within_the_window_pass_and_more_must_wait(limits: Limits) -> None:
    """The window slides: when the first attempt leaves it, one more may come."""
    person = new_id("tst")
    took = [await limits.wait_s(Counted.RESET, person, NOW_S + at) for at in (0, 100, 200)]
    assert took == [0.0, 0.0, 0.0]
    assert await limits.wait_s(Counted.RESET, person, NOW_S + 300) == pytest.approx(600)
    assert await limits.wait_s(Counted.RESET, person, NOW_S + 900.5) == 0.0
    assert await limits.wait_s(Counted.RESET, person, NOW_S + 901) == pytest.approx(99, abs=0.01)


async def test_a_refused_attempt_does_not_count(limits: Limits) -> None:
    """Whoever keeps asking is let in at the same time as who waits."""
    person = new_id("tst")
    for _ in range(3):
        await limits.wait_s(Counted.RESET, person, NOW_S)
    for at in range(1, 50):
        assert await limits.wait_s(Counted.RESET, person, NOW_S + at) > 0
    assert await limits.wait_s(Counted.RESET, person, NOW_S + 900.1) == 0.0


async def test_subjects_and_kinds_are_counted_apart(limits: Limits) -> None:
    """Nobody is kept out by somebody else, nor by another thing they did."""
    one, other = new_id("tst"), new_id("tst")
    for _ in range(4):
        last = await limits.wait_s(Counted.RESET, one, NOW_S)
    assert last > 0
    assert await limits.wait_s(Counted.RESET, other, NOW_S) == 0.0
    assert await limits.wait_s(Counted.LINK, one, NOW_S) == 0.0


async def test_a_clock_that_is_set_back_keeps_nobody_out(limits: Limits) -> None:
    """What lies an hour ahead is not waited for."""
    person = new_id("tst")
    for _ in range(3):
        await limits.wait_s(Counted.RESET, person, NOW_S + 3600)
    assert await limits.wait_s(Counted.RESET, person, NOW_S) == 0.0


async def test_of_many_at_once_exactly_the_allowed_pass(limits: Limits) -> None:
    """No two take the last place."""
    person = new_id("tst")
    waits = await asyncio.gather(
        *(limits.wait_s(Counted.ORDER_GUESS, person, NOW_S) for _ in range(40))
    )
    assert sum(1 for wait in waits if wait == 0) == 6


async def test_two_web_processes_count_together_and_redis_knows_no_address(redis: Redis) -> None:
    """A guesser is not allowed twice as much by going from one to the other."""
    from redis.asyncio import Redis as Client

    here, there = Limits(redis.url), Limits(redis.url)
    client = Client.from_url(redis.url)
    try:
        waits = [
            await one.wait_s(Counted.RESET, ADDRESS_LIKE, NOW_S)
            for one in (here, there, here, there)
        ]
        assert [wait == 0 for wait in waits] == [True, True, True, False]
        names = [name async for name in client.scan_iter("proofcall:limit:*")]
        assert names
        assert not any(ADDRESS_LIKE.encode() in name for name in names)
        assert all([await client.pttl(name) > 0 for name in names])
    finally:
        for one in (here, there):
            await one.close()
        await client.aclose()


async def test_without_its_redis_each_process_counts_for_itself() -> None:
    """People are not shut out, guessers not let in."""
    limits = Limits("redis://127.0.0.1:1/0")
    try:
        waits = [await limits.wait_s(Counted.RESET, "a", NOW_S) for _ in range(4)]
        assert [wait == 0 for wait in waits] == [True, True, True, False]
    finally:
        await limits.close()
