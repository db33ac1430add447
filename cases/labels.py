"""Labels of a case: ordered of the carrier by the port, or uploaded by a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, errands, links
from cases.access_policy import Action
from cases.actor import Actor, SystemActor
from cases.case_access import load_case, not_found
from cases.case_note import note
from cases.case_text import text_of
from cases.label_files import label_type
from cases.life import CASE_MOVES, next_case_state
from cases.parcel_words import ParcelWords, write_parcel
from cases.parcels import parcel_back
from cases.port_commands import LabelSetup, PortKind
from cases.port_reading import fill_body, fill_url
from cases.ports import address_for, enabled_port, find_port, headers_of, setup_of
from cases.residency import placed_for
from cases.sealing import open_words, seal_words
from cases.states import CaseState, CaseTrigger
from cases.tables import Case, Label
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import new_id


class LabelState(StrEnum):
    """Where a label stands."""

    ORDERED = "ordered"
    MADE = "made"
    REFUSED = "refused"


class LabelWords(BaseModel):
    """Where it goes, the number on it, or why it was refused."""

    address: str | None = None
    tracking_number: str | None = None
    why: str | None = None


class LabelView(View):
    """A label; its file is asked for by its id once it is made."""

    id: str
    state: LabelState
    carrier: str | None
    tracking_number: str | None
    media_type: str | None
    size: int | None
    why: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """What is asked of the carrier; the label's id is the key of idempotency."""

    url: str
    headers: dict[str, str]
    body: bytes
    setup: LabelSetup


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A label's file as it lies in the store, and the key that opens it."""

    object_key: str
    key: bytes
    media_type: str


async def order_label(unit: Unit, actor: Actor, case_id: str) -> LabelView:
    """Have the carrier make a label to the case's return address.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``port_off``, ``label_ordered``,
            ``wrong_state``, ``session_open`` or ``case_closed`` (409); ``address_missing``
            (422) while the address book has none for the case.
    """
    case = await load_case(unit.tx, actor, case_id, Action.SETTLE, lock=True)
    next_case_state(CaseState(case.state), CaseTrigger.GIVE_LABEL)
    await enabled_port(unit.tx, case.tenant_id, PortKind.LABEL)
    open_one = await unit.tx.scalar(
        select(Label.id).where(Label.case_id == case.id, Label.state == LabelState.ORDERED)
    )
    if open_one is not None:
        raise CaseError("label_ordered", "A label for this case has been ordered already.")
    label_id = new_id("lbl")
    name = await placed_for(unit.tx, case.tenant_id, f"labels/{label_id}")
    label = await _new(unit, case, actor, label_id, name)
    await note(unit.tx, unit.keys, case, "label_ordered", {"label_id": label.id}, actor, unit.now)
    await errands.send_on(unit, case, PortKind.LABEL, label.id)
    return _view(label, await _words(unit, case, label))


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """Where the file of a label is to lie, and the key to seal it with."""

    label_id: str
    object_key: str
    key: bytes


async def begin_upload(unit: Unit, actor: Actor, case_id: str) -> LabelPlace:
    """Where the file of a label that is uploaded goes; keeps nothing yet.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``wrong_state``, ``session_open`` or
            ``case_closed`` (409).
    """
    case = await load_case(unit.tx, actor, case_id, Action.SETTLE)
    next_case_state(CaseState(case.state), CaseTrigger.GIVE_LABEL)
    label_id = new_id("lbl")
    name = await placed_for(unit.tx, case.tenant_id, f"labels/{label_id}")
    return LabelPlace(label_id, name, await unit.keys.case_key(unit.tx, case.id))


async def keep_upload(
    unit: Unit,
    actor: Actor,
    case_id: str,
    place: LabelPlace,
    content: bytes,
    *,
    carrier: str | None,
    tracking_number: str | None,
) -> LabelView:
    """Give the buyer a label whose file is in the store by now.

    Raises:
        CaseError: as ``begin_upload``; ``bad_label`` or ``address_missing`` (422).
    """
    case = await load_case(unit.tx, actor, case_id, Action.SETTLE, lock=True)
    next_case_state(CaseState(case.state), CaseTrigger.GIVE_LABEL)
    label = await _new(unit, case, actor, place.label_id, place.object_key)
    await _make(unit, case, label, actor, content, carrier, tracking_number)
    return _view(label, await _words(unit, case, label))


