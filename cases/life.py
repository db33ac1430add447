"""PURE. The life of a case: which move follows which, and what may be done instead.

From filing to its end a case goes through an inspection, a decision, the way back of the
goods and the settlement; an appeal or a dispute opens the decision again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cases.policy_rules import AnswerKind
from cases.states import CaseState, CaseTrigger, Outcome
from runtime.errors import CaseError

_S = CaseState
_T = CaseTrigger

_Moves = Mapping[CaseTrigger, CaseState]

_SETTLED: Final = {
    _T.REFUND: _S.REFUNDED,
    _T.REFUND_PARTLY: _S.PARTLY_REFUNDED,
    _T.EXCHANGE: _S.EXCHANGED,
    _T.REJECT: _S.REJECTED,
}
"""What ends the matter whether or not the goods came back."""

_FINAL: Final = {_T.APPEAL: _S.APPEALED, _T.DISPUTE: _S.DISPUTED, _T.CLOSE: _S.CLOSED}
"""What may follow an end."""

_REOPENED: Final = {
    _T.OFFER: _S.INSPECTION_OFFERED,
    _T.DECIDE: _S.DECIDED,
    _T.CLOSE: _S.CLOSED,
}
"""What a case that is open again, or back in the warehouse, may need: a second look, a word."""

_BEFORE_DECISION: Final = frozenset(
    {_S.FILED, _S.KEEP_OFFERED, _S.INSPECTION_OFFERED, _S.WAITING, _S.LIVE, _S.INSPECTED}
)


def _link(state: CaseState) -> _Moves:
    """A new link lets the buyer read on; it does not reopen the case."""
    return {_T.OFFER: state, _T.WITHDRAW_OFFER: state}


def _stays(state: CaseState) -> _Moves:
    """A buyer who came and left before a host was there changes nothing."""
    return {_T.BUYER_GIVES_UP: state, _T.WITHDRAW_OFFER: state}


CASE_MOVES: Final[Mapping[CaseState, _Moves]] = {
    _S.FILED: {
        _T.OFFER: _S.INSPECTION_OFFERED,
        _T.WITHDRAW_OFFER: _S.FILED,
        _T.OFFER_KEEPING: _S.KEEP_OFFERED,
        # The link of a case that a person is to answer lets its buyer show it all the same.
        _T.BUYER_ARRIVES: _S.WAITING,
        _T.DECIDE: _S.DECIDED,
        _T.CLOSE: _S.CLOSED,
    },
    _S.KEEP_OFFERED: {
        **_link(_S.KEEP_OFFERED),
        _T.ACCEPT_OFFER: _S.RESOLVED,
        _T.DECLINE_OFFER: _S.INSPECTION_OFFERED,
        _T.DECIDE: _S.DECIDED,
        _T.CLOSE: _S.CLOSED,
    },
    _S.INSPECTION_OFFERED: {
        _T.OFFER: _S.INSPECTION_OFFERED,
        _T.WITHDRAW_OFFER: _S.FILED,
        _T.BUYER_ARRIVES: _S.WAITING,
        _T.HOST_MEETS: _S.LIVE,
        _T.BUYER_GIVES_UP: _S.INSPECTION_OFFERED,
        _T.DECIDE: _S.DECIDED,
        _T.CLOSE: _S.CLOSED,
    },
    _S.WAITING: {
        **_link(_S.WAITING),
        _T.BUYER_ARRIVES: _S.WAITING,
        _T.HOST_MEETS: _S.LIVE,
        _T.BUYER_GIVES_UP: _S.INSPECTION_OFFERED,
    },
    _S.LIVE: {
        **_link(_S.LIVE),
        _T.BUYER_ARRIVES: _S.LIVE,
        _T.HOST_MEETS: _S.LIVE,
        _T.HOST_RELEASES: _S.WAITING,
        _T.INSPECTION_ENDS: _S.INSPECTED,
    },
    _S.INSPECTED: {
        **_REOPENED,
        **_stays(_S.INSPECTED),
        _T.BUYER_ARRIVES: _S.WAITING,
        _T.HOST_MEETS: _S.LIVE,
    },
    _S.DECIDED: {
        **_link(_S.DECIDED),
        **_SETTLED,
        **_FINAL,
        _T.DECIDE: _S.DECIDED,
        _T.RESOLVE: _S.RESOLVED,
        _T.GIVE_LABEL: _S.LABEL_GIVEN,
        # Some buyers send it off by themselves, and some parcels come unannounced.
        _T.SHIP: _S.SHIPPED,
        _T.RECEIVE: _S.RECEIVED,
    },
    _S.LABEL_GIVEN: {
        **_link(_S.LABEL_GIVEN),
        **_FINAL,
        _T.GIVE_LABEL: _S.LABEL_GIVEN,
        _T.SHIP: _S.SHIPPED,
        _T.RECEIVE: _S.RECEIVED,
        _T.DECIDE: _S.DECIDED,
    },
    _S.SHIPPED: {
        **_link(_S.SHIPPED),
        **_FINAL,
        _T.RECEIVE: _S.RECEIVED,
        # A parcel that is lost is settled all the same.
        _T.DECIDE: _S.DECIDED,
    },
    _S.RECEIVED: {
        **_REOPENED,
        **_stays(_S.RECEIVED),
        **_FINAL,
        _T.CHECK: _S.CHECKED,
    },
    _S.CHECKED: {
        **_REOPENED,
        **_stays(_S.CHECKED),
        **_SETTLED,
        **_FINAL,
        _T.CHECK: _S.CHECKED,
        _T.SEND_BACK: _S.SENT_BACK,
    },
    _S.RESOLVED: {
        **_link(_S.RESOLVED),
        **_FINAL,
        # What the buyer is given for keeping it.
        _T.REFUND_PARTLY: _S.RESOLVED,
    },
    _S.REFUNDED: {**_link(_S.REFUNDED), **_FINAL},
    _S.PARTLY_REFUNDED: {
        **_link(_S.PARTLY_REFUNDED),
        **_FINAL,
        _T.REFUND_PARTLY: _S.PARTLY_REFUNDED,
        _T.REFUND: _S.REFUNDED,
        _T.SEND_BACK: _S.SENT_BACK,
    },
    _S.EXCHANGED: {**_link(_S.EXCHANGED), **_FINAL},
    _S.SENT_BACK: {**_link(_S.SENT_BACK), **_FINAL},
    _S.REJECTED: {**_link(_S.REJECTED), **_FINAL, _T.SEND_BACK: _S.SENT_BACK},
    _S.APPEALED: {**_REOPENED, **_stays(_S.APPEALED), _T.DISPUTE: _S.DISPUTED},
    _S.DISPUTED: {**_REOPENED, **_stays(_S.DISPUTED)},
    _S.CLOSED: {_T.WITHDRAW_OFFER: _S.CLOSED},
}

BY_HAND: Final = (
    _T.GIVE_LABEL,
    _T.SHIP,
    _T.RECEIVE,
    _T.CHECK,
    _T.RESOLVE,
    _T.REFUND,
    _T.REFUND_PARTLY,
    _T.EXCHANGE,
    _T.SEND_BACK,
    _T.REJECT,
    _T.APPEAL,
    _T.DISPUTE,
)
"""The moves that somebody makes on purpose, in the order of a life (``moves.py``)."""

ANSWERED_BY: Final[Mapping[AnswerKind, CaseTrigger | None]] = {
    AnswerKind.APPROVE: _T.DECIDE,
    AnswerKind.REJECT: _T.DECIDE,
    AnswerKind.INSPECT_BY_VIDEO: _T.OFFER,
    AnswerKind.OFFER: _T.OFFER_KEEPING,
    AnswerKind.ASK_A_PERSON: None,
}
"""How a policy's answer moves a case that was just filed; None leaves it to a person."""

