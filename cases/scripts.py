"""Reply scripts: what is shipped, what a tenant made of it, and both filled from a case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.case_access import load_case
from cases.case_text import open_case_text
from cases.case_views import name_of
from cases.commands import Command, from_minor, one_line, prose
from cases.keys import KeyRing
from cases.parcel_words import ParcelWords, read_parcel
from cases.reply_words import Filled, Scene, fill, unknown_in
from cases.shipped_scripts import SHIPPED
from cases.states import Role, Scope
from cases.tables import Case, ItemLine, Parcel, ReplyScript, Settlement, Tenant
from cases.view import View
from runtime.errors import CaseError

_MOST_OWN: Final = 500


class SetScript(Command):
    """A tenant's own words for a reply in one language."""

    scene: Scene
    title: Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(one_line)]
    words: Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(prose)]


class ScriptView(View):
    """A reply in one language, its placeholders in braces."""

    name: str
    scene: Scene
    locale: str
    title: str
    words: str
    own: bool
    """The tenant's own, not as it was shipped."""


class FilledScriptView(ScriptView):
    """A reply with what the case knows put in."""

    empty: list[str]
    """What the case does not know: still in braces, to be written by hand."""


async def list_scripts(
    tx: AsyncSession,
    tenant_id: str,
    *,
    words: str = "",
    scene: Scene | None = None,
    locale: str | None = None,
) -> list[ScriptView]:
    """A tenant's replies that contain the words, by scene and title."""
    found = {
        (one.name, one.locale): ScriptView(
            name=one.name,
            scene=one.scene,
            locale=one.locale,
            title=one.title,
            words=one.words,
            own=False,
        )
        for one in SHIPPED
    }
    rows = await tx.scalars(select(ReplyScript).where(ReplyScript.tenant_id == tenant_id))
    for row in rows:
        found[row.name, row.locale] = ScriptView(
            name=row.name,
            scene=Scene(row.scene),
            locale=row.locale,
            title=row.title,
            words=row.words,
            own=True,
        )
    wanted = words.casefold().split()
    scenes = list(Scene)
    return sorted(
        (
            one
            for one in found.values()
            if scene in (None, one.scene)
            and locale in (None, one.locale)
            and all(word in f"{one.title} {one.words}".casefold() for word in wanted)
        ),
        key=lambda one: (scenes.index(one.scene), one.name, one.locale),
    )


async def scripts_for_case(
    tx: AsyncSession,
    keys: KeyRing,
    actor: StaffActor | KeyActor,
    case_id: str,
    *,
    words: str = "",
    scene: Scene | None = None,
    locale: str | None = None,
) -> list[FilledScriptView]:
    """The replies of the case's tenant, filled; in the buyer's language unless one is named.

    Raises:
        CaseError: ``not_found`` or ``forbidden``.
    """
    case = await load_case(tx, actor, case_id, Action.WRITE)
    values = await _values(tx, keys, actor, case)
    found = await list_scripts(tx, case.tenant_id, scene=scene, locale=locale or case.buyer_locale)
    if not found and locale is None:
        found = await list_scripts(tx, case.tenant_id, scene=scene, locale="en")
    wanted = words.casefold().split()
    filled = []
    for one in found:
        made = fill(one.words, values)
        if all(word in f"{one.title} {made.words}".casefold() for word in wanted):
            changed = {**one.model_dump(), "words": made.words, "empty": list(made.empty)}
            filled.append(FilledScriptView.model_validate(changed))
    return filled


async def preview(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor | KeyActor, case_id: str, words: str
) -> Filled:
    """Words that are not kept yet, filled from a case.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``unknown_placeholder`` (422).
    """
    case = await load_case(tx, actor, case_id, Action.WRITE)
    _refuse_unknown(words)
    return fill(words, await _values(tx, keys, actor, case))