async def prepare(unit: Unit, label_id: str) -> LabelRequest | None:
    """What is to be asked of the carrier; None when the label's end is known."""
    label = await unit.tx.get_one(Label, label_id)
    case = await unit.tx.get_one(Case, label.case_id)
    port = await find_port(unit.tx, case.tenant_id, PortKind.LABEL)
    if label.state != LabelState.ORDERED or port is None:
        return None
    setup = setup_of(port, LabelSetup)
    words: dict[str, str] = {
        "reference": label.id,
        "order_number": case.order_number,
        "buyer_name": (await text_of(unit.tx, unit.keys, case)).buyer_name,
        "address": (await _words(unit, case, label)).address or "",
    }
    headers = await headers_of(unit.tx, unit.keys, port)
    headers |= {"Content-Type": "application/json", "Idempotency-Key": label.id}
    body = json.dumps(fill_body(setup.body, dict(words)), ensure_ascii=False).encode()
    return LabelRequest(fill_url(setup.url, words), headers, body, setup)


async def place_of_label(unit: Unit, label_id: str) -> LabelPlace:
    """Where the file of an ordered label goes."""
    label = await unit.tx.get_one(Label, label_id)
    key = await unit.keys.case_key(unit.tx, label.case_id)
    return LabelPlace(label.id, label.object_key, key)


async def make(
    unit: Unit, label_id: str, content: bytes, carrier: str, tracking_number: str | None
) -> None:
    """The carrier's label came and is in the store; one that is made already stays as it is.

    Raises:
        CaseError: ``bad_label`` (422).
    """
    label, case = await _lock(unit, label_id)
    if label.state == LabelState.ORDERED:
        await _make(unit, case, label, SystemActor(), content, carrier, tracking_number)


async def refuse(unit: Unit, label_id: str, why: str) -> None:
    """There will be no label; the seller goes on by hand."""
    label, case = await _lock(unit, label_id)
    if label.state == LabelState.ORDERED:
        label.state = LabelState.REFUSED
        await _change_words(unit, case, label, why=why)
        told: dict[str, object] = {"label_id": label.id, "why": why}
        await note(unit.tx, unit.keys, case, "label_refused", told, SystemActor(), unit.now)
        case.updated_at = unit.now


async def list_labels(tx: AsyncSession, key: bytes, case_id: str) -> list[LabelView]:
    """The labels of a case, in order; ``key`` is the case's."""
    found = await tx.scalars(
        select(Label).where(Label.case_id == case_id).order_by(Label.made_at, Label.id)
    )
    return [_view(one, read_label_words(key, one)) for one in found]


async def file_for_staff(unit: Unit, actor: Actor, case_id: str, label_id: str) -> LabelFile:
    """A label's file, for whoever may view the case.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    case = await load_case(unit.tx, actor, case_id, Action.VIEW_CASE)
    return await _file(unit, case.id, label_id)


async def file_for_buyer(unit: Unit, token: str, secret: str | None, label_id: str) -> LabelFile:
    """A label's file, on the browser that the buyer's link is bound to.

    Raises:
        CaseError: the link's own errors; ``other_device`` (409); ``not_found``.
    """
    link = await links.find_link(unit.tx, token, unit.now)
    if await links.buyer_of_case(unit.tx, secret, link.case_id, unit.now) is None:
        raise CaseError("other_device", "This link is in use on another device.")
    return await _file(unit, link.case_id, label_id)


async def newest_of_parcels(tx: AsyncSession, case_id: str) -> dict[str, Label]:
    """The newest label that is made, by its parcel's id."""
    found = await tx.scalars(
        select(Label)
        .where(Label.case_id == case_id, Label.state == LabelState.MADE)
        .order_by(Label.made_at, Label.id)
    )
    return {one.parcel_id: one for one in found if one.parcel_id is not None}


