"""A wall clock that does not step while something depends on it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import SystemClock

HOUR_NS = 3_600_000_000_000
S = 1_000_000_000


class Machine:
    """Two clocks that a test turns."""

    def __init__(self) -> None:
        self.wall = 1_790_000_000 * S
        self.monotonic = 77 * S
        self.clock = SystemClock(lambda: self.wall, lambda: self.monotonic)

    def run(self, seconds: float) -> None:
        """Time passes."""
        self.wall += int(seconds * S)
        self.monotonic += int(seconds * S)


def test_an_hour_set_forward_or_back_changes_nothing_until_it_may() -> None:
    """During a call time goes on evenly; afterwards the machine's clock is taken over."""
    for step_ns in (HOUR_NS, -HOUR_NS):
        machine = Machine()
        before_ns = machine.clock.wall_ns()
        machine.wall += step_ns
        for _ in range(600):
            machine.run(1)
            machine.clock.wall_ns()
        assert machine.clock.wall_ns() - before_ns == 600 * S
        machine.clock.catch_up()
        assert machine.clock.wall_ns() == machine.wall


def test_a_small_error_is_made_good_without_a_jump() -> None:
    """200 ms in about seven minutes, at half a millisecond in a second."""
    machine = Machine()
    machine.wall += 200_000_000
    last_ns = machine.clock.wall_ns()
    for _ in range(400):
        machine.run(1)
        now_ns = machine.clock.wall_ns()
        assert abs(now_ns - last_ns - S) <= 500_000
        last_ns = now_ns
    assert abs(machine.clock.wall_ns() - machine.wall) < 1_000_000


def test_the_date_is_of_the_same_clock() -> None:
    """``now`` and ``wall_ns`` agree to the microsecond."""
    machine = Machine()
    machine.wall += HOUR_NS
    machine.run(1.234567)
    assert int(machine.clock.now().timestamp() * 1e6 + 0.5) == machine.clock.wall_ns() // 1000


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(-7200, 7200)), max_size=40))
def test_time_never_goes_back(turns: list[tuple[float, float]]) -> None:
    """Whatever is done to the machine's clock."""
    machine = Machine()
    last_ns = machine.clock.wall_ns()
    for seconds, step in turns:
        machine.wall += int(step * S)
        machine.run(seconds)
        now_ns = machine.clock.wall_ns()
        assert now_ns >= last_ns
        last_ns = now_ns
