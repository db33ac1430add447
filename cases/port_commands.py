"""PURE. How a seller sets its ports up, and what is asked of them: bodies, checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    Base64Bytes,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from cases.commands import Command, Currency, Moment, Price, Title, Word, Words, one_line
from cases.move_commands import Reference, Tracking
from cases.tracking import ScanStatus

PLACEHOLDER: Final = re.compile(r"\{([a-z_]{1,40})\}")
MAX_SCANS: Final = 200
"""How many scans one body may hold."""


class PortKind(StrEnum):
    """What is done by somebody else's system."""

    TRACKING = "tracking"
    LABEL = "label"
    REFUND = "refund"


PLACEHOLDERS: Final[Mapping[PortKind, frozenset[str]]] = {
    PortKind.TRACKING: frozenset({"tracking_number", "carrier"}),
    PortKind.LABEL: frozenset({"reference", "order_number", "buyer_name", "address"}),
    PortKind.REFUND: frozenset(
        {"reference", "order_number", "amount", "amount_minor", "currency", "kind"}
    ),
}
"""The words in braces that a request of each port may hold."""


def _pointer(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("a JSON pointer begins with /")
    return value


def _template(value: str) -> str:
    head = re.match(r"https?://[^/?#{}]+", value)
    if head is None:
        raise ValueError("write a whole address; words in braces only after the host's name")
    return value


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,60}", value) or value.lower() in _OURS:
        raise ValueError("this is no header that a secret can be sent in")
    return value


_OURS: Final = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection",
     "accept-encoding", "idempotency-key", "cookie"}
)  # fmt: skip

Pointer = Annotated[str, StringConstraints(max_length=200), AfterValidator(_pointer)]
UrlTemplate = Annotated[
    str, StringConstraints(max_length=1500), AfterValidator(one_line), AfterValidator(_template)
]
HeaderName = Annotated[str, AfterValidator(_header)]
Secret = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, pattern=r"^[\x20-\x7e]+$"),
    Field(description="Sent in `header`; kept sealed and never told. Leave it out to keep it."),
]
JsonBody = dict[Annotated[str, StringConstraints(max_length=100)], JsonValue]
StatusWords = Annotated[dict[Word, ScanStatus], Field(max_length=200)]
AnswerWords = Annotated[list[Word], Field(max_length=50)]


FileContent = Annotated[Base64Bytes, Field(description="The file in base64, 750 kB at most.")]


_LABEL_BODY: Final[dict[str, JsonValue]] = {
    "reference": "{reference}",
    "order": "{order_number}",
    "from": "{buyer_name}",
    "to": "{address}",
}
_REFUND_BODY: Final[dict[str, JsonValue]] = {
    "reference": "{reference}",
    "order": "{order_number}",
    "amount": "{amount_minor}",
    "currency": "{currency}",
}
_CONFIRMED: Final = ["succeeded", "completed", "confirmed", "refunded"]
_REFUSED: Final = ["failed", "refused", "rejected", "canceled", "cancelled"]


class PortSetup(Command):
    """What every port is told."""

    enabled: bool = True
    header: HeaderName = "Authorization"
    secret: Secret | None = None


class TrackingSetup(PortSetup):
    """Where the way of parcels is asked for, and how an answer is read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://carrier.example/v1/trackings/{tracking_number}",
                    "secret": "Bearer a-key",
                    "scans_at": "/events",
                    "words": {"depot_in": "in_transit"},
                }
            ]
        }
    )
    url: UrlTemplate | None = None
    scans_at: Pointer = "/events"
    number_at: Pointer = "/tracking_number"
    status_at: Pointer = "/status"
    time_at: Pointer = "/at"
    place_at: Pointer = "/place"
    words: StatusWords = Field(default_factory=dict)
    every_h: Annotated[int, Field(ge=1, le=72, strict=True)] = 6
    stuck_after_days: Annotated[int, Field(ge=1, le=60, strict=True)] = 5

    @model_validator(mode="after")
    def _placeholders(self) -> TrackingSetup:
        _only(PortKind.TRACKING, self.url)
        if self.url is not None and "{tracking_number}" not in self.url:
            raise ValueError("the address must hold {tracking_number}")
        return self


class LabelSetup(PortSetup):
    """Where labels are ordered, and where an answer holds them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://carrier.example/v1/labels",
                    "secret": "Bearer a-key",
                    "carrier": "Example Post",
                    "body": {"reference": "{reference}", "to": "{address}"},
                }
            ]
        }
    )
    url: UrlTemplate
    check_url: UrlTemplate | None = None
    """Asked by the test button: whatever answers without making a label."""
    carrier: Word
    body: JsonBody = _LABEL_BODY
    number_at: Pointer = "/tracking_number"
    label_at: Pointer = "/label"

    @model_validator(mode="after")
    def _placeholders(self) -> LabelSetup:
        _only(PortKind.LABEL, self.url, self.check_url, self.body)
        return self


