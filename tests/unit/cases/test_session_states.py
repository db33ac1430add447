"""When a session has gone stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.session_states import Attendance, EndCause, stale_cause
from cases.states import Presence, SessionState

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


def gone(minutes: float, presence: Presence = Presence.AWAY) -> Attendance:
    """Somebody who was last seen so long ago."""
    return Attendance(presence, NOW - timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("state", "people", "cause"),
    [
        (SessionState.WAITING, [gone(4.9)], None),
        (SessionState.WAITING, [gone(5)], EndCause.BUYER_AWAY),
        (SessionState.LIVE, [gone(29), gone(40)], None),
        (SessionState.LIVE, [gone(31), gone(40, Presence.LEFT)], EndCause.NOBODY_HERE),
        (SessionState.HELD, [gone(31)], EndCause.NOBODY_HERE),
        (SessionState.HELD, [], EndCause.NOBODY_HERE),
        (SessionState.ENDED, [gone(600)], None),
    ],
)
def test_a_session_is_stale_when_nobody_has_been_there_for_long(
    state: SessionState, people: list[Attendance], cause: EndCause | None
) -> None:
    """Five minutes for somebody who waits, half an hour for the rest."""
    assert stale_cause(state, people, LONG_AGO, NOW) == cause


@given(
    st.sampled_from(SessionState),
    st.lists(st.sampled_from([Presence.AWAY, Presence.LEFT]), max_size=4),
    st.floats(0, 1e5),
)
def test_nobody_is_thrown_out_of_a_session_they_are_in(
    state: SessionState, others: list[Presence], minutes: float
) -> None:
    """As long as anybody is here, nothing is stale."""
    people = [gone(minutes, presence) for presence in others] + [gone(minutes, Presence.HERE)]
    assert stale_cause(state, people, LONG_AGO, NOW) is None
