"""What the database forgets of a case that is erased: words, names, addresses, and its keys.

Chains keep their links, the ledger its digests, manifests and figures stay: none of it says who.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from sqlalchemy import Update, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.log import LogKind
from cases.states import AttachmentState, StillState
from cases.tables import (
    Attachment,
    CarrierClaim,
    Case,
    CaseTag,
    CaseWords,
    DerivedCopy,
    Device,
    Errand,
    Event,
    EvidencePackage,
    Filing,
    Finding,
    Grant,
    Handover,
    HeldAct,
    ItemLine,
    JoinLink,
    Label,
    Mail,
    MailTry,
    Manifest,
    Notice,
    NoticeContact,
    Parcel,
    Participant,
    PersonExport,
    Preview,
    Recording,
    RefundOrder,
    Scan,
    Segment,
    Session,
    Settlement,
    Snooze,
    Staff,
    Still,
    ThreadRead,
    WebhookAttempt,
    WebhookDelivery,
)


async def manifests_of(tx: AsyncSession, case_id: str) -> list[dict[str, Any]]:
    """What was sealed of a case, by digest."""
    rows = await tx.scalars(
        select(Manifest)
        .join(Session, Session.id == Manifest.session_id)
        .where(Session.case_id == case_id)
        .order_by(Manifest.session_id, Manifest.number)
    )
    return [
        {
            "session_id": one.session_id,
            "number": one.number,
            "root": one.root,
            "manifest_sha256": sha256(one.body).hexdigest(),
        }
        for one in rows
    ]


async def counts_of(tx: AsyncSession, case_id: str) -> dict[str, int]:
    """What there is of a case to be taken away."""
    sessions = select(Session.id).where(Session.case_id == case_id)
    recordings = select(Recording.id).where(Recording.session_id.in_(sessions))
    counted = {
        "sessions": select(func.count()).select_from(sessions.subquery()),
        "recordings": select(func.count()).select_from(recordings.subquery()),
        "media_bytes": select(func.coalesce(func.sum(Segment.stored_bytes), 0)).where(
            Segment.recording_id.in_(recordings)
        ),
        "stills": select(func.count(Still.id)).where(
            Still.session_id.in_(sessions), Still.state == StillState.CUT
        ),
        "attachments": select(func.count(Attachment.id)).where(
            Attachment.case_id == case_id, Attachment.state == AttachmentState.KEPT
        ),
        "labels": select(func.count(Label.id)).where(Label.case_id == case_id),
        "packages": select(func.count(EvidencePackage.id)).where(
            EvidencePackage.case_id == case_id, EvidencePackage.state == "ready"
        ),
        "exports": select(func.count(PersonExport.id)).where(
            PersonExport.case_id == case_id, PersonExport.state == "ready"
        ),
        "copies": select(func.count(DerivedCopy.id)).where(
            DerivedCopy.case_id == case_id, DerivedCopy.state == "ready"
        ),
        "log_entries": select(func.count()).where(_events_of(case_id), Event.payload.is_not(None)),
        "mails": select(func.count(Mail.id)).where(Mail.case_id == case_id),
    }
    row = (await tx.execute(select(*(one.scalar_subquery() for one in counted.values())))).one()
    return {name: int(count or 0) for name, count in zip(counted, row, strict=True)}


async def scrub(tx: AsyncSession, case: Case) -> None:
    """Forget it all; done again, it changes nothing."""
    sessions = select(Session.id).where(Session.case_id == case.id)
    recordings = select(Recording.id).where(Recording.session_id.in_(sessions))
    stills = select(Still.id).where(Still.session_id.in_(sessions))
    links = select(JoinLink.id).where(JoinLink.case_id == case.id)
    parcels = select(Parcel.id).where(Parcel.case_id == case.id)
    mails = select(Mail.id).where(Mail.case_id == case.id)
    deliveries = select(WebhookDelivery.id).where(WebhookDelivery.case_id == case.id)
    for gone in (
        delete(Preview).where(Preview.still_id.in_(stills)),
        delete(DerivedCopy).where(DerivedCopy.case_id == case.id),
        delete(Finding).where(Finding.session_id.in_(sessions)),
        delete(CaseWords).where(CaseWords.case_id == case.id),
        delete(NoticeContact).where(NoticeContact.case_id == case.id),
        delete(MailTry).where(MailTry.mail_id.in_(mails)),
        delete(Mail).where(Mail.case_id == case.id),
        delete(HeldAct).where(HeldAct.case_id == case.id),
        delete(CaseTag).where(CaseTag.case_id == case.id),
        delete(Snooze).where(Snooze.case_id == case.id),
        delete(ThreadRead).where(ThreadRead.case_id == case.id),
        delete(Scan).where(Scan.parcel_id.in_(parcels)),
        update(Event).where(_events_of(case.id)).values(payload=None),
        update(Session).where(Session.case_id == case.id).values(wrapped_key=None),
        update(Participant).where(Participant.session_id.in_(sessions)).values(sealed_name=None),
        update(Handover).where(Handover.session_id.in_(sessions)).values(sealed_note=None),
        update(Recording).where(Recording.session_id.in_(sessions)).values(init=b""),
        update(Segment).where(Segment.recording_id.in_(recordings)).values(sample_index=b""),
        update(Device)
        .where(Device.join_link_id.in_(links))
        .values(sealed_user_agent=None, public_key=None),
        update(JoinLink).where(JoinLink.case_id == case.id).values(sealed_token=None),
        update(ItemLine).where(ItemLine.case_id == case.id).values(sealed_check_note=None),
        update(Filing)
        .where(Filing.case_id == case.id)
        .values(wrapped_key=None, sealed_words=None, sealed_answer=None),
        update(Attachment)
        .where(Attachment.case_id == case.id)
        .values(sealed_name=None, preview_key=None),
        update(Notice)
        .where(Notice.case_id == case.id)
        .values(address_hash=None, sealed_words=None),
        update(Label).where(Label.case_id == case.id).values(sealed_words=None),
        update(Parcel)
        .where(Parcel.case_id == case.id)
        .values(sealed_words=None, number_digest=None, look_at=None),
        update(CarrierClaim)
        .where(CarrierClaim.case_id == case.id)
        .values(sealed_words=None, evidence=[]),
        update(RefundOrder).where(RefundOrder.case_id == case.id).values(sealed_why=None),
        update(Errand).where(Errand.case_id == case.id).values(sealed_words=None),
        update(Settlement).where(Settlement.case_id == case.id).values(sealed_reference=None),
        update(WebhookAttempt)
        .where(WebhookAttempt.delivery_id.in_(deliveries))
        .values(sealed_answer=None),
        *(
            update(made)
            .where(made.case_id == case.id)
            .values(state="failed", failure="erased", object_prefix=None, parts=None)
            for made in (EvidencePackage, PersonExport)
        ),
        *_exports_of_staff(case),
    ):
        await tx.execute(gone.execution_options(synchronize_session=False))
    case.sealed_text, case.buyer_hash, case.wrapped_key = None, None, None
    await tx.flush()


def _exports_of_staff(case: Case) -> list[Update]:
    """Exports about people who may have worked on the case hold what they wrote in it: they go."""
    warehouses = select(Grant.warehouse_id).where(Grant.tenant_id == case.tenant_id)
    people = select(Staff.id).where(
        or_(Staff.tenant_id == case.tenant_id, Staff.warehouse_id.in_(warehouses))
    )
    theirs = update(PersonExport).where(PersonExport.staff_id.in_(people))
    return [
        theirs.where(PersonExport.state == "wanted").values(
            state="failed", failure="erased", expires_at=PersonExport.created_at
        ),
        theirs.where(PersonExport.state == "ready").values(expires_at=PersonExport.finished_at),
    ]


def _events_of(case_id: str) -> Any:
    """The entries of the case's log and of its inspections' logs."""
    sessions = select(Session.id).where(Session.case_id == case_id)
    return ((Event.log == LogKind.CASE) & (Event.subject_id == case_id)) | (
        (Event.log == LogKind.SESSION) & Event.subject_id.in_(sessions)
    )
