"""The tables of states: complete, closed, and never a way out of the end."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.life import (
    ANSWERED_BY,
    CASE_MOVES,
    DECIDED_AS,
    moves_by_hand,
    next_case_state,
    next_step,
    nothing_to_show,
    takes_buyers,
)
from cases.policy_rules import AnswerKind
from cases.states import (
    SESSION_MOVES,
    CaseState,
    CaseTrigger,
    Outcome,
    SessionState,
    SessionTrigger,
    next_session_state,
)
from runtime.errors import CaseError

case_triggers = st.lists(st.sampled_from(CaseTrigger), max_size=40)
session_triggers = st.lists(st.sampled_from(SessionTrigger), max_size=20)


def test_every_state_has_its_row() -> None:
    """A state without a row would be a KeyError on a bad day."""
    assert set(CASE_MOVES) == set(CaseState)
    assert set(SESSION_MOVES) == set(SessionState)


def test_every_case_state_can_be_reached() -> None:
    """From ``filed`` there is a way to each of them."""
    reached, frontier = {CaseState.FILED}, [CaseState.FILED]
    while frontier:
        for following in CASE_MOVES[frontier.pop()].values():
            if following not in reached:
                reached.add(following)
                frontier.append(following)
    assert reached == set(CaseState)


@given(case_triggers)
def test_a_case_moves_by_its_table_or_says_why_not(triggers: list[CaseTrigger]) -> None:
    """Whatever happens in whatever order: a state, or an error with a known code."""
    state = CaseState.FILED
    for trigger in triggers:
        before = state
        if trigger not in CASE_MOVES[before]:
            with pytest.raises(CaseError) as caught:
                next_case_state(state, trigger)
            assert caught.value.status == 409
            assert caught.value.code in {"case_closed", "session_open", "wrong_state"}
            continue
        state = next_case_state(state, trigger)
        if before is CaseState.CLOSED:
            assert state is CaseState.CLOSED
        if state is CaseState.DECIDED:
            assert before not in (CaseState.WAITING, CaseState.LIVE)


def test_every_case_can_be_closed_in_the_end() -> None:
    """From each state there is a way to ``closed``: none is a trap."""
    closing = {CaseState.CLOSED}
    while grown := {
        state
        for state in CaseState
        if state not in closing and closing & set(CASE_MOVES[state].values())
    }:
        closing |= grown
    assert closing == set(CaseState)


def test_money_moves_only_after_a_decision() -> None:
    """Whatever the order of triggers, nothing is paid or sent before it was decided or agreed."""
    paying = {
        CaseTrigger.REFUND,
        CaseTrigger.REFUND_PARTLY,
        CaseTrigger.EXCHANGE,
        CaseTrigger.SEND_BACK,
    }
    deciding = {CaseTrigger.DECIDE, CaseTrigger.ACCEPT_OFFER}
    undecided, frontier = {CaseState.FILED}, [CaseState.FILED]
    while frontier:
        state = frontier.pop()
        assert not paying & set(CASE_MOVES[state])
        for trigger, following in CASE_MOVES[state].items():
            if trigger not in deciding and following not in undecided:
                undecided.add(following)
                frontier.append(following)


def test_the_next_step_is_always_one_that_may_be_taken() -> None:
    """A page that offers what is then refused would send people in circles."""
    for state in CaseState:
        for outcome, owed_minor in product((None, *Outcome), (0, 2960)):
            step = next_step(state, outcome, owed_minor)
            assert step is None or step in CASE_MOVES[state]


def test_what_was_promised_for_keeping_it_comes_before_closing() -> None:
    """A discount that is still owed is the next step; once it is paid the case may be closed."""
    kept = (CaseState.RESOLVED, Outcome.RESOLVED_WITHOUT_RETURN)
    assert next_step(*kept, 2960) is CaseTrigger.REFUND_PARTLY
    assert next_step(*kept, 0) is CaseTrigger.CLOSE


@pytest.mark.parametrize("kind", AnswerKind)
def test_every_answer_of_a_policy_moves_a_filed_case_or_leaves_it_to_a_person(
    kind: AnswerKind,
) -> None:
    """The table has each kind, each move is legal, and what decides names its outcome."""
    trigger = ANSWERED_BY[kind]
    assert trigger is None or trigger in CASE_MOVES[CaseState.FILED]
    assert (kind in DECIDED_AS) == (trigger is CaseTrigger.DECIDE)
    assert (trigger is None) == (kind is AnswerKind.ASK_A_PERSON)


def test_an_offer_is_answered_once_and_only_where_it_was_made() -> None:
    """Neither before, nor again after the yes or the no."""
    for trigger in (CaseTrigger.ACCEPT_OFFER, CaseTrigger.DECLINE_OFFER):
        taking = {state for state in CaseState if trigger in CASE_MOVES[state]}
        assert taking == {CaseState.KEEP_OFFERED}


def test_a_buyer_comes_in_only_where_somebody_may_look() -> None:
    """The link of a case that is decided shows what was decided."""
    assert {state for state in CaseState if takes_buyers(state)} == {
        CaseState.FILED,
        CaseState.INSPECTION_OFFERED,
        CaseState.WAITING,
        CaseState.LIVE,
        CaseState.INSPECTED,
    }
    assert nothing_to_show(CaseState.KEEP_OFFERED)
    assert not nothing_to_show(CaseState.FILED)
    assert nothing_to_show(CaseState.REFUNDED)


def test_a_refused_move_says_what_may_be_done_instead() -> None:
    """The sentence is for a person."""
    with pytest.raises(CaseError, match=r"shipped cannot take refund: .*marked as received"):
        next_case_state(CaseState.SHIPPED, CaseTrigger.REFUND)
    assert moves_by_hand(CaseState.CLOSED) == ()


@given(session_triggers)
def test_a_session_that_ended_stays_ended(triggers: list[SessionTrigger]) -> None:
    """After the end every trigger is ``already_ended``."""
    state = SessionState.WAITING
    for trigger in triggers:
        if trigger not in SESSION_MOVES[state]:
            with pytest.raises(CaseError) as caught:
                next_session_state(state, trigger)
            expected = "already_ended" if state is SessionState.ENDED else "wrong_state"
            assert caught.value.code == expected
            continue
        assert state is not SessionState.ENDED
        state = next_session_state(state, trigger)


@pytest.mark.parametrize(
    ("state", "trigger", "code"),
    [
        (CaseState.DECIDED, CaseTrigger.BUYER_ARRIVES, "case_closed"),
        (CaseState.CLOSED, CaseTrigger.OFFER, "case_closed"),
        (CaseState.WAITING, CaseTrigger.DECIDE, "session_open"),
        (CaseState.LIVE, CaseTrigger.CLOSE, "session_open"),
        (CaseState.FILED, CaseTrigger.HOST_MEETS, "wrong_state"),
    ],
)
def test_a_refused_move_has_a_code(state: CaseState, trigger: CaseTrigger, code: str) -> None:
    """Pages tell people by the code what is in the way."""
    with pytest.raises(CaseError) as caught:
        next_case_state(state, trigger)
    assert caught.value.code == code
