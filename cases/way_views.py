"""All that is known of a case's parcels, labels, refunds by port and carrier claims."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, may
from cases.actor import Actor
from cases.carrier_claims import CarrierClaimView, list_claims
from cases.case_access import facts_of, load_case
from cases.errands import last_words
from cases.keys import KeyRing
from cases.labels import LabelView, list_labels
from cases.parcel_words import read_parcel
from cases.parcels import scans_of
from cases.port_commands import PortKind
from cases.ports import address_for, find_port
from cases.refunds import RefundView, list_refunds
from cases.states import Way
from cases.tables import Case, Parcel
from cases.tracking import Anomaly, ScanStatus, in_order
from cases.view import View


class ScanView(View):
    """One scan; ``words`` are the carrier's own."""

    status: ScanStatus
    at: datetime
    place: str
    words: str


class TrackedParcel(View):
    """A parcel: by whom, with which label, how far it is, and its scans as they happened."""

    id: str
    way: Way
    carrier: str | None
    tracking_number: str | None
    label_url: str | None
    address: str | None
    shipped_at: datetime | None
    received_at: datetime | None
    status: ScanStatus | None
    status_at: datetime | None
    anomaly: Anomaly | None
    anomaly_since: datetime | None
    asked: str | None
    """What came of the last question to the carrier."""
    scans: list[ScanView]


class WayView(View):
    """What belongs to a case's way back; ``ports`` are those that are connected."""

    ports: list[PortKind]
    may_settle: bool
    currency: str
    return_address: str | None
    parcels: list[TrackedParcel]
    labels: list[LabelView]
    refunds: list[RefundView]
    claims: list[CarrierClaimView]


async def way_view(tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str) -> WayView:
    """The way back of a case.

    Raises:
        CaseError: ``not_found`` (404) or ``forbidden`` (403).
    """
    case = await load_case(tx, actor, case_id, Action.VIEW_CASE)
    key = await keys.key_of(tx, case)
    parcels = await tx.scalars(
        select(Parcel).where(Parcel.case_id == case.id).order_by(Parcel.created_at, Parcel.id)
    )
    return WayView(
        ports=await _connected(tx, case),
        may_settle=may(actor, Action.SETTLE, facts_of(case)),
        currency=case.currency,
        return_address=await address_for(tx, case.tenant_id, case.warehouse_id),
        parcels=[await _parcel(tx, key, one) for one in list(parcels)],
        labels=await list_labels(tx, key, case.id),
        refunds=await list_refunds(tx, key, case.id),
        claims=await list_claims(tx, key, case),
    )


async def _connected(tx: AsyncSession, case: Case) -> list[PortKind]:
    found = [(kind, await find_port(tx, case.tenant_id, kind)) for kind in PortKind]
    return [kind for kind, port in found if port is not None and port.enabled]


async def _parcel(tx: AsyncSession, key: bytes, parcel: Parcel) -> TrackedParcel:
    words = read_parcel(key, parcel)
    return TrackedParcel(
        id=parcel.id,
        way=Way(parcel.way),
        carrier=parcel.carrier,
        tracking_number=words.tracking_number,
        label_url=words.label_url,
        address=words.address,
        shipped_at=parcel.shipped_at,
        received_at=parcel.received_at,
        status=ScanStatus(parcel.status) if parcel.status else None,
        status_at=parcel.status_at,
        anomaly=Anomaly(parcel.anomaly) if parcel.anomaly else None,
        anomaly_since=parcel.anomaly_since,
        asked=await last_words(tx, key, parcel.id),
        scans=[
            ScanView(status=one.status, at=one.at, place=one.place, words=one.words)
            for one in in_order(await scans_of(tx, key, parcel.id))
        ],
    )
