"""The way back of the goods, and what was paid or sent for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Parcel(Base):
    """A parcel of a case: back to the warehouse, or again to the buyer."""

    __tablename__ = "parcels"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    way: Mapped[str]  # Way: back, out
    carrier: Mapped[str | None]
    sealed_words: Mapped[bytes | None]  # cases.parcel_words.ParcelWords, under the case's key
    number_digest: Mapped[bytes | None] = mapped_column(index=True)  # of the tracking number
    created_at: Mapped[datetime]
    shipped_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    status: Mapped[str | None]  # ScanStatus of its newest scan
    status_at: Mapped[datetime | None]
    anomaly: Mapped[str | None]  # Anomaly
    anomaly_since: Mapped[datetime | None]
    look_at: Mapped[datetime | None] = mapped_column(index=True)  # when to look for scans again


class Settlement(Base):
    """What the buyer was given: money, or another thing."""

    __tablename__ = "settlements"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]  # CaseTrigger: refund, refund_partly, exchange
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    sealed_reference: Mapped[bytes | None]  # under the case's key
    at: Mapped[datetime]
    by: Mapped[str]
