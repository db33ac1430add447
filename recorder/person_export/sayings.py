"""What was written to and by the buyer, and what else of the case's log the buyer may read."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import BuyerActor
from cases.case_views import name_of
from cases.keys import KeyRing
from cases.log import LoggedEvent, LogKind, Visibility, read_events
from cases.tables import Case, Tenant
from cases.thread import MESSAGE, TRANSLATION
from cases.thread_views import MessageView, thread_view
from recorder.person_export.moments import told_at
from runtime.ids import CaseId, JoinLinkId

Shown = dict[str, Any]

_AT_ONCE = 1000
_THREAD = frozenset({MESSAGE, TRANSLATION})


async def messages_of(tx: AsyncSession, keys: KeyRing, case: Case) -> list[Shown]:
    """The thread through the buyer's eyes, so that an internal note cannot be in it."""
    buyer = BuyerActor(CaseId(case.id), JoinLinkId(""), "")
    messages: list[MessageView] = []
    before: str | None = None
    while True:
        page = await thread_view(tx, keys, buyer, case.id, before)
        messages = page.messages + messages
        before = page.earlier
        if before is None:
            break
    return [
        {
            "at": told_at(one.at),
            "by": one.author.name,
            "role": one.author.role,
            "words": one.text,
            "locale": one.locale,
            "translations": {said.locale: said.text for said in one.translations},
            "attachments": one.attachments,
            "refused": [left.name for left in one.refused],
            "inspection": one.session_id,
        }
        for one in messages
    ]


async def happenings_of(tx: AsyncSession, case: Case, buyer_name: str, key: bytes) -> list[Shown]:
    """The case's log, besides the thread."""
    events = await open_events(tx, LogKind.CASE, case.id, key)
    seller = (await tx.get_one(Tenant, case.tenant_id)).name
    return [
        {
            "at": told_at(one.at),
            "by": await _name(tx, buyer_name, seller, one.actor),
            "what": one.kind,
            "details": one.payload,
        }
        for one in events
        if one.kind not in _THREAD
    ]


async def _name(tx: AsyncSession, buyer_name: str, seller: str, label: str) -> str:
    """Who did it; what machines are called is the seller's affair."""
    role = label.partition(":")[0]
    if role in ("buyer", "form"):
        return buyer_name
    return await name_of(tx, label) if role == "staff" else seller


async def open_events(
    tx: AsyncSession, log: LogKind, subject_id: str, key: bytes
) -> list[LoggedEvent]:
    """The events of a log that both parties may read."""
    events: list[LoggedEvent] = []
    while page := await read_events(
        tx,
        log=log,
        subject_id=subject_id,
        key=key,
        after=events[-1].seq if events else 0,
        limit=_AT_ONCE,
        visibilities=frozenset({Visibility.PARTIES}),
    ):
        events += page
    return events