class RefundSetup(PortSetup):
    """Where money is given back, and how to find out whether it was."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://pay.example/v1/refunds",
                    "status_url": "https://pay.example/v1/refunds/{reference}",
                    "secret": "Bearer a-key",
                    "body": {"order": "{order_number}", "amount": "{amount_minor}"},
                }
            ]
        }
    )
    url: UrlTemplate
    status_url: UrlTemplate | None = None
    """Asked before anything is repeated; without it an unclear end is for a person."""
    body: JsonBody = _REFUND_BODY
    id_at: Pointer = "/id"
    status_at: Pointer = "/status"
    amount_at: Pointer | None = None
    """Where an answer repeats the amount, in minor units: another one is unclear."""
    confirmed: AnswerWords = _CONFIRMED
    refused: AnswerWords = _REFUSED

    @model_validator(mode="after")
    def _placeholders(self) -> RefundSetup:
        _only(PortKind.REFUND, self.url, self.status_url, self.body)
        if self.status_url is not None and "{reference}" not in self.status_url:
            raise ValueError("the address of the status must hold {reference}")
        if set(self.confirmed) & set(self.refused):
            raise ValueError("a word cannot mean both")
        return self


class PortTest(Command):
    """What a test is about: a tracking number, for a parcel's way."""

    tracking_number: Tracking | None = None


class ReturnAddressIn(Command):
    """Where goods are sent back to."""

    address: Annotated[Words, Field(min_length=1, max_length=1000)]


class ScanIn(Command):
    """One scan of a parcel, known by its tracking number."""

    tracking_number: Tracking
    carrier: Word | None = None
    status: Annotated[Word, Field(description="Ours, or any that a carrier is known to use.")]
    at: Moment
    place: Word | None = None


class ScansIn(Command):
    """Scans of the seller's parcels; one that is known already changes nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scans": [
                        {
                            "tracking_number": "CN193847560DE",
                            "status": "in_transit",
                            "at": "2026-03-02T09:30:00Z",
                            "place": "Leipzig",
                        }
                    ]
                }
            ]
        }
    )
    scans: Annotated[list[ScanIn], Field(min_length=1, max_length=MAX_SCANS)]


class ScanTable(Command):
    """A table of scans as a carrier sends it: with a head, in UTF-8, UTF-16 or GB 18030."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"content": "dHJhY2tpbmdfbnVtYmVyLHN0YXR1cyxhdA0K", "zone": "Europe/Berlin"}
            ]
        }
    )
    content: FileContent
    zone: Annotated[str, Field(description="Of the times that name none.")] = "UTC"

    @model_validator(mode="after")
    def _zone(self) -> ScanTable:
        if self.zone not in available_timezones():
            raise ValueError("expected an IANA time zone")
        return self


class UploadLabel(Command):
    """A label that a person got elsewhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"content": "XlhBXkZEOl5YWg==", "tracking_number": "CN193847560DE"}]
        }
    )
    content: FileContent
    carrier: Word | None = None
    tracking_number: Tracking | None = None


class HandScan(Command):
    """What somebody read on the carrier's own page."""

    status: ScanStatus
    at: Moment | None = None
    place: Word | None = None


class OrderRefund(Command):
    """Give money back by the port; ``amount`` in the case's currency."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": "148.00", "currency": "EUR"}]}
    )
    amount: Price
    currency: Currency


class SettleRefund(Command):
    """What a person found out about a refund whose end was unclear."""

    refunded: Annotated[bool, Field(strict=True, description="Whether the money went out.")]
    reference: Reference | None = None


class OpenClaim(Command):
    """The seller will hold the carrier liable for a parcel."""

    parcel_id: Annotated[str, StringConstraints(max_length=40)]
    note: Words = ""
    evidence: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[0-9a-z]{1,40}$")]],
        Field(max_length=50, description="Ids of the case's photographs and attachments."),
    ] = Field(default_factory=list)


class FileClaim(Command):
    """It was sent to the carrier."""

    reference: Reference


class AnswerClaim(Command):
    """What the carrier says: how much it pays, or null for nothing."""

    amount: Price | None
    note: Annotated[Title | None, Field()] = None


def as_stored(setup: PortSetup) -> dict[str, Any]:
    """A set-up without what is sealed."""
    return setup.model_dump(mode="json", exclude={"secret", "enabled"})


def sensible(at: datetime, now: datetime) -> bool:
    """Whether a scan can have happened then: carriers' clocks are wrong by hours, not by years."""
    return -400 <= (at - now).days <= 1


def _only(kind: PortKind, *given: JsonValue) -> None:
    for word in (found for one in given for found in _words(one)):
        if word not in PLACEHOLDERS[kind]:
            known = ", ".join(f"{{{one}}}" for one in sorted(PLACEHOLDERS[kind]))
            raise ValueError(f"{{{word}}} is not known here; these are: {known}")


def _words(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return PLACEHOLDER.findall(value)
    if isinstance(value, dict):
        return [word for one in value.values() for word in _words(one)]
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    return []
