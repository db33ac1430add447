"""Notices that are due: the way to the buyer is chosen, and each goes out or is told why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import mail, opt_outs, reply_address
from cases.appointments import AppointmentState
from cases.case_text import text_of
from cases.keys import KeyDestroyed
from cases.notice_kinds import (
    GROUP_OF,
    MAIL_FIRST,
    MESSENGERS,
    ORDER_LASTS,
    ChannelKind,
    NoticeGroup,
    NoticeKind,
    NoticeReason,
    NoticeState,
)
from cases.notice_letters import say
from cases.notice_orders import quiet_of
from cases.notice_words import LANGUAGES
from cases.states import CaseState, SessionState
from cases.tables import (
    Appointment,
    Case,
    Event,
    JoinLink,
    Notice,
    NoticeChannel,
    NoticeContact,
    Session,
    ThreadRead,
)
from cases.thread import BUYER
from cases.unit import Unit
from cases.waking import earliest, in_states
from runtime.settings import Settings

SEND_NOTICE: Final = "send_notice"
"""The durable work that hands a notice to a messenger; its subject is id and number of the try."""
BATCH: Final = 100
_AGAIN_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sender:
    """What every notice carries besides its words."""

    public_url: str
    reply_domain: str | None
    has_mail: bool

    @classmethod
    def of(cls, settings: Settings) -> Sender:
        """As the settings say."""
        has_mail = settings.smtp_url is not None and settings.mail_from is not None
        return cls(settings.public_url, settings.reply_domain, has_mail)


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next notice is to be looked at."""
    waiting = in_states(Notice.due_at, Notice.state, NoticeState.WAITING, NoticeState.ORDERED)
    return await earliest(tx, *waiting)


async def due_notices(tx: AsyncSession, now: datetime) -> list[str]:
    """The notices to look at, a batch at most; those whose try was lost among them."""
    rows = await tx.scalars(
        select(Notice.id)
        .where(
            Notice.state.in_((NoticeState.WAITING, NoticeState.ORDERED)),
            Notice.due_at <= now,
        )
        .order_by(Notice.due_at)
        .limit(BATCH)
    )
    return list(rows)


async def look_at(unit: Unit, sender: Sender, notice_id: str) -> NoticeState | None:
    """Send a due notice on its way in this commit; None when somebody was faster.

    Mail is handed over at once and is sent by its own durable work; for a messenger one try
    is ordered.
    """
    found = await unit.tx.get(Notice, notice_id, with_for_update=True)
    if found is None or found.due_at is None or found.due_at > unit.now:
        return None
    if found.state == NoticeState.ORDERED:
        # Ordered and its end kept by nobody: the next try has another number.
        found.tries += 1
    elif found.state != NoticeState.WAITING:
        return None
    case = await unit.tx.get_one(Case, found.case_id)
    reason = await _reason_against(unit, found, case)
    if reason is not None:
        suppress(found, reason)
        return NoticeState.SUPPRESSED
    try:
        return await _on_its_way(unit, sender, found, case)
    except KeyDestroyed:
        suppress(found, NoticeReason.ERASED)
        return NoticeState.SUPPRESSED


async def postpone(unit: Unit, notice_id: str) -> None:
    """Look again later at what could not be done, so that it keeps nobody else waiting."""
    notice = await unit.tx.get(Notice, notice_id, with_for_update=True)
    if notice is not None and notice.due_at is not None:
        notice.due_at = unit.now + _AGAIN_AFTER


def suppress(notice: Notice, reason: NoticeReason) -> None:
    """It does not go, and why."""
    notice.state, notice.reason, notice.due_at = NoticeState.SUPPRESSED, reason, None


async def _on_its_way(unit: Unit, sender: Sender, notice: Notice, case: Case) -> NoticeState:
    group = GROUP_OF[NoticeKind(notice.kind)]
    reason = NoticeReason.REFUSED if notice.tried else NoticeReason.NO_ADDRESS
    for channel, address, hashed in await _ways(unit, sender, notice, case):
        if group is not NoticeGroup.ESSENTIAL and await opt_outs.has_opted_out(
            unit.tx, case.tenant_id, hashed, group
        ):
            reason = NoticeReason.OPTED_OUT
            continue
        if notice.channel != channel:
            notice.attempts = 0
        notice.channel, notice.address_hash = channel, hashed
        if channel is ChannelKind.EMAIL:
            await _mail(unit, sender, notice, case, address)
            return NoticeState.SENT
        notice.state, notice.due_at = NoticeState.ORDERED, unit.now + ORDER_LASTS
        subject = f"{notice.id}:{notice.tries + 1}"
        await unit.tx.flush()
        await unit.outbox.enqueue(unit.tx, SEND_NOTICE, f"{SEND_NOTICE}:{subject}", subject)
        return NoticeState.ORDERED
    if notice.tried:
        notice.state, notice.reason, notice.due_at = NoticeState.FAILED, reason, None
        return NoticeState.FAILED
    suppress(notice, reason)
    return NoticeState.SUPPRESSED