async def set_script(
    tx: AsyncSession,
    actor: StaffActor | KeyActor,
    name: str,
    locale: str,
    script: SetScript,
    now: datetime,
) -> None:
    """Keep the tenant's words; those of a shipped reply are put in their place.

    Raises:
        CaseError: ``forbidden``; ``unknown_placeholder`` or ``too_many_scripts`` (422).
    """
    tenant_id = editing_tenant(actor)
    _refuse_unknown(script.words)
    row = await tx.get(ReplyScript, (tenant_id, name, locale))
    if row is None:
        own = await tx.scalar(
            select(func.count()).select_from(ReplyScript).where(ReplyScript.tenant_id == tenant_id)
        )
        if (own or 0) >= _MOST_OWN:
            raise CaseError(
                "too_many_scripts", f"{_MOST_OWN} replies are the most: delete one.", status=422
            )
        row = ReplyScript(tenant_id=tenant_id, name=name, locale=locale)
        tx.add(row)
    row.scene, row.title, row.words = script.scene, script.title, script.words
    row.updated_at, row.updated_by = now, actor.label
    await tx.flush()


def _refuse_unknown(words: str) -> None:
    unknown = unknown_in(words)
    if unknown:
        raise CaseError(
            "unknown_placeholder",
            f"“{unknown[0][:40]}” is not one of the placeholders.",
            status=422,
        )


async def drop_script(
    tx: AsyncSession, actor: StaffActor | KeyActor, name: str, locale: str
) -> None:
    """Forget the tenant's words; a shipped reply is as it was. Dropping nothing is no error.

    Raises:
        CaseError: ``forbidden``.
    """
    row = await tx.get(ReplyScript, (editing_tenant(actor), name, locale))
    if row is not None:
        await tx.delete(row)
        await tx.flush()


def reading_tenant(actor: StaffActor | KeyActor) -> str:
    """The tenant whose replies the actor reads outside a case.

    Raises:
        CaseError: ``forbidden``, for who is of no tenant or may not read its cases.
    """
    allowed = (
        bool(actor.scopes & {Scope.CASES_READ, Scope.CASES_WRITE})
        if isinstance(actor, KeyActor)
        else bool(actor.roles)
    )
    return _of_tenant(actor, allowed=allowed)


def editing_tenant(actor: StaffActor | KeyActor) -> str:
    """The tenant whose replies the actor may change.

    Raises:
        CaseError: ``forbidden``.
    """
    allowed = (
        Scope.CASES_WRITE in actor.scopes
        if isinstance(actor, KeyActor)
        else bool(actor.roles & {Role.ADMIN, Role.AGENT})
    )
    return _of_tenant(actor, allowed=allowed)


def _of_tenant(actor: StaffActor | KeyActor, *, allowed: bool) -> str:
    if actor.tenant_id is None or not allowed:
        raise CaseError("forbidden", "You may not do this.", status=403)
    return actor.tenant_id


async def _values(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor | KeyActor, case: Case
) -> dict[str, str]:
    """What the case knows of the placeholders; braces in a value are only characters."""
    lines = (
        await tx.scalars(
            select(ItemLine).where(ItemLine.case_id == case.id).order_by(ItemLine.position)
        )
    ).all()
    parcel = await tx.scalar(
        select(Parcel)
        .where(Parcel.case_id == case.id)
        .order_by(Parcel.created_at.desc(), Parcel.id.desc())
        .limit(1)
    )
    key = await keys.key_of(tx, case)
    on_it = read_parcel(key, parcel) if parcel else ParcelWords()
    given = await tx.scalar(
        select(func.sum(Settlement.amount_minor)).where(Settlement.case_id == case.id)
    )
    paid = sum(line.price_minor * line.quantity for line in lines)
    tenant = await tx.get_one(Tenant, case.tenant_id)
    return {
        "buyer_name": open_case_text(key, case).buyer_name,
        "order_number": case.order_number,
        "seller_name": tenant.name,
        "agent_name": await name_of(tx, actor.label) if isinstance(actor, StaffActor) else "",
        "item_title": str(lines[0].listing["title"]) if lines else "",
        "amount_paid": f"{from_minor(paid, case.currency)} {case.currency}",
        "amount_refunded": (
            f"{from_minor(int(given), case.currency)} {case.currency}" if given else ""
        ),
        "carrier": (parcel.carrier or "") if parcel else "",
        "tracking_number": on_it.tracking_number or "",
        "return_address": on_it.address or "",
    }


ScriptName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
