"""Notices as the seller's people arrange them: what went, when it may go, in which words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import mail
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.channels import notice_tenant
from cases.commands import Command, one_line, prose
from cases.notice_kinds import (
    GIVE_UP_AFTER,
    GROUP_OF,
    ChannelKind,
    NoticeGroup,
    NoticeKind,
    NoticeReason,
    NoticeState,
)
from cases.notice_letters import words_of
from cases.notice_orders import quiet_of
from cases.notice_template import Words, check_words, empty_in, placeholders, render
from cases.notice_words import LANGUAGES
from cases.tables import Notice, NoticeSetting, NoticeTemplate, Tenant
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError

_DAY_MINUTES: Final = 24 * 60
_SAMPLE: Final[Mapping[str, str]] = {
    "buyer_name": "Ana Ruiz",
    "order_number": "LL-20871",
    "item_title": "Brass desk lamp",
    "answer": "A damaged item is taken back at our cost within 14 days.",
    "when": "2026-06-02 10:30 (Europe/Madrid)",
    "message": "Is the box still there?",
    "outcome": "",
    "decision_note": "The crack was there before it was sent.",
    "carrier": "Correos",
    "tracking_number": "PQ7K2L0001",
    "return_address": "Hall 3, Valencia",
    "amount": "148.00 EUR",
    "anomaly": "",
}
"""What a preview is filled with, as no case is at hand."""


class NoticeView(View):
    """One notice: what, when, over what, and why not."""

    id: str
    case_id: str
    kind: NoticeKind
    group: NoticeGroup
    channel: ChannelKind | None
    locale: str
    state: NoticeState
    reason: NoticeReason | None
    words: str | None
    tries: int
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None


class QuietView(View):
    """When buyers are left alone, in minutes of their own day, and what they are not told."""

    quiet_from: int
    quiet_until: int
    zone: str
    off: list[NoticeKind]


class QuietIn(Command):
    """Equal bounds: no quiet hours. ``zone`` is for buyers of whom no country is known."""

    quiet_from: Annotated[int, Field(ge=0, lt=_DAY_MINUTES)]
    quiet_until: Annotated[int, Field(ge=0, lt=_DAY_MINUTES)]
    zone: Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(one_line)]
    off: Annotated[tuple[NoticeKind, ...], Field(max_length=len(NoticeKind))] = ()


class TemplateView(View):
    """The words of one notice in one language, and what they may ask for."""

    kind: NoticeKind
    locale: str
    subject: str
    body: str
    button: str
    own: bool
    placeholders: list[str]


class TemplateIn(Command):
    """A seller's own words; paragraphs are lines."""

    subject: Annotated[
        str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)
    ]
    body: Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(prose)]
    button: Annotated[str, StringConstraints(max_length=60), AfterValidator(one_line)] = ""


class PreviewView(View):
    """How a notice would look, filled with an example; ``empty`` names what has nothing to say."""

    subject: str
    text: str
    html: str
    empty: list[str]


async def list_notices(
    tx: AsyncSession, actor: Actor, *, state: NoticeState | None, before: str | None, limit: int
) -> tuple[list[NoticeView], str | None]:
    """The seller's notices, newest first, and where the next page begins.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    query = select(Notice).where(Notice.tenant_id == notice_tenant(actor))
    if state is not None:
        query = query.where(Notice.state == state)
    if before is not None:
        query = query.where(Notice.id < before)
    rows = list(await tx.scalars(query.order_by(Notice.id.desc()).limit(limit + 1)))
    shown = rows[:limit]
    return [_view(row) for row in shown], shown[-1].id if len(rows) > limit else None


async def notices_of_case(tx: AsyncSession, actor: Actor, case_id: str) -> list[NoticeView]:
    """What the buyer of a case was told, newest first.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    case = await load_case(tx, actor, case_id, Action.READ_LOG)
    rows = await tx.scalars(
        select(Notice).where(Notice.case_id == case.id).order_by(Notice.id.desc()).limit(200)
    )
    return [_view(row) for row in rows]


async def send_again(unit: Unit, actor: Actor, notice_id: str) -> NoticeView:
    """Try a notice once more that did not go; over every channel, from the first.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``notice_under_way`` (409).
    """
    row = await unit.tx.scalar(
        select(Notice)
        .where(Notice.id == notice_id, Notice.tenant_id == notice_tenant(actor))
        .with_for_update()
    )
    if row is None:
        raise not_found()
    if row.state not in (NoticeState.FAILED, NoticeState.SUPPRESSED):
        raise CaseError("notice_under_way", "This notice has been sent, or is on its way.")
    if row.mail_id is not None:
        await mail.send_again(unit, row.tenant_id, row.mail_id)
        await unit.tx.refresh(row)
    else:
        row.state, row.reason, row.tried, row.attempts = NoticeState.WAITING, None, [], 0
        row.due_at, row.give_up_at = unit.now, unit.now + GIVE_UP_AFTER
        await unit.tx.flush()
    return _view(row)


