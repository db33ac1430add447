"""Notices as the seller's people arrange them: when they may go, in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.channels import notice_tenant
from cases.commands import Command, one_line, prose
from cases.notice_kinds import (
    NoticeKind,
)
from cases.notice_letters import words_of
from cases.notice_orders import quiet_of
from cases.notice_template import Words, check_words, empty_in, placeholders, render
from cases.notice_words import LANGUAGES
from cases.tables import NoticeSetting, NoticeTemplate, Tenant
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
    "receipt_file": "proofcall-receipt-ses_1.txt",
}
"""What a preview is filled with, as no case is at hand."""


class QuietView(View):
    """When buyers are left alone, in minutes of their own day, and what they are not told."""

    quiet_from: int
    quiet_until: int
    zone: str
    off: list[NoticeKind]


class QuietIn(Command):
    """Equal bounds: no quiet hours. ``zone`` is for buyers of whom no country is known."""

    quiet_from: Annotated[int, Field(strict=True, ge=0, lt=_DAY_MINUTES)]
    quiet_until: Annotated[int, Field(strict=True, ge=0, lt=_DAY_MINUTES)]
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
