"""The thread as it is read: the case's messages and those of its calls, in one order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor, BuyerActor
from cases.case_access import load_case
from cases.case_text import open_case_text
from cases.case_views import name_of
from cases.keys import KeyRing
from cases.log import LoggedEvent, LogKind, opened
from cases.participant_names import opened_name
from cases.session_views import visible_to
from cases.states import Refusal
from cases.tables import Case, Event, Participant, Session, Tenant, ThreadRead
from cases.thread import BUYER, MESSAGE, NOTE, TRANSLATION
from cases.view import View

PAGE: Final = 100
_MOST_SESSIONS: Final = 200


class MessageAuthor(View):
    """Who wrote; ``role`` is buyer, staff, key, observer or system."""

    role: str
    name: str
    mine: bool


class TranslationView(View):
    """A message in another language."""

    locale: str
    text: str


class RefusedView(View):
    """A file that came with a message by mail and was not taken."""

    name: str
    reason: Refusal


class MessageView(View):
    """One message; ``text`` is as it was written, null once erased, empty for files alone."""

    id: str
    at: datetime
    author: MessageAuthor
    text: str | None
    locale: str | None
    translations: list[TranslationView]
    attachments: list[str]
    refused: list[RefusedView]
    internal: bool
    session_id: str | None
    """The call in which it was written, if it was in one."""
    client_id: str | None


class ReadView(View):
    """How far one side has read."""

    role: str
    name: str
    read_to: datetime


class ThreadView(View):
    """The newest messages, oldest first; ``earlier`` asks for those before them."""

    messages: list[MessageView]
    earlier: str | None
    reads: list[ReadView]
    unread: int
    """Of these messages, how many others wrote since the asker last read."""


async def thread_view(
    tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str, before: str | None = None
) -> ThreadView:
    """One page of the thread, as the actor may see it.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``erased`` (410).
    """
    for_buyer = isinstance(actor, BuyerActor)
    case = await load_case(tx, actor, case_id, Action.TAKE_PART if for_buyer else Action.VIEW_CASE)
    case_key = await keys.key_of(tx, case)
    rows = await _rows(tx, actor, case, before)
    page = rows[:PAGE][::-1]
    translations = await _translations(tx, actor, case, case_key, page)
    of_sessions = {row.subject_id for row in page if row.log == LogKind.SESSION}
    session_keys = await keys.session_keys(tx, of_sessions)
    names = _Names(tx, case, case_key, session_keys, for_buyer=for_buyer)
    messages = []
    for row in page:
        key = session_keys.get(row.subject_id) if row.log == LogKind.SESSION else case_key
        event = opened(row, key)
        id_ = f"{row.subject_id}:{row.seq}"
        author = await names.author(actor, row)
        messages.append(_message(row, event, id_, author, translations.get(id_, {})))
    reads = await _reads(tx, case, names)
    me = BUYER if for_buyer else actor.label
    read_to = await tx.scalar(
        select(ThreadRead.read_to).where(ThreadRead.case_id == case.id, ThreadRead.reader == me)
    )
    return ThreadView(
        messages=messages,
        earlier=messages[0].id if len(rows) > PAGE else None,
        reads=reads,
        unread=sum(
            1 for one in messages if not one.author.mine and (read_to is None or one.at > read_to)
        ),
    )


async def _rows(tx: AsyncSession, actor: Actor, case: Case, before: str | None) -> list[Event]:
    """The newest first, one more than a page."""
    sessions = (
        await tx.scalars(
            select(Session.id)
            .where(Session.case_id == case.id)
            .order_by(Session.created_at.desc())
            .limit(_MOST_SESSIONS)
        )
    ).all()
    query = select(Event).where(
        or_(
            and_(
                Event.log == LogKind.CASE,
                Event.subject_id == case.id,
                Event.kind.in_([MESSAGE, NOTE]),
            ),
            and_(
                Event.log == LogKind.SESSION,
                Event.subject_id.in_(sessions),
                Event.kind == MESSAGE,
            ),
        ),
        Event.visibility.in_(sorted(visible_to(actor))),
    )
    if before is not None:
        place, _, number = before.rpartition(":")
        if place not in {case.id, *sessions} or not _is_number(number):
            return []
        seq = int(number)
        which = LogKind.CASE if place == case.id else LogKind.SESSION
        at = await tx.scalar(
            select(Event.at).where(Event.log == which, Event.subject_id == place, Event.seq == seq)
        )
        if at is None:
            return []
        query = query.where(
            or_(
                Event.at < at,
                and_(Event.at == at, Event.subject_id < place),
                and_(Event.at == at, Event.subject_id == place, Event.seq < seq),
            )
        )
    query = query.order_by(Event.at.desc(), Event.subject_id.desc(), Event.seq.desc())
    return list(await tx.scalars(query.limit(PAGE + 1)))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


async def _translations(
    tx: AsyncSession, actor: Actor, case: Case, key: bytes, page: list[Event]
) -> dict[str, dict[str, str]]:
    """Message id → language → words, for what is on the page."""
    if not page:
        return {}
    rows = await tx.scalars(
        select(Event)
        .where(
            Event.log == LogKind.CASE,
            Event.subject_id == case.id,
            Event.kind == TRANSLATION,
            Event.at >= page[0].at,
            Event.visibility.in_(sorted(visible_to(actor))),
        )
        .order_by(Event.seq)
    )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        said = opened(row, key).payload or {}
        found.setdefault(str(said["message_id"]), {})[str(said["locale"])] = str(said["text"])
    return found


def _message(
    row: Event, event: LoggedEvent, id_: str, author: MessageAuthor, later: dict[str, str]
) -> MessageView:
    said = event.payload
    translations: dict[str, str] = {}
    attachments: list[str] = []
    refused: list[RefusedView] = []
    if said is not None:
        first = said.get("translation")
        if isinstance(first, dict):
            translations[str(first["locale"])] = str(first["text"])
        given = said.get("attachments")
        attachments = [str(one) for one in given] if isinstance(given, list) else []
        left = said.get("refused")
        refused = [RefusedView(**one) for one in left] if isinstance(left, list) else []
    translations |= later
    return MessageView(
        id=id_,
        at=row.at,
        author=author,
        text=str(said["text"]) if said is not None else None,
        locale=str(said["locale"]) if said is not None else None,
        translations=[TranslationView(locale=tag, text=text) for tag, text in translations.items()],
        attachments=attachments,
        refused=refused,
        internal=row.kind == NOTE,
        session_id=row.subject_id if row.log == LogKind.SESSION else None,
        # A client id is its author's own affair.
        client_id=row.client_id if author.mine else None,
    )


async def _reads(tx: AsyncSession, case: Case, names: _Names) -> list[ReadView]:
    rows = await tx.scalars(
        select(ThreadRead)
        .where(ThreadRead.case_id == case.id)
        .order_by(ThreadRead.read_to.desc(), ThreadRead.reader)
        .limit(20)
    )
    return [
        ReadView(
            role=row.reader.partition(":")[0],
            name=await names.of(row.reader, None),
            read_to=row.read_to,
        )
        for row in rows
    ]


class _Names:
    """Names of authors, each looked up once."""

    def __init__(
        self,
        tx: AsyncSession,
        case: Case,
        case_key: bytes,
        session_keys: Mapping[str, bytes],
        *,
        for_buyer: bool,
    ) -> None:
        self._tx = tx
        self._case_key = case_key
        self._case = case
        self._session_keys = session_keys
        self._for_buyer = for_buyer
        self._known: dict[str, str] = {}

    async def author(self, actor: Actor, row: Event) -> MessageAuthor:
        """Who wrote an event, as the actor is told."""
        role = row.actor.partition(":")[0]
        mine = role == BUYER if self._for_buyer else row.actor == actor.label
        session_id = row.subject_id if row.log == LogKind.SESSION else None
        return MessageAuthor(role=role, name=await self.of(row.actor, session_id), mine=mine)

    async def of(self, label: str, session_id: str | None) -> str:
        """The name behind a label; what machines are called is the seller's affair."""
        if label not in self._known:
            self._known[label] = await self._look(label, session_id)
        return self._known[label]

    async def _look(self, label: str, session_id: str | None) -> str:
        role, _, subject_id = label.partition(":")
        if role == BUYER:
            return open_case_text(self._case_key, self._case).buyer_name
        if role == "observer" and session_id is not None:
            person = await self._tx.scalar(
                select(Participant).where(
                    Participant.session_id == session_id,
                    Participant.observer_link_id == subject_id,
                )
            )
            key = self._session_keys.get(session_id)
            return (opened_name(key, person) if person is not None else "") or role
        if role in ("key", "system") and self._for_buyer:
            return (await self._tx.get_one(Tenant, self._case.tenant_id)).name
        return await name_of(self._tx, label)
