"""Who is heard, what their media is, and what becomes of a hand-over by itself."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cases.handover_states import OVER, RING_FOR, HandoverState, next_by_itself
from cases.states import Capacity, ParticipantRole, Presence, Role, Voice
from cases.voices import capacity_of_staff, granted, media_role

voices = st.lists(st.sampled_from(Voice), max_size=8)
presences = st.sampled_from(Presence)
ages = st.timedeltas(timedelta(0), timedelta(minutes=5))


@given(voices)
def test_one_observer_speaks_at_a_time(wanted: list[Voice]) -> None:
    """In whatever order they come; who would speak too has to be let."""
    room: list[Voice] = []
    for wish in wanted:
        room.append(granted(wish, room))
    assert room.count(Voice.SPEAKS) <= 1
    assert [voice is Voice.SILENT for voice in room] == [wish is Voice.SILENT for wish in wanted]


@given(st.sampled_from(Voice), st.booleans())
def test_only_who_speaks_with_recorded_media_is_an_observer_in_the_room(
    voice: Voice, has_media: bool
) -> None:
    """Everybody else listens, whatever their browser sends."""
    found = media_role(ParticipantRole.OBSERVER, in_charge=False, voice=voice, has_media=has_media)
    assert (found == "observer") == (voice is Voice.SPEAKS and has_media)
    assert found in ("observer", "listener")


def test_one_host_is_in_charge_and_another_is_the_successor() -> None:
    """The room knows them apart; the buyer is the buyer."""

    def of(role: ParticipantRole, in_charge: bool) -> str:
        return media_role(role, in_charge=in_charge, voice=None, has_media=True)

    assert of(ParticipantRole.HOST, True) == "host"
    assert of(ParticipantRole.HOST, False) == "successor"
    assert of(ParticipantRole.BUYER, False) == "buyer"


def test_staff_observe_as_what_they_are() -> None:
    """The seller's people as agents, who runs the warehouse as supervisor."""
    assert capacity_of_staff([Role.ADMIN], of_the_seller=True) is Capacity.AGENT
    assert capacity_of_staff([Role.ADMIN], of_the_seller=False) is Capacity.SUPERVISOR
    assert capacity_of_staff([Role.INSPECTOR], of_the_seller=False) is Capacity.COLLEAGUE


@given(ages, presences, st.none() | presences)
def test_ringing_ends_after_half_a_minute_whoever_is_there(
    age: timedelta, host: Presence, successor: Presence | None
) -> None:
    """Then the first host has the buyer still."""
    after = next_by_itself(HandoverState.RINGING, age, host, successor)
    over = age >= RING_FOR
    assert after is (HandoverState.UNANSWERED if over else HandoverState.RINGING)


@given(ages, presences, presences)
def test_the_buyer_goes_to_whoever_is_there(
    age: timedelta, host: Presence, successor: Presence
) -> None:
    """The successor once the first is gone; the first if the successor goes; never neither."""
    after = next_by_itself(HandoverState.ACCEPTED, age, host, successor)
    if after is HandoverState.DONE:
        assert successor is Presence.HERE is not host
    if host is Presence.HERE is not successor:
        assert after is HandoverState.SUCCESSOR_GONE
    if host is successor is Presence.HERE:
        assert after is HandoverState.ACCEPTED


@given(st.sampled_from(sorted(OVER)), ages, presences, st.none() | presences)
def test_what_is_over_stays_over(
    state: HandoverState, age: timedelta, host: Presence, successor: Presence | None
) -> None:
    """Whatever comes later."""
    assert next_by_itself(state, age, host, successor) is state
