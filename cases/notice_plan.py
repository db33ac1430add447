"""PURE. Which notices follow from an entry of the case log: the one place that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cases.notice_kinds import NoticeKind

_UNREAD_AFTER: Final = timedelta(minutes=3)
"""Whoever has the page open reads a message within this."""
_AFTER_DELIVERY: Final = timedelta(days=2)
_STILLS_ARE_IN_AFTER: Final = timedelta(minutes=12)
"""Sealing waits ten minutes for photographs; then the newest receipt speaks for them, too."""
_STAFF: Final = ("staff", "key")
_BY_TRIGGER: Final[Mapping[str, NoticeKind]] = {
    "give_label": NoticeKind.LABEL,
    "ship": NoticeKind.SHIPPED,
    "receive": NoticeKind.RECEIVED,
    "refund": NoticeKind.REFUNDED,
    "refund_partly": NoticeKind.REFUNDED,
    "exchange": NoticeKind.SENT_OUT,
    "send_back": NoticeKind.SENT_OUT,
}
_BY_KIND: Final[Mapping[str, NoticeKind]] = {
    "link_reminder": NoticeKind.REMINDER,
    "appointment_booked": NoticeKind.APPOINTMENT,
    "appointment_moved": NoticeKind.APPOINTMENT,
    "appointment_reminder": NoticeKind.APPOINTMENT_REMINDER,
    "appointment_missed": NoticeKind.APPOINTMENT_MISSED,
    "verdict": NoticeKind.DECIDED,
}
_BUYERS_ANOMALIES: Final = ("stuck", "exception", "returned", "lost")


@dataclass(frozen=True, slots=True)
class Planned:
    """A notice to be ordered; of two with one kind and subject in a case only the first is."""

    kind: NoticeKind
    subject: str
    after: timedelta = timedelta(0)
    instead_of: NoticeKind | None = None
    """What was ordered in the same moment and says less: it goes, and this goes as promptly."""


def planned(
    kind: str, payload: Mapping[str, object], *, actor: str, seq: int, at_opening: bool
) -> Sequence[Planned]:
    """What the buyer is to be told because of an entry.

    ``at_opening``: it was written with the case itself, whose own notice says it already.
    """
    role = actor.partition(":")[0]
    if kind == "case_opened":
        return [Planned(NoticeKind.FILED, "case")]
    if kind == "link_issued":
        return [] if at_opening else [Planned(NoticeKind.INVITED, str(seq))]
    if kind == "policy_answered":
        answer = payload.get("answer")
        # A policy that decides is told by its verdict; an offer waits for the buyer's answer.
        offers = isinstance(answer, Mapping) and answer.get("kind") == "offer"
        return [Planned(NoticeKind.ANSWERED, str(seq))] if offers and not at_opening else []
    if kind == "verdict" and at_opening:
        # One mail says that the return is here, and what the policy has decided about it.
        return [Planned(NoticeKind.DECIDED, str(seq), instead_of=NoticeKind.FILED)]
    if kind == "host_waits":
        return [Planned(NoticeKind.HOST_READY, str(payload.get("session_id")))]
    if kind == "message":
        return [Planned(NoticeKind.MESSAGE, str(seq), _UNREAD_AFTER)] if role in _STAFF else []
    if kind == "moved":
        by_trigger = _BY_TRIGGER.get(str(payload.get("trigger")))
        return [Planned(by_trigger, str(seq))] if by_trigger else []
    if kind == "evidence_sealed":
        return _sealed(payload)
    if kind == "parcel_scanned":
        return _delivered(payload)
    if kind == "parcel_anomaly" and payload.get("anomaly") in _BUYERS_ANOMALIES:
        subject = f"{payload.get('parcel_id')}:{payload.get('anomaly')}"
        return [Planned(NoticeKind.PARCEL_ANOMALY, subject)]
    by_kind = _BY_KIND.get(kind)
    return [Planned(by_kind, str(seq))] if by_kind else []


def _sealed(payload: Mapping[str, object]) -> Sequence[Planned]:
    """One receipt for an inspection of which something was recorded, whatever is sealed later."""
    if not payload.get("recordings"):
        return []
    after = timedelta(0) if payload.get("complete") else _STILLS_ARE_IN_AFTER
    return [Planned(NoticeKind.RECEIPT, str(payload.get("session_id")), after)]


def _delivered(payload: Mapping[str, object]) -> Sequence[Planned]:
    if payload.get("way") != "out" or payload.get("status") != "delivered":
        return []
    subject = str(payload.get("parcel_id"))
    return [
        Planned(NoticeKind.DELIVERED, subject),
        Planned(NoticeKind.AFTER_DELIVERY, subject, _AFTER_DELIVERY),
    ]
