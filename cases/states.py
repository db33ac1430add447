"""PURE. Every named state of the domain, and the tables that say which change follows which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from runtime.errors import CaseError


class CaseState(StrEnum):
    """Where a return stands."""

    FILED = "filed"
    INSPECTION_OFFERED = "inspection_offered"
    WAITING = "waiting"
    LIVE = "live"
    INSPECTED = "inspected"
    DECIDED = "decided"
    CLOSED = "closed"


class CaseTrigger(StrEnum):
    """What moves a case."""

    OFFER = "offer"  # a join link was issued
    WITHDRAW_OFFER = "withdraw_offer"  # the join link was revoked
    BUYER_ARRIVES = "buyer_arrives"  # the buyer joined and waits for a host
    HOST_MEETS = "host_meets"  # buyer and host are in one session
    HOST_RELEASES = "host_releases"  # the buyer is back in the queue
    BUYER_GIVES_UP = "buyer_gives_up"  # the session ended before a host came
    INSPECTION_ENDS = "inspection_ends"  # a live session ended
    DECIDE = "decide"
    CLOSE = "close"


class SessionState(StrEnum):
    """Where a live inspection stands."""

    WAITING = "waiting"  # the buyer waits for a host
    HELD = "held"  # a host waits for the buyer
    LIVE = "live"
    ENDED = "ended"


class SessionTrigger(StrEnum):
    """What moves a session."""

    HOST_TAKES = "host_takes"
    BUYER_ARRIVES = "buyer_arrives"
    HOST_RELEASES = "host_releases"
    END = "end"


class Direction(StrEnum):
    """Who shows the goods."""

    BUYER_SHOWS = "buyer_shows"
    WAREHOUSE_SHOWS = "warehouse_shows"


class ClaimReason(StrEnum):
    """What the buyer says is wrong."""

    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    NOT_AS_DESCRIBED = "not_as_described"
    WRONG_ITEM = "wrong_item"
    MISSING_PARTS = "missing_parts"
    COLOUR_DIFFERS = "colour_differs"
    SIZE_FIT = "size_fit"
    CHANGED_MIND = "changed_mind"
    OTHER = "other"


class Outcome(StrEnum):
    """What the parties do about it."""

    RESOLVED_WITHOUT_RETURN = "resolved_without_return"
    REFUND = "refund"
    PARTIAL_REFUND = "partial_refund"
    EXCHANGE = "exchange"
    SEND_BACK = "send_back"
    REJECT = "reject"


class Disposition(StrEnum):
    """What happens to the goods."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    QUARANTINE = "quarantine"
    DISPOSE = "dispose"
    MISSING = "missing"
    NOT_RECEIVED = "not_received"


class Liability(StrEnum):
    """Who or what caused it."""

    PRODUCT = "product"
    DESCRIPTION = "description"
    PACKING = "packing"
    CARRIER = "carrier"
    BUYER = "buyer"
    UNCLEAR = "unclear"


class Role(StrEnum):
    """What a staff member may do."""

    INSPECTOR = "inspector"
    AGENT = "agent"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API key may do."""

    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    EVIDENCE_READ = "evidence:read"
    WEBHOOKS_WRITE = "webhooks:write"
    FIGURES_READ = "figures:read"


class ParticipantRole(StrEnum):
    """What a person is in a session; ``BENCH`` is no person but the warehouse's fixed camera."""

    BUYER = "buyer"
    HOST = "host"
    OBSERVER = "observer"
    BENCH = "bench"


class Capacity(StrEnum):
    """As what an observer is there."""

    INTERPRETER = "interpreter"
    SUPERVISOR = "supervisor"  # who runs the warehouse
    AGENT = "agent"  # of the seller
    COLLEAGUE = "colleague"  # another inspector


class Voice(StrEnum):
    """Whether an observer is heard and seen; all of them hear and see."""

    SILENT = "silent"
    ASKS = "asks"  # would speak: the host decides
    SPEAKS = "speaks"


class Presence(StrEnum):
    """Whether a participant is there."""

    HERE = "here"
    AWAY = "away"
    LEFT = "left"


class ConnectionWord(StrEnum):
    """A plain word on somebody's connection."""

    GOOD = "good"
    WEAK = "weak"
    BAD = "bad"
    LOST = "lost"


class DeviceState(StrEnum):
    """What a browser is to a join link."""

    BOUND = "bound"
    ASKING = "asking"
    REFUSED = "refused"
    REPLACED = "replaced"


