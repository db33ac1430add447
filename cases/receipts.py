"""Who may have the receipt of a session: the seller's people, and the buyer's own browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import links
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import not_found
from cases.links import Binding
from cases.session_access import see_session
from cases.tables import Manifest, Session
from runtime.errors import CaseError


@dataclass(frozen=True, slots=True)
class Receipt:
    """A line that holds a manifest's root and digest, signed by the operator."""

    session_id: str
    number: int
    sealed_at: datetime
    root: str
    text: str


def receipt_name(session_id: str) -> str:
    """How the file of a receipt is called, without its ending."""
    return f"proofcall-receipt-{session_id}"


async def receipt_for(tx: AsyncSession, actor: Actor, session_id: str) -> Receipt:
    """The newest receipt of a session, for who may review it.

    Raises:
        CaseError: ``not_found`` (404), ``not_sealed`` (404).
    """
    seen = await see_session(tx, actor, session_id, Action.REVIEW)
    found = await newest_receipt(tx, seen.session.id)
    if found is None:
        raise CaseError("not_sealed", "This inspection is not sealed yet.", status=404)
    return found


async def receipt_for_buyer(
    tx: AsyncSession, token: str, secret: str | None, now: datetime
) -> tuple[bool, Receipt | None]:
    """Whether the case has had an inspection, and the newest one's receipt once it is sealed.

    Raises:
        CaseError: the link's own errors, ``not_found`` (404) for any but the buyer's browser.
    """
    link = await links.find_link(tx, token, now)
    if await links.binding_of(tx, link.link_id, secret) is not Binding.BOUND:
        raise not_found()
    session_id = await tx.scalar(
        select(Session.id)
        .where(Session.case_id == link.case_id)
        .order_by(Session.created_at.desc(), Session.id)
        .limit(1)
    )
    if session_id is None:
        return False, None
    return True, await newest_receipt(tx, session_id)


async def newest_receipt(tx: AsyncSession, session_id: str) -> Receipt | None:
    """A session's newest receipt, once it is sealed."""
    manifest = await tx.scalar(
        select(Manifest)
        .where(Manifest.session_id == session_id, Manifest.receipt.is_not(None))
        .order_by(Manifest.number.desc())
        .limit(1)
    )
    if manifest is None or manifest.receipt is None:
        return None
    return Receipt(
        session_id=session_id,
        number=manifest.number,
        sealed_at=manifest.created_at,
        root=manifest.root,
        text=manifest.receipt,
    )
