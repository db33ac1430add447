"""PURE. What webhooks tell, how a message is signed, and when it is tried again or given up.

The signature is that of the Standard Webhooks specification.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from runtime.errors import CaseError

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with
SECRET_BYTES: Final = 32
MAX_ENDPOINTS: Final = 20
OLD_SECRET_LASTS: Final = timedelta(hours=24)
ROUND_LASTS: Final = timedelta(hours=24)
"""How long one message is tried before it is given up."""
DISABLED_AFTER: Final = timedelta(days=4)
"""How long every try of an endpoint may fail before it is disabled."""
KEPT_FOR: Final = timedelta(days=30)
TEST_KIND: Final = "webhook.test"
IN_FLIGHT: Final = 8
"""How many messages one endpoint is sent at a time; fewer while it fails."""
IN_FLIGHT_FAILING: Final = 2
ORDER_LASTS: Final = timedelta(hours=1)
"""After that an ordered try counts as lost and is ordered again."""
_PAUSES_S: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400)
_KIND: Final = re.compile(r"case\.[a-z][a-z0-9_]{0,60}")


class DeliveryState(StrEnum):
    """Where a message to one endpoint stands."""

    WAITING = "waiting"  # for its time
    ORDERED = "ordered"  # a worker has it, or soon will
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    HELD = "held"  # the endpoint was disabled: it goes when somebody replays it


class DeliveryFailure(StrEnum):
    """Why a try did not succeed."""

    REFUSED = "refused"  # answered, but not with 2xx
    REDIRECT = "redirect"  # never followed
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    FORBIDDEN_ADDRESS = "forbidden_address"  # private, loopback, link-local …
    ERASED = "erased"  # the case is no more
    DISABLED = "disabled"


class DisabledNote(StrEnum):
    """Why an endpoint is told nothing."""

    BY_HAND = "by_hand"
    FAILED_FOR_DAYS = "failed_for_days"
    GONE = "gone"  # it answered 410


PUBLIC_KINDS: Final[Mapping[str, str]] = {
    "case.case_opened": "A case was opened",
    "case.moved": "A case went from one state to another",
    "case.link_issued": "A join link was issued",
    "case.link_revoked": "A join link was ended",
    "case.verdict": "A case was decided",
    "case.policy_answered": "A policy answered a case",
    "case.parcel_scanned": "A parcel came to another stage of its way",
    "case.parcel_anomaly": "Something is wrong with a parcel",
    "case.parcel_anomaly_over": "A parcel is on its way again",
    "case.label_ordered": "A label was ordered",
    "case.label_made": "A label is there",
    "case.label_refused": "There will be no label",
    "case.refund_ordered": "A refund was ordered",
    "case.refund_sent": "A refund was sent to the payment service",
    "case.refund_confirmed": "A refund was made",
    "case.refund_refused": "A refund was refused",
    "case.refund_unclear": "A refund's end is unclear",
    "case.carrier_claim": "A carrier claim changed",
    "case.observed": "Somebody observed an inspection",
    "case.handed_over": "A host handed the buyer to another",
    "case.evidence_sealed": "The recording of an inspection was sealed",
}
"""What is told today, in words; a newer kind of the case log is told too, by its name."""


def public_kind(kind: str) -> str:
    """How a kind of the case log is called outside."""
    return f"case.{kind}"


def checked_kinds(kinds: Sequence[str]) -> list[str]:
    """The kinds an endpoint asks for, each once and in order.

    Raises:
        CaseError: ``unknown_kind`` (422): no event can be called that.
    """
    for kind in kinds:
        if not _KIND.fullmatch(kind):
            raise CaseError("unknown_kind", f"There is no kind of event {kind[:80]!r}.", status=422)
    return sorted(set(kinds))


def is_wanted(kind: str, kinds: Sequence[str]) -> bool:
    """Whether an endpoint that asks for these kinds (none: all) is told this one."""
    return not kinds or kind in kinds


def message_id(case_id: str, seq: int) -> str:
    """The stable id of an event's message."""
    return f"msg_{case_id.removeprefix('cas_')}_{seq}"


def secret_text(secret: bytes) -> str:
    """A secret as people copy it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signatures(secrets: Sequence[bytes], message: str, timestamp_s: int, body: bytes) -> str:
    """The value of ``webhook-signature``: one signature for each secret that counts now."""
    signed = f"{message}.{timestamp_s}.".encode() + body
    made = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)


def pause_after(attempts: int, asked_s: int | None = None) -> timedelta:
    """How long to wait after so many failures; ``asked_s`` is what ``Retry-After`` said."""
    pause_s = _PAUSES_S[min(attempts, len(_PAUSES_S)) - 1]
    return timedelta(seconds=max(pause_s, min(asked_s or 0, 3600)))