async def _ways(
    unit: Unit, sender: Sender, notice: Notice, case: Case
) -> Sequence[tuple[ChannelKind, str, bytes]]:
    """Where the buyer can be reached, the nearest first; what failed for good is left out."""
    enabled = set(
        await unit.tx.scalars(
            select(NoticeChannel.kind).where(
                NoticeChannel.tenant_id == case.tenant_id, NoticeChannel.enabled.is_(True)
            )
        )
    )
    contacts = {
        row.kind: row
        for row in await unit.tx.scalars(
            select(NoticeContact).where(NoticeContact.case_id == case.id)
        )
    }
    ways = [
        (kind, "", contacts[kind].address_hash)
        for kind in MESSENGERS
        if kind in enabled and kind in contacts and kind not in notice.tried
    ]
    if case.buyer_hash is not None and ChannelKind.EMAIL not in notice.tried:
        email = (await text_of(unit.tx, unit.keys, case)).buyer_email or ""
        comes_first = sender.has_mail and notice.kind in MAIL_FIRST
        ways.insert(0 if comes_first else len(ways), (ChannelKind.EMAIL, email, case.buyer_hash))
    return ways


async def _mail(unit: Unit, sender: Sender, notice: Notice, case: Case, to: str) -> None:
    group, hashed = GROUP_OF[NoticeKind(notice.kind)], notice.address_hash or b""
    footer = LANGUAGES[notice.locale].footer
    stop = None
    if group is not NoticeGroup.ESSENTIAL:
        token = opt_outs.write_token(unit.keys, case.tenant_id, hashed, group, notice.locale)
        stop = f"{sender.public_url}/out/{token}"
    reply_to = None
    if sender.reply_domain is not None:
        reply_to = reply_address.write(unit.keys, case.id, sender.reply_domain)
    small = [
        *([footer.reply] if reply_to else []),
        *([footer.stop.replace("{unsubscribe_url}", stop)] if stop else []),
    ]
    said = await say(
        unit.tx,
        unit.keys,
        notice,
        case,
        unit.now,
        public_url=sender.public_url,
        small=" ".join(small),
    )
    notice.mail_id = await mail.post(
        unit,
        organisation_id=case.tenant_id,
        kind=f"notice_{notice.kind}",
        to=to,
        letter=said.letter,
        case_id=case.id,
        reply_to=reply_to,
        unsubscribe_url=stop,
        attached=said.attached,
    )
    # How the mail goes on is written here by ``mail.note_try``.
    notice.state, notice.due_at = NoticeState.ORDERED, None
    await unit.tx.flush()


async def _reason_against(unit: Unit, notice: Notice, case: Case) -> NoticeReason | None:
    tx, kind = unit.tx, NoticeKind(notice.kind)
    if case.wrapped_key is None:
        return NoticeReason.ERASED
    if kind in (await quiet_of(tx, case.tenant_id)).off:
        return NoticeReason.SWITCHED_OFF
    if notice.give_up_at is not None and notice.give_up_at < unit.now:
        return NoticeReason.GAVE_UP
    is_over = False
    match kind:
        case NoticeKind.MESSAGE:
            return NoticeReason.READ if await _was_read(tx, notice) else None
        case NoticeKind.REMINDER:
            is_over = case.state == CaseState.CLOSED or await _was_opened(tx, case.id)
        case NoticeKind.APPOINTMENT_REMINDER:
            is_over = not await _is_booked(tx, case.id, unit.now)
        case NoticeKind.HOST_READY:
            session = await tx.get(Session, notice.subject)
            is_over = session is None or session.state != SessionState.HELD
        case _:
            pass
    return NoticeReason.OVER if is_over else None


async def _was_read(tx: AsyncSession, notice: Notice) -> bool:
    """Whether the buyer has read the newest of what the notice speaks for."""
    mark = await tx.get(ThreadRead, (notice.case_id, BUYER))
    newest = await tx.scalar(
        select(Event.at)
        .where(Event.log == "case", Event.subject_id == notice.case_id, Event.seq == notice.seq)
        .limit(1)
    )
    return mark is not None and newest is not None and mark.read_to >= newest


async def _was_opened(tx: AsyncSession, case_id: str) -> bool:
    found = await tx.scalar(
        select(JoinLink.id)
        .where(JoinLink.case_id == case_id, JoinLink.first_joined_at.is_not(None))
        .limit(1)
    )
    return found is not None


async def _is_booked(tx: AsyncSession, case_id: str, now: datetime) -> bool:
    found = await tx.scalar(
        select(Appointment.id)
        .where(
            Appointment.case_id == case_id,
            Appointment.state == AppointmentState.BOOKED,
            Appointment.ends_at > now,
        )
        .limit(1)
    )
    return found is not None


def provider_key(provider_id: str) -> bytes:
    """A provider's id of a message, as it is kept."""
    return sha256(provider_id.encode()).digest()


def short(words: str, most: int = 300) -> str:
    """What the other side said, fit for one line of a list."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:most]
