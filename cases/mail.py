"""Mail: ordered with the commit that needs it, sent at least once, every try written down."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyDestroyed, KeyRing
from cases.mail_seal import seal_of, seals_of
from cases.mail_texts import Letter
from cases.notice_kinds import NoticeReason, NoticeState
from cases.notice_said import set_said
from cases.tables import Mail, MailTry, Notice
from cases.unit import Unit
from runtime.errors import CaseError, ProofcallError
from runtime.ids import new_id

_NOTICE_STATE: Final = {
    "queued": (NoticeState.ORDERED, None),
    "sent": (NoticeState.SENT, None),
    "refused": (NoticeState.FAILED, NoticeReason.REFUSED),
    "no_server": (NoticeState.FAILED, NoticeReason.NO_SERVER),
}
"""What the state of a mail is for the notice that it carries."""
SEND_MAIL: Final = "send_mail"
"""The durable work that hands a mail to the mail server; its subject is the mail's id."""
_MAX_WORDS_CHARS: Final = 300


class MailState(StrEnum):
    """How far a mail has come."""

    QUEUED = "queued"
    SENT = "sent"
    REFUSED = "refused"  # the server will never take it
    NO_SERVER = "no_server"  # none is set: what it says must be passed on by hand


class MailRefused(ProofcallError):  # noqa: N818 - says what was done
    """The mail server takes this mail neither now nor later."""


class MailFailed(ProofcallError):  # noqa: N818 - says what was done
    """The mail server could not be reached or is busy: trying again can help."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One line to be kept: it goes as a small text file, and as a picture of a code to scan."""

    name: str  # of both files, without ending
    line: str

    @property
    def file_name(self) -> str:
        """What the text file is called."""
        return f"{self.name}.txt"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the mail server is given; ``message_id`` is the same at every try."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    reply_to: str | None = None
    unsubscribe_url: str | None = None
    attached: Attachment | None = None


class MailServer(Protocol):
    """Where mail goes."""

    async def send(self, envelope: Envelope) -> None:
        """Hand one mail over.

        Raises:
            MailFailed: it may work later.
            MailRefused: it never will.
        """
        ...


class MailView(BaseModel):
    """A mail as admins read it: to whom, about what, and how it went."""

    id: str
    kind: str
    locale: str
    to: str
    subject: str
    state: MailState
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    tries: int
    last_words: str | None


class MailPage(BaseModel):
    """Mails, newest first."""

    items: list[MailView]
    next_cursor: str | None


async def post(
    unit: Unit,
    *,
    organisation_id: str,
    kind: str,
    to: str,
    letter: Letter,
    case_id: str | None = None,
    reply_to: str | None = None,
    unsubscribe_url: str | None = None,
    attached: Attachment | None = None,
) -> str:
    """Order a mail in the caller's own commit; the answer is its id.

    Raises:
        KeyDestroyed: the case that it is about was erased.
    """
    mail_id = new_id("mai")
    seal = await seal_of(unit.tx, unit.keys, mail_id, case_id)
    words = {
        "to": to,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "reply_to": reply_to,
        "unsubscribe_url": unsubscribe_url,
        "attached": asdict(attached) if attached else None,
    }
    unit.tx.add(
        Mail(
            id=mail_id,
            organisation_id=organisation_id,
            case_id=case_id,
            kind=kind,
            locale=letter.locale,
            sealed=seal.seal(words),
            state=MailState.QUEUED,
            created_at=unit.now,
            orders=1,
        )
    )
    await unit.tx.flush()
    await unit.outbox.enqueue(unit.tx, SEND_MAIL, f"{SEND_MAIL}:{mail_id}:1", mail_id)
    return mail_id


async def envelope_of(tx: AsyncSession, keys: KeyRing, mail_id: str, host: str) -> Envelope | None:
    """What is to be sent, or None when that is done or was given up."""
    mail = await tx.get(Mail, mail_id)
    if mail is None or mail.state not in (MailState.QUEUED, MailState.NO_SERVER):
        return None
    try:
        words = (await seal_of(tx, keys, mail.id, mail.case_id)).open(mail)
    except KeyDestroyed:
        return None
    attached = words.pop("attached", None)
    return Envelope(
        f"<{mail_id}@{host}>", **words, attached=Attachment(**attached) if attached else None
    )


