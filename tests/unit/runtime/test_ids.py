"""Identifiers: they sort as they were made, also many within one millisecond."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from runtime.ids import new_id


def test_they_sort_by_creation_and_none_comes_twice() -> None:
    """Thousands in a few milliseconds."""
    made = [new_id("evt") for _ in range(5_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {len("evt_") + 26}


def test_threads_never_share_one() -> None:
    """Each thread's own are in order."""
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: [new_id("evt") for _ in range(2_000)], range(4)))
    assert all(one == sorted(one) for one in told)
    assert len({made for one in told for made in one}) == 8_000
