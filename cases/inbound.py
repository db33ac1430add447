"""What a buyer answers over a channel lands in the thread of their case, once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import select

from cases import attachments, thread
from cases.actor import BuyerActor
from cases.address_hash import address_hash
from cases.attachments import Room, WholeFile
from cases.commands import prose
from cases.notice_kinds import ChannelKind
from cases.notices import provider_key
from cases.reply_text import own_words
from cases.residency import placed_for
from cases.states import CaseState
from cases.tables import Case, InboundMessage, NoticeContact
from cases.thread import RefusedFile, SayByMail
from cases.unit import Unit
from runtime.ids import CaseId, JoinLinkId

_MAX_CHARS = 4000


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as its provider told it; ``provider_id`` is the same at every repeat."""

    channel: ChannelKind
    provider_id: str
    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Brought:
    """The files of a message: what lies in the store already, and what was refused."""

    files: tuple[WholeFile, ...] = ()
    refused: tuple[RefusedFile, ...] = ()


_NOTHING: Final = Brought()


async def hear(unit: Unit, tenant_id: str, heard: Heard) -> str | None:
    """Put a messenger's message into the newest open case of its sender; the case's id.

    None for a repeat, and for somebody who is no buyer we know: that is kept as heard, so
    that a case opened later is not told old words.

    Raises:
        CaseError: ``slow_down`` (429).
    """
    if not await _is_new(unit, tenant_id, heard):
        return None
    hashed = address_hash(unit.keys, tenant_id, heard.address, heard.channel)
    rows = await unit.tx.execute(
        select(NoticeContact, Case)
        .join(Case, Case.id == NoticeContact.case_id)
        .where(
            NoticeContact.tenant_id == tenant_id,
            NoticeContact.kind == heard.channel,
            NoticeContact.address_hash == hashed,
        )
        .order_by(Case.created_at.desc(), Case.id.desc())
    )
    found = rows.all()
    for contact, _ in found:
        contact.heard_at = unit.now
    still_open = [case for _, case in found if case.state != CaseState.CLOSED]
    case = still_open[0] if still_open else (found[0][1] if found else None)
    await _keep(unit, tenant_id, heard, case)
    return case.id if case is not None else None


@dataclass(frozen=True, slots=True)
class Expected:
    """How much a case takes of a mail's files, where they go and the key that seals them."""

    room: Room
    folder: str
    key: bytes


async def expect_mail(unit: Unit, case_id: str, heard: Heard) -> Expected | None:
    """What the case of a mail takes of its files.

    None for a mail that ``hear_mail`` would not take: nothing of it is to be stored.

    Raises:
        CaseError: ``slow_down`` (429).
    """
    case = await _awaiting(unit, case_id, heard)
    if case is None:
        return None
    await thread.refuse_haste(unit, _buyer(case, heard))
    return Expected(
        await attachments.room_in(unit.tx, case.id),
        await placed_for(unit.tx, case.tenant_id, f"cases/{case.id}"),
        await unit.keys.key_of(unit.tx, case),
    )


async def hear_mail(unit: Unit, case_id: str, heard: Heard, brought: Brought) -> str | None:
    """Put a mail to a case's reply address into its thread; None for a repeat or a stranger's.

    The sender must be the buyer: whoever was forwarded the notice does not write for them.

    Raises:
        CaseError: ``slow_down`` (429).
    """
    case = await _awaiting(unit, case_id, heard)
    if case is None:
        return None
    await _keep(unit, case.tenant_id, heard, case, brought)
    return case.id


async def _awaiting(unit: Unit, case_id: str, heard: Heard) -> Case | None:
    """The case of a reply address, if its buyer wrote and this was not heard before."""
    case = await unit.tx.get(Case, case_id)
    if case is None or case.wrapped_key is None:
        return None
    sender = address_hash(unit.keys, case.tenant_id, heard.address, ChannelKind.EMAIL)
    if case.buyer_hash is None or not hmac.compare_digest(case.buyer_hash, sender):
        return None
    return case if await _is_new(unit, case.tenant_id, heard) else None


async def _is_new(unit: Unit, tenant_id: str, heard: Heard) -> bool:
    key = (tenant_id, heard.channel, provider_key(heard.provider_id))
    return await unit.tx.get(InboundMessage, key) is None


async def _keep(
    unit: Unit, tenant_id: str, heard: Heard, case: Case | None, brought: Brought = _NOTHING
) -> None:
    unit.tx.add(
        InboundMessage(
            tenant_id=tenant_id,
            channel=heard.channel,
            provider_id=provider_key(heard.provider_id),
            case_id=case.id if case is not None else None,
            at=unit.now,
        )
    )
    # Two deliveries of one message at once: the second fails here and finds it then.
    await unit.tx.flush()
    words = (
        own_words(heard.text)[:_MAX_CHARS]
        if heard.channel is ChannelKind.EMAIL
        else (heard.text.strip()[:_MAX_CHARS])
    )
    plain = "".join(c for c in words if _is_prose(c)).strip()
    if case is None or not (plain or brought.files or brought.refused):
        return
    said = SayByMail(
        client_id=sha256(heard.provider_id.encode()).hexdigest(),
        text=plain,
        locale=case.buyer_locale,
        attachments=tuple(await attachments.attach(unit, case, brought.files)),
        refused=brought.refused,
    )
    await thread.say_as_buyer(unit, _buyer(case, heard), said)


def _buyer(case: Case, heard: Heard) -> BuyerActor:
    return BuyerActor(CaseId(case.id), JoinLinkId(""), heard.channel)


def _is_prose(character: str) -> bool:
    try:
        prose(character)
    except ValueError:
        return False
    return True