async def note_try(
    tx: AsyncSession,
    keys: KeyRing,
    mail_id: str,
    state: MailState,
    words: str,
    now: datetime,
) -> None:
    """Write down how a try went; once it was sent, what it said is forgotten."""
    mail = await tx.get_one(Mail, mail_id, with_for_update=True)
    mail.state = state
    if state is MailState.SENT:
        mail.sent_at = now
    await _tell_notice(tx, keys, mail_id, state, words, now)
    try:
        seal = await seal_of(tx, keys, mail.id, mail.case_id)
    except KeyDestroyed:
        return  # It is about to be deleted with its case.
    if state is not MailState.NO_SERVER:
        try_id = new_id("mtr")
        tx.add(
            MailTry(
                id=try_id,
                mail_id=mail_id,
                at=now,
                outcome="failed" if state is MailState.QUEUED else state.value,
                sealed_words=seal.seal_try(try_id, words[:_MAX_WORDS_CHARS]),
            )
        )
    if state is MailState.SENT:
        said = seal.open(mail)
        # Links in it may open an account: they are no longer needed here.
        mail.sealed = seal.seal({"to": said["to"], "subject": said["subject"]})


async def send_again(unit: Unit, organisation_id: str, mail_id: str) -> None:
    """Order a mail once more that has not gone out.

    Raises:
        CaseError: ``not_found`` (404), ``mail_sent`` (409).
    """
    mail = await unit.tx.scalar(
        select(Mail)
        .where(Mail.id == mail_id, Mail.organisation_id == organisation_id)
        .with_for_update()
    )
    if mail is None:
        raise CaseError("not_found", "There is no such mail.", status=404)
    if mail.state == MailState.SENT:
        raise CaseError("mail_sent", "This mail has been sent.")
    mail.state = MailState.QUEUED
    await _tell_notice(unit.tx, unit.keys, mail_id, MailState.QUEUED, "", unit.now)
    mail.orders += 1
    work_id = f"{SEND_MAIL}:{mail_id}:{mail.orders}"
    await unit.outbox.enqueue(unit.tx, SEND_MAIL, work_id, mail_id)


async def list_mails(
    tx: AsyncSession, keys: KeyRing, organisation_id: str, *, before: str | None, limit: int
) -> MailPage:
    """The mails of an organisation, newest first; not those whose case is being erased."""
    query = select(Mail).where(Mail.organisation_id == organisation_id)
    if before is not None:
        query = query.where(Mail.id < before)
    found = list(await tx.scalars(query.order_by(Mail.id.desc()).limit(limit + 1)))
    shown = found[:limit]
    tries: dict[str, list[MailTry]] = {}
    for one in await tx.scalars(
        select(MailTry).where(MailTry.mail_id.in_([mail.id for mail in shown])).order_by(MailTry.id)
    ):
        tries.setdefault(one.mail_id, []).append(one)
    seals = await seals_of(tx, keys, shown)
    items = []
    for mail in shown:
        if mail.id not in seals:
            continue
        seal = seals[mail.id]
        words = seal.open(mail)
        mine = tries.get(mail.id, [])
        items.append(
            MailView(
                id=mail.id,
                kind=mail.kind,
                locale=mail.locale,
                to=words["to"],
                subject=words["subject"],
                state=MailState(mail.state),
                created_at=mail.created_at,
                sent_at=mail.sent_at,
                tries=len(mine),
                last_words=seal.open_try(mine[-1]) if mine else None,
            )
        )
    return MailPage(items=items, next_cursor=shown[-1].id if len(found) > limit else None)


async def _tell_notice(
    tx: AsyncSession, keys: KeyRing, mail_id: str, state: MailState, words: str, now: datetime
) -> None:
    """What becomes of a mail becomes of the notice in it."""
    notice = await tx.scalar(select(Notice).where(Notice.mail_id == mail_id).with_for_update())
    if notice is None:
        return
    notice.state, notice.reason = _NOTICE_STATE[state]
    notice.sent_at = now if state is MailState.SENT else None
    await set_said(tx, keys, notice, words[:_MAX_WORDS_CHARS])
    await tx.flush()
