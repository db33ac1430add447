"""PURE. Every named state of the domain; the life of a case is in ``life.py``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from runtime.errors import CaseError


class CaseState(StrEnum):
    """Where a return stands."""

    FILED = "filed"
    KEEP_OFFERED = "keep_offered"  # the buyer is offered something for keeping it
    INSPECTION_OFFERED = "inspection_offered"
    WAITING = "waiting"
    LIVE = "live"
    INSPECTED = "inspected"
    DECIDED = "decided"
    LABEL_GIVEN = "label_given"  # the buyer has the label and the address
    SHIPPED = "shipped"
    RECEIVED = "received"
    CHECKED = "checked"  # looked at in the warehouse
    RESOLVED = "resolved"  # without return
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"
    EXCHANGED = "exchanged"
    SENT_BACK = "sent_back"
    REJECTED = "rejected"
    APPEALED = "appealed"
    DISPUTED = "disputed"  # before a marketplace, a bank or a court
    CLOSED = "closed"


class CaseTrigger(StrEnum):
    """What moves a case."""

    OFFER = "offer"  # a join link was issued
    WITHDRAW_OFFER = "withdraw_offer"  # the join link was revoked
    OFFER_KEEPING = "offer_keeping"  # the policy offers something for keeping it
    ACCEPT_OFFER = "accept_offer"  # the buyer keeps it for that
    DECLINE_OFFER = "decline_offer"
    BUYER_ARRIVES = "buyer_arrives"  # the buyer joined and waits for a host
    HOST_MEETS = "host_meets"  # buyer and host are in one session
    HOST_RELEASES = "host_releases"  # the buyer is back in the queue
    BUYER_GIVES_UP = "buyer_gives_up"  # the session ended before a host came
    INSPECTION_ENDS = "inspection_ends"  # a live session ended
    DECIDE = "decide"
    GIVE_LABEL = "give_label"
    SHIP = "ship"
    RECEIVE = "receive"
    CHECK = "check"
    RESOLVE = "resolve"
    REFUND = "refund"
    REFUND_PARTLY = "refund_partly"
    EXCHANGE = "exchange"
    SEND_BACK = "send_back"
    REJECT = "reject"
    APPEAL = "appeal"
    DISPUTE = "dispute"
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


class OfferWord(StrEnum):
    """What the buyer says to an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"


class Way(StrEnum):
    """Where a parcel goes."""

    BACK = "back"  # from the buyer to the warehouse
    OUT = "out"  # to the buyer


class Disposition(StrEnum):
    """What happens to the goods."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    QUARANTINE = "quarantine"
    DISPOSE = "dispose"
    MISSING = "missing"
    NOT_RECEIVED = "not_received"


class Grade(StrEnum):
    """In which condition a returned thing is; what each means is said per category."""

    A = "A"  # as new
    B = "B"  # signs of use
    C = "C"  # damaged, works
    D = "D"  # does not work, or incomplete


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
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    WEBHOOKS_WRITE = "webhooks:write"
    FIGURES_READ = "figures:read"
    KEEPING_WRITE = "keeping:write"


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


class AttachmentState(StrEnum):
    """How far an attachment is."""

    UPLOADING = "uploading"
    KEPT = "kept"
    REFUSED = "refused"
    REMOVED = "removed"


class Refusal(StrEnum):
    """Why a file is not taken."""

    TYPE = "type"
    BROKEN = "broken"
    TWO_IN_ONE = "two_in_one"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"


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