DECIDED_AS: Final[Mapping[AnswerKind, Outcome]] = {
    AnswerKind.APPROVE: Outcome.REFUND,
    AnswerKind.REJECT: Outcome.REJECT,
}
"""What is decided by the answers that decide at once."""

_WORDS: Final[Mapping[CaseTrigger, str]] = {
    _T.OFFER: "an inspection can be offered",
    _T.ACCEPT_OFFER: "the buyer can accept the offer",
    _T.DECLINE_OFFER: "the buyer can decline the offer",
    _T.DECIDE: "it can be decided",
    _T.GIVE_LABEL: "a label can be given",
    _T.SHIP: "it can be marked as shipped",
    _T.RECEIVE: "it can be marked as received",
    _T.CHECK: "what came back can be checked",
    _T.RESOLVE: "it can be marked as resolved",
    _T.REFUND: "it can be refunded",
    _T.REFUND_PARTLY: "it can be refunded in part",
    _T.EXCHANGE: "it can be exchanged",
    _T.SEND_BACK: "the goods can be sent back",
    _T.REJECT: "it can be rejected",
    _T.APPEAL: "the buyer can appeal",
    _T.DISPUTE: "it can be disputed",
    _T.CLOSE: "it can be closed",
}

_ENDED: Final = frozenset(
    {_S.RESOLVED, _S.REFUNDED, _S.PARTLY_REFUNDED, _S.EXCHANGED, _S.SENT_BACK, _S.REJECTED}
)

