"""One try to hand a notice to a messenger: what is to be sent, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import channels
from cases.channel_rules import Came, Result
from cases.keys import KeyDestroyed, KeyRing
from cases.notice_kinds import WINDOW, ChannelKind, NoticeReason, NoticeState
from cases.notice_letters import say
from cases.notice_said import set_said
from cases.notices import Sender, short, suppress
from cases.tables import Case, Notice, NoticeChannel, NoticeContact
from cases.webhook_rules import pause_after


@dataclass(frozen=True, slots=True)
class Account:
    """What a messenger is asked with."""

    kind: ChannelKind
    options: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Post:
    """One message to one buyer; ``notice_id`` is the same at every try."""

    account: Account
    notice_id: str
    kind: str
    case_id: str
    address: str
    locale: str
    subject: str
    text: str
    url: str
    is_open: bool
    """The buyer wrote within the last day: WhatsApp lets free text through."""
    at: datetime


async def prepare(
    tx: AsyncSession, keys: KeyRing, sender: Sender, subject: str, now: datetime
) -> Post | Result | None:
    """What is to be sent; a result when nothing can be; None when the try is no longer wanted.

    A try whose end was not kept is made again: at least once.
    """
    notice = _wanted(await tx.get(Notice, subject.partition(":")[0]), subject)
    if notice is None or notice.channel is None:
        return None
    channel = await tx.scalar(
        select(NoticeChannel).where(
            NoticeChannel.tenant_id == notice.tenant_id, NoticeChannel.kind == notice.channel
        )
    )
    contact = await tx.get(NoticeContact, (notice.case_id, notice.channel))
    if channel is None or not channel.enabled or contact is None:
        return Result(Came.NEVER, "This channel is no longer set up.")
    case = await tx.get_one(Case, notice.case_id)
    try:
        said = await say(tx, keys, notice, case, now, public_url=sender.public_url, small="")
        address = await channels.address_of(tx, keys, contact)
        secrets = await channels.open_secrets(tx, keys, channel)
    except KeyDestroyed:
        return Result(Came.NEVER, "The case was erased.")
    return Post(
        account=Account(ChannelKind(channel.kind), dict(channel.options), secrets),
        notice_id=notice.id,
        kind=notice.kind,
        case_id=case.id,
        address=address,
        locale=notice.locale,
        subject=said.letter.subject,
        text=said.plain,
        url=said.url,
        is_open=contact.heard_at is not None and now - contact.heard_at < WINDOW,
        at=notice.created_at,
    )


async def settle(
    tx: AsyncSession, keys: KeyRing, subject: str, result: Result, now: datetime
) -> None:
    """Keep what came of a try; settling it twice is once.

    What a messenger refuses for good goes over the next way at once.
    """
    found = await tx.get(Notice, subject.partition(":")[0], with_for_update=True)
    notice = _wanted(found, subject)
    if notice is None:
        return
    notice.tries += 1
    notice.attempts += 1
    await set_said(tx, keys, notice, short(result.words))
    if result.came is Came.SENT:
        notice.state, notice.sent_at, notice.due_at = NoticeState.SENT, now, None
        return
    next_at = now + pause_after(notice.attempts, result.retry_after_s)
    notice.state = NoticeState.WAITING
    if result.came is Came.NEVER:
        notice.tried = [*notice.tried, notice.channel]
        notice.due_at = now
    elif notice.give_up_at is not None and next_at > notice.give_up_at:
        suppress(notice, NoticeReason.GAVE_UP)
        notice.state = NoticeState.FAILED
    else:
        notice.due_at = next_at


def _wanted(notice: Notice | None, subject: str) -> Notice | None:
    number = int(subject.partition(":")[2])
    if notice is None or notice.state != NoticeState.ORDERED or notice.tries + 1 != number:
        return None
    return notice
