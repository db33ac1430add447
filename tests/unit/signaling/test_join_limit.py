"""How often one link may ask for media."""

from __future__ import annotations

from signaling.join_limit import ATTEMPTS, WINDOW_S, JoinLimit


def test_attempts_within_the_limit_pass_and_more_must_wait() -> None:
    """The window slides: when the first attempt leaves it, one more may come."""
    limit = JoinLimit()
    assert [limit.wait_s("a", float(at)) for at in range(ATTEMPTS)] == [0.0] * ATTEMPTS
    assert limit.wait_s("a", 15.0) == WINDOW_S - 15.0
    assert limit.wait_s("b", 15.0) == 0.0
    assert limit.wait_s("a", WINDOW_S) == 0.0
    assert limit.wait_s("a", WINDOW_S) > 0


def test_names_are_forgotten_so_memory_is_bounded() -> None:
    """A hundred thousand links leave ten thousand names."""
    limit = JoinLimit()
    for number in range(20_000):
        limit.wait_s(str(number), 0.0)
    assert len(limit._attempts) == 10_000


def test_a_name_is_forgotten_once_its_attempts_count_no_more() -> None:
    """A link that is done takes no memory; one that still has to wait is known."""
    limit = JoinLimit(attempts=1)
    for number in range(100):
        assert limit.wait_s(str(number), float(number)) == 0.0
    assert len(limit._attempts) == WINDOW_S
    assert limit.wait_s("99", 100.0) == WINDOW_S - 1