_NEXT_BY_OUTCOME: Final[Mapping[Outcome, CaseTrigger]] = {
    Outcome.RESOLVED_WITHOUT_RETURN: _T.RESOLVE,
    Outcome.REFUND: _T.GIVE_LABEL,
    Outcome.PARTIAL_REFUND: _T.REFUND_PARTLY,
    Outcome.EXCHANGE: _T.GIVE_LABEL,
    Outcome.SEND_BACK: _T.GIVE_LABEL,
    Outcome.REJECT: _T.REJECT,
}
_NEXT_AFTER_CHECK: Final[Mapping[Outcome, CaseTrigger]] = {
    Outcome.RESOLVED_WITHOUT_RETURN: _T.SEND_BACK,
    Outcome.REFUND: _T.REFUND,
    Outcome.PARTIAL_REFUND: _T.REFUND_PARTLY,
    Outcome.EXCHANGE: _T.EXCHANGE,
    Outcome.SEND_BACK: _T.SEND_BACK,
    Outcome.REJECT: _T.REJECT,
}
_NEXT_BY_STATE: Final[Mapping[CaseState, CaseTrigger]] = {
    _S.LABEL_GIVEN: _T.SHIP,
    _S.SHIPPED: _T.RECEIVE,
    _S.RECEIVED: _T.CHECK,
    _S.INSPECTED: _T.DECIDE,
    _S.APPEALED: _T.DECIDE,
    _S.DISPUTED: _T.DECIDE,
    **dict.fromkeys(_ENDED, _T.CLOSE),
}


def next_case_state(state: CaseState, trigger: CaseTrigger) -> CaseState:
    """The state that follows.

    Raises:
        CaseError: ``case_closed`` (409) when nothing can follow any more or the decision
            stands, ``session_open`` (409) when an open session is in the way,
            ``wrong_state`` (409) otherwise; the last says what may be done instead.
    """
    following = CASE_MOVES[state].get(trigger)
    if following is not None:
        return following
    if state is _S.CLOSED or (
        trigger in (_T.BUYER_ARRIVES, _T.HOST_MEETS) and state not in _BEFORE_DECISION
    ):
        raise CaseError("case_closed", "This case has been decided.", state=str(state))
    if state in (_S.WAITING, _S.LIVE):
        raise CaseError(
            "session_open", "An inspection of this case is under way.", state=str(state)
        )
    instead = [_WORDS[one] for one in CASE_MOVES[state] if one in _WORDS]
    raise CaseError(
        "wrong_state",
        f"A case that is {_spaced(state)} cannot take {_spaced(trigger)}: {', or '.join(instead)}.",
        state=str(state),
    )


def takes_buyers(state: CaseState) -> bool:
    """Whether the buyer may come into a call now."""
    return _T.BUYER_ARRIVES in CASE_MOVES[state]


def nothing_to_show(state: CaseState) -> bool:
    """Whether nobody waits to be shown anything: decided, or an offer is to be answered."""
    return not takes_buyers(state)


def moves_by_hand(state: CaseState) -> tuple[CaseTrigger, ...]:
    """What somebody may do next on purpose, besides deciding, offering and closing."""
    return tuple(one for one in BY_HAND if one in CASE_MOVES[state])


def next_step(state: CaseState, outcome: Outcome | None, owed_minor: int = 0) -> CaseTrigger | None:
    """The one thing to do next, None while there is nothing but to wait.

    ``owed_minor`` is what the buyer still gets for keeping it, in the currency's minor unit.
    """
    if state is _S.RESOLVED and owed_minor > 0:
        return _T.REFUND_PARTLY
    if state is _S.DECIDED and outcome is not None:
        return _NEXT_BY_OUTCOME[outcome]
    if state is _S.CHECKED and outcome is not None:
        return _NEXT_AFTER_CHECK[outcome]
    return _NEXT_BY_STATE.get(state)


def _spaced(name: str) -> str:
    return str(name).replace("_", " ")