def read_label_words(key: bytes, label: Label) -> LabelWords:
    """The words of a label.

    Raises:
        InvalidTag: another case's key.
    """
    if label.sealed_words is None:
        return LabelWords()
    return open_words(LabelWords, key, f"labels:{label.id}", label.sealed_words)


async def _words(unit: Unit, case: Case, label: Label) -> LabelWords:
    return read_label_words(await unit.case_key(case), label)


async def _change_words(unit: Unit, case: Case, label: Label, **changed: str | None) -> LabelWords:
    key = await unit.case_key(case)
    words = read_label_words(key, label).model_copy(update=changed)
    label.sealed_words = seal_words(key, f"labels:{label.id}", words)
    return words


def _view(label: Label, words: LabelWords) -> LabelView:
    return LabelView(
        id=label.id,
        state=LabelState(label.state),
        carrier=label.carrier,
        tracking_number=words.tracking_number,
        media_type=label.media_type,
        size=label.size,
        why=words.why,
        made_at=label.made_at,
    )


async def _new(unit: Unit, case: Case, actor: Actor, label_id: str, object_key: str) -> Label:
    address = await address_for(unit.tx, case.tenant_id, case.warehouse_id)
    if address is None:
        raise CaseError(
            "address_missing", "Say first where returns are sent: integrations, addresses.",
            status=422,
        )  # fmt: skip
    label = Label(
        id=label_id,
        case_id=case.id,
        object_key=object_key,
        state=LabelState.ORDERED,
        made_at=unit.now,
        by=actor.label,
    )
    await _change_words(unit, case, label, address=address)
    unit.tx.add(label)
    await unit.tx.flush()
    return label


async def _make(
    unit: Unit,
    case: Case,
    label: Label,
    actor: Actor,
    content: bytes,
    carrier: str | None,
    tracking_number: str | None,
) -> None:
    label.media_type = label_type(content)
    label.state, label.size, label.sha256 = (
        LabelState.MADE,
        len(content),
        sha256(content).hexdigest(),
    )
    label.carrier = carrier
    words = await _change_words(unit, case, label, tracking_number=tracking_number)
    parcel = await parcel_back(unit, case)
    parcel.carrier, parcel.look_at = carrier, unit.now
    on_it = ParcelWords(tracking_number=tracking_number, address=words.address)
    await write_parcel(unit, case, parcel, on_it)
    await unit.tx.flush()
    label.parcel_id = parcel.id
    told: dict[str, object] = {
        "label_id": label.id,
        "media_type": label.media_type,
        "tracking_number": tracking_number,
        **({"carrier": carrier} if carrier else {}),
    }
    await note(unit.tx, unit.keys, case, "label_made", told, actor, unit.now)
    case.updated_at = unit.now
    # It was paid for: it is kept whatever somebody did to the case meanwhile.
    if CaseTrigger.GIVE_LABEL in CASE_MOVES[CaseState(case.state)]:
        await desk.move_case(
            unit.tx,
            unit.keys,
            case.id,
            CaseTrigger.GIVE_LABEL,
            actor,
            unit.now,
            told={**told, "address": words.address},
        )


async def _file(unit: Unit, case_id: str, label_id: str) -> LabelFile:
    label = await unit.tx.get(Label, label_id)
    if label is None or label.case_id != case_id or label.media_type is None:
        raise not_found()
    key = await unit.keys.case_key(unit.tx, case_id)
    return LabelFile(label.object_key, key, label.media_type)


async def _lock(unit: Unit, label_id: str) -> tuple[Label, Case]:
    known = await unit.tx.get_one(Label, label_id)
    # The case first, as everybody locks them.
    case = await unit.tx.get_one(Case, known.case_id, with_for_update=True)
    label = await unit.tx.get_one(Label, label_id, with_for_update=True, populate_existing=True)
    return label, case