async def read_quiet(tx: AsyncSession, actor: Actor) -> QuietView:
    """The seller's quiet hours.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    quiet = await quiet_of(tx, notice_tenant(actor))
    return QuietView(
        quiet_from=quiet.quiet_from,
        quiet_until=quiet.quiet_until,
        zone=quiet.zone,
        off=[kind for kind in NoticeKind if kind in quiet.off],
    )


async def set_quiet(unit: Unit, actor: Actor, command: QuietIn) -> QuietView:
    """Set when buyers are left alone, and what they are not told.

    Raises:
        CaseError: ``forbidden`` (403), ``zone_unknown`` (422).
    """
    tenant_id = notice_tenant(actor)
    try:
        ZoneInfo(command.zone)
    except (KeyError, ValueError, OSError) as error:
        raise CaseError("zone_unknown", "There is no such time zone.", status=422) from error
    row = await unit.tx.get(NoticeSetting, tenant_id)
    if row is None:
        row = NoticeSetting(tenant_id=tenant_id)
        unit.tx.add(row)
    row.quiet_from, row.quiet_until = command.quiet_from, command.quiet_until
    row.zone, row.off, row.updated_at = command.zone, sorted(set(command.off)), unit.now
    await unit.tx.flush()
    return await read_quiet(unit.tx, actor)


async def list_templates(tx: AsyncSession, actor: Actor, locale: str) -> list[TemplateView]:
    """Every notice's words in a language, the seller's own or ours.

    Raises:
        CaseError: ``forbidden`` (403), ``locale_unknown`` (404).
    """
    tenant_id = notice_tenant(actor)
    _check_locale(locale)
    own = set(
        await tx.scalars(
            select(NoticeTemplate.kind).where(
                NoticeTemplate.tenant_id == tenant_id, NoticeTemplate.locale == locale
            )
        )
    )
    views = []
    for kind in NoticeKind:
        words = await words_of(tx, tenant_id, kind, locale)
        views.append(
            TemplateView(
                kind=kind,
                locale=locale,
                subject=words.subject,
                body=words.body,
                button=words.button,
                own=kind in own,
                placeholders=list(placeholders(kind)),
            )
        )
    return views


async def set_template(
    unit: Unit, actor: Actor, kind: NoticeKind, locale: str, command: TemplateIn
) -> None:
    """Put the seller's own words in place of ours.

    Raises:
        CaseError: ``forbidden`` (403), ``locale_unknown`` (404), what ``check_words`` refuses.
    """
    tenant_id = notice_tenant(actor)
    _check_locale(locale)
    check_words(kind, Words(command.subject, command.body, command.button))
    row = await unit.tx.get(NoticeTemplate, (tenant_id, kind, locale))
    if row is None:
        row = NoticeTemplate(tenant_id=tenant_id, kind=kind, locale=locale)
        unit.tx.add(row)
    row.subject, row.body, row.button = command.subject, command.body, command.button
    row.updated_at, row.updated_by = unit.now, actor.label
    await unit.tx.flush()


async def drop_template(unit: Unit, actor: Actor, kind: NoticeKind, locale: str) -> None:
    """Go back to our words; without own ones nothing happens.

    Raises:
        CaseError: ``forbidden`` (403), ``locale_unknown`` (404).
    """
    tenant_id = notice_tenant(actor)
    _check_locale(locale)
    row = await unit.tx.get(NoticeTemplate, (tenant_id, kind, locale))
    if row is not None:
        await unit.tx.delete(row)


async def preview(
    tx: AsyncSession, actor: Actor, kind: NoticeKind, locale: str, command: TemplateIn
) -> PreviewView:
    """How these words would look; nothing is saved.

    Raises:
        CaseError: ``forbidden`` (403), ``locale_unknown`` (404), what ``check_words`` refuses.
    """
    tenant_id = notice_tenant(actor)
    _check_locale(locale)
    words = Words(command.subject, command.body, command.button)
    check_words(kind, words)
    language = LANGUAGES[locale]
    tenant = await tx.get_one(Tenant, tenant_id)
    values = {
        **_SAMPLE,
        "seller_name": tenant.name,
        "outcome": language.outcomes["refund"],
        "anomaly": language.anomalies["stuck"],
    }
    letter = render(words, locale, values, url="https://example.com/j/…", small="")
    return PreviewView(
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        empty=empty_in(words, values),
    )


def _check_locale(locale: str) -> None:
    if locale not in LANGUAGES:
        raise CaseError("locale_unknown", "Notices are not written in this language.", status=404)


def _view(row: Notice) -> NoticeView:
    kind = NoticeKind(row.kind)
    return NoticeView(
        id=row.id,
        case_id=row.case_id,
        kind=kind,
        group=GROUP_OF[kind],
        channel=ChannelKind(row.channel) if row.channel else None,
        locale=row.locale,
        state=NoticeState(row.state),
        reason=NoticeReason(row.reason) if row.reason else None,
        words=row.words,
        tries=row.tries,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
    )
