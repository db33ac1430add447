"""What the seller asks of a carrier for a damaged or lost parcel, kept by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.case_note import note
from cases.commands import from_minor, minor_digits, to_minor
from cases.port_commands import AnswerClaim, FileClaim, OpenClaim
from cases.sealing import open_words, seal_words
from cases.tables import Attachment, CarrierClaim, Case, Parcel, Session, Still
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import new_id


class ClaimState(StrEnum):
    """Where a carrier claim stands."""

    TO_FILE = "to_file"
    FILED = "filed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


_FOLLOWING: Final[Mapping[ClaimState, frozenset[ClaimState]]] = {
    ClaimState.TO_FILE: frozenset({ClaimState.FILED}),
    # What was refused may be filed anew, with more evidence.
    ClaimState.FILED: frozenset({ClaimState.ACCEPTED, ClaimState.REFUSED}),
    ClaimState.REFUSED: frozenset({ClaimState.FILED}),
    ClaimState.ACCEPTED: frozenset(),
}


class ClaimWords(BaseModel):
    """What the seller says, what the carrier knows it by, and what it answered."""

    note: str = ""
    reference: str | None = None
    answer: str | None = None


class CarrierClaimView(View):
    """A carrier claim with the ids of its evidence."""

    id: str
    parcel_id: str
    state: ClaimState
    note: str
    evidence: list[str]
    reference: str | None
    amount: str | None
    answer: str | None
    made_at: datetime
    filed_at: datetime | None
    answered_at: datetime | None


async def open_claim(
    unit: Unit, actor: Actor, case_id: str, command: OpenClaim
) -> CarrierClaimView:
    """Note that a carrier is to be held liable.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``parcel_unknown``, ``evidence_unknown``
            (422) for what is not this case's; ``claim_open`` (409) for a second of a parcel.
    """
    case = await load_case(unit.tx, actor, case_id, Action.SETTLE, lock=True)
    parcel = await unit.tx.get(Parcel, command.parcel_id)
    if parcel is None or parcel.case_id != case.id:
        raise CaseError("parcel_unknown", "This case has no such parcel.", status=422)
    if unknown := set(command.evidence) - await _evidence_of(unit.tx, case.id):
        raise CaseError(
            "evidence_unknown", f"This case has no photograph or file {min(unknown)}.", status=422
        )
    known = await unit.tx.scalar(select(CarrierClaim.id).where(CarrierClaim.parcel_id == parcel.id))
    if known is not None:
        raise CaseError("claim_open", "There is a claim for this parcel already.")
    claim = CarrierClaim(
        id=new_id("ccl"),
        case_id=case.id,
        parcel_id=parcel.id,
        state=ClaimState.TO_FILE,
        evidence=sorted(set(command.evidence)),
        made_at=unit.now,
        by=actor.label,
    )
    unit.tx.add(claim)
    return await _kept(unit, case, claim, actor, note=command.note)


async def file_claim(
    unit: Unit, actor: Actor, case_id: str, claim_id: str, command: FileClaim
) -> CarrierClaimView:
    """It was sent to the carrier, who knows it by a reference.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``wrong_claim_state`` (409).
    """
    case, claim = await _load(unit, actor, case_id, claim_id)
    _go(claim, ClaimState.FILED)
    claim.filed_at = unit.now
    return await _kept(unit, case, claim, actor, reference=command.reference)


async def answer_claim(
    unit: Unit, actor: Actor, case_id: str, claim_id: str, command: AnswerClaim
) -> CarrierClaimView:
    """The carrier pays an amount, or nothing.

    Raises:
        CaseError: ``not_found``, ``forbidden``; ``wrong_claim_state`` (409); ``bad_amount``
            (422).
    """
    case, claim = await _load(unit, actor, case_id, claim_id)
    _go(claim, ClaimState.REFUSED if command.amount is None else ClaimState.ACCEPTED)
    if command.amount is not None:
        if len(command.amount.partition(".")[2]) > minor_digits(case.currency):
            raise CaseError(
                "bad_amount", f"{case.currency} has fewer decimals than that.", status=422
            )
        claim.amount_minor = to_minor(command.amount, case.currency)
    claim.answered_at = unit.now
    return await _kept(unit, case, claim, actor, answer=command.note)


async def list_claims(tx: AsyncSession, key: bytes, case: Case) -> list[CarrierClaimView]:
    """The carrier claims of a case, in order; ``key`` is the case's."""
    found = await tx.scalars(
        select(CarrierClaim)
        .where(CarrierClaim.case_id == case.id)
        .order_by(CarrierClaim.made_at, CarrierClaim.id)
    )
    return [_view(case, one, _words(key, one)) for one in found]


async def _evidence_of(tx: AsyncSession, case_id: str) -> set[str]:
    stills = await tx.scalars(
        select(Still.id)
        .join(Session, Session.id == Still.session_id)
        .where(Session.case_id == case_id)
    )
    attached = await tx.scalars(select(Attachment.id).where(Attachment.case_id == case_id))
    return {*stills, *attached}


async def _load(unit: Unit, actor: Actor, case_id: str, claim_id: str) -> tuple[Case, CarrierClaim]:
    case = await load_case(unit.tx, actor, case_id, Action.SETTLE, lock=True)
    claim = await unit.tx.get(CarrierClaim, claim_id, with_for_update=True)
    if claim is None or claim.case_id != case.id:
        raise not_found()
    return case, claim


def _go(claim: CarrierClaim, to: ClaimState) -> None:
    if to not in _FOLLOWING[ClaimState(claim.state)]:
        spaced = claim.state.replace("_", " ")
        raise CaseError(
            "wrong_claim_state", f"A claim that is {spaced} cannot be {to.replace('_', ' ')}."
        )
    claim.state = to


async def _kept(
    unit: Unit, case: Case, claim: CarrierClaim, actor: Actor, **said: str | None
) -> CarrierClaimView:
    key = await unit.case_key(case)
    words = _words(key, claim).model_copy(update=said)
    claim.sealed_words = seal_words(key, f"carrier_claims:{claim.id}", words)
    await unit.tx.flush()
    view = _view(case, claim, words)
    told: dict[str, object] = {
        "claim_id": claim.id,
        "parcel_id": claim.parcel_id,
        "state": view.state,
    }
    if view.reference:
        told["reference"] = view.reference
    if view.amount:
        told["amount"] = view.amount
    await note(unit.tx, unit.keys, case, "carrier_claim", told, actor, unit.now)
    case.updated_at = unit.now
    return view


def _words(key: bytes, claim: CarrierClaim) -> ClaimWords:
    if claim.sealed_words is None:
        return ClaimWords()
    return open_words(ClaimWords, key, f"carrier_claims:{claim.id}", claim.sealed_words)


def _view(case: Case, claim: CarrierClaim, words: ClaimWords) -> CarrierClaimView:
    return CarrierClaimView(
        id=claim.id,
        parcel_id=claim.parcel_id,
        state=ClaimState(claim.state),
        note=words.note,
        evidence=list(claim.evidence),
        reference=words.reference,
        amount=(
            from_minor(claim.amount_minor, case.currency)
            if claim.amount_minor is not None
            else None
        ),
        answer=words.answer,
        made_at=claim.made_at,
        filed_at=claim.filed_at,
        answered_at=claim.answered_at,
    )
