"""A seller's webhook endpoints, what each is owed, and every try to deliver it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class WebhookEndpoint(Base):
    """An address of a seller's own system that is told what happens to its cases."""

    __tablename__ = "webhook_endpoints"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    url: Mapped[str]
    name: Mapped[str]
    kinds: Mapped[list[Any]]  # public kinds; an empty list means all
    secret: Mapped[bytes]  # encrypted with the tenant's key
    old_secret: Mapped[bytes | None]  # signs beside the new one after a rotation
    old_secret_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_note: Mapped[str | None]  # DisabledNote
    failing_since: Mapped[datetime | None]  # the first failure after the last success
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class WebhookDelivery(Base):
    """One event that one endpoint is owed; what it says is read from the log when it is sent."""

    __tablename__ = "webhook_deliveries"
    id: Mapped[str] = mapped_column(primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"))
    message_id: Mapped[str]  # the same for every try and every endpoint
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))  # NULL: a test message
    seq: Mapped[int | None]  # in the case's log
    kind: Mapped[str]
    at: Mapped[datetime]  # when it happened
    state: Mapped[str]  # DeliveryState
    attempts: Mapped[int] = mapped_column(default=0)  # of this round: a replay begins anew
    tries: Mapped[int] = mapped_column(default=0)  # ever
    due_at: Mapped[datetime | None]  # of the next try, while it waits
    give_up_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        Index("ix_webhook_deliveries_state_due_at", "state", "due_at"),
        Index("ix_webhook_deliveries_endpoint_id_at", "endpoint_id", "at", "id"),
        Index("ix_webhook_deliveries_endpoint_id_state", "endpoint_id", "state"),
        Index("ix_webhook_deliveries_at", "at"),
        Index("ix_webhook_deliveries_case_id", "case_id"),
    )


class WebhookAttempt(Base):
    """One try: what the other side answered, or why it could not be asked."""

    __tablename__ = "webhook_attempts"
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    status: Mapped[int | None]
    failure: Mapped[str | None]  # DeliveryFailure
    latency_ms: Mapped[int]
    sealed_answer: Mapped[
        bytes | None
    ]  # the first bytes as text, under the case's key or the seller's