class LinkState(StrEnum):
    """What a join link is worth now."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NONE = "none"


class StillState(StrEnum):
    """Where a photograph stands."""

    WANTED = "wanted"
    CUT = "cut"
    FAILED = "failed"


CASE_MOVES: Final[Mapping[CaseState, Mapping[CaseTrigger, CaseState]]] = {
    CaseState.FILED: {
        CaseTrigger.OFFER: CaseState.INSPECTION_OFFERED,
        CaseTrigger.WITHDRAW_OFFER: CaseState.FILED,
        CaseTrigger.DECIDE: CaseState.DECIDED,
        CaseTrigger.CLOSE: CaseState.CLOSED,
    },
    CaseState.INSPECTION_OFFERED: {
        CaseTrigger.OFFER: CaseState.INSPECTION_OFFERED,
        CaseTrigger.WITHDRAW_OFFER: CaseState.FILED,
        CaseTrigger.BUYER_ARRIVES: CaseState.WAITING,
        CaseTrigger.HOST_MEETS: CaseState.LIVE,
        CaseTrigger.BUYER_GIVES_UP: CaseState.INSPECTION_OFFERED,
        CaseTrigger.DECIDE: CaseState.DECIDED,
        CaseTrigger.CLOSE: CaseState.CLOSED,
    },
    CaseState.WAITING: {
        CaseTrigger.OFFER: CaseState.WAITING,
        CaseTrigger.WITHDRAW_OFFER: CaseState.WAITING,
        CaseTrigger.BUYER_ARRIVES: CaseState.WAITING,
        CaseTrigger.HOST_MEETS: CaseState.LIVE,
        CaseTrigger.BUYER_GIVES_UP: CaseState.INSPECTION_OFFERED,
    },
    CaseState.LIVE: {
        CaseTrigger.OFFER: CaseState.LIVE,
        CaseTrigger.WITHDRAW_OFFER: CaseState.LIVE,
        CaseTrigger.BUYER_ARRIVES: CaseState.LIVE,
        CaseTrigger.HOST_MEETS: CaseState.LIVE,
        CaseTrigger.HOST_RELEASES: CaseState.WAITING,
        CaseTrigger.INSPECTION_ENDS: CaseState.INSPECTED,
    },
    CaseState.INSPECTED: {
        CaseTrigger.OFFER: CaseState.INSPECTION_OFFERED,
        CaseTrigger.WITHDRAW_OFFER: CaseState.INSPECTED,
        CaseTrigger.BUYER_ARRIVES: CaseState.WAITING,
        CaseTrigger.HOST_MEETS: CaseState.LIVE,
        CaseTrigger.BUYER_GIVES_UP: CaseState.INSPECTED,
        CaseTrigger.DECIDE: CaseState.DECIDED,
        CaseTrigger.CLOSE: CaseState.CLOSED,
    },
    CaseState.DECIDED: {
        # A new link lets the buyer read the outcome; it does not reopen the case.
        CaseTrigger.OFFER: CaseState.DECIDED,
        CaseTrigger.WITHDRAW_OFFER: CaseState.DECIDED,
        CaseTrigger.DECIDE: CaseState.DECIDED,
        CaseTrigger.CLOSE: CaseState.CLOSED,
    },
    CaseState.CLOSED: {
        CaseTrigger.WITHDRAW_OFFER: CaseState.CLOSED,
    },
}

SESSION_MOVES: Final[Mapping[SessionState, Mapping[SessionTrigger, SessionState]]] = {
    SessionState.WAITING: {
        SessionTrigger.HOST_TAKES: SessionState.LIVE,
        SessionTrigger.BUYER_ARRIVES: SessionState.WAITING,
        SessionTrigger.END: SessionState.ENDED,
    },
    SessionState.HELD: {
        SessionTrigger.BUYER_ARRIVES: SessionState.LIVE,
        SessionTrigger.HOST_RELEASES: SessionState.ENDED,
        SessionTrigger.END: SessionState.ENDED,
    },
    SessionState.LIVE: {
        SessionTrigger.BUYER_ARRIVES: SessionState.LIVE,
        SessionTrigger.HOST_RELEASES: SessionState.WAITING,
        SessionTrigger.END: SessionState.ENDED,
    },
    SessionState.ENDED: {},
}


def next_case_state(state: CaseState, trigger: CaseTrigger) -> CaseState:
    """The state that follows.

    Raises:
        CaseError: ``case_closed`` (409) when nothing can follow any more,
            ``session_open`` (409) when an open session is in the way,
            ``wrong_state`` (409) otherwise.
    """
    following = CASE_MOVES[state].get(trigger)
    if following is not None:
        return following
    if state in (CaseState.DECIDED, CaseState.CLOSED):
        raise CaseError("case_closed", "This case has been decided.", state=str(state))
    if state in (CaseState.WAITING, CaseState.LIVE):
        raise CaseError(
            "session_open", "An inspection of this case is under way.", state=str(state)
        )
    raise CaseError(
        "wrong_state", f"A case that is {state} cannot take {trigger}.", state=str(state)
    )


def next_session_state(state: SessionState, trigger: SessionTrigger) -> SessionState:
    """The state that follows.

    Raises:
        CaseError: ``already_ended`` (409) or ``wrong_state`` (409).
    """
    following = SESSION_MOVES[state].get(trigger)
    if following is not None:
        return following
    if state is SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has ended.")
    raise CaseError(
        "wrong_state", f"A session that is {state} cannot take {trigger}.", state=str(state)
    )
