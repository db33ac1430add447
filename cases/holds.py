"""Legal holds: while one stands nothing of its case goes, whatever a rule or a person says."""

from __future__ import annotations

from datetime import datetime

from cases import keeping
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case
from cases.case_note import note
from cases.tables import LegalHold
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import new_id


class HoldView(View):
    """A legal hold that stands."""

    reason: str
    placed_at: datetime
    placed_by: str


async def place(unit: Unit, actor: Actor, case_id: str, reason: str) -> None:
    """Put a case under a legal hold; the same reason again changes nothing.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``erased`` (410), ``held`` (409) for another
            reason.
    """
    case = await load_case(unit.tx, actor, case_id, Action.KEEP, lock=True)
    standing = await keeping.open_hold(unit.tx, case.id)
    if standing is not None:
        if standing.reason == reason:
            return
        raise CaseError("held", "This case is under a legal hold already.")
    unit.tx.add(
        LegalHold(
            id=new_id("lgh"),
            case_id=case.id,
            reason=reason,
            placed_at=unit.now,
            placed_by=actor.label,
        )
    )
    await unit.tx.flush()
    await note(unit.tx, unit.keys, case, "hold_placed", {"reason": reason}, actor, unit.now)
    await keeping.settle(unit.tx, case, unit.now)


async def release(unit: Unit, actor: Actor, case_id: str, reason: str) -> None:
    """End the legal hold of a case; its date follows from the rules again.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``erased`` (410), ``not_held`` (409).
    """
    case = await load_case(unit.tx, actor, case_id, Action.KEEP, lock=True)
    standing = await keeping.open_hold(unit.tx, case.id)
    if standing is None:
        raise CaseError("not_held", "This case is under no legal hold.")
    standing.released_at, standing.released_by = unit.now, actor.label
    standing.release_reason = reason
    await unit.tx.flush()
    await note(unit.tx, unit.keys, case, "hold_released", {"reason": reason}, actor, unit.now)
    await keeping.settle(unit.tx, case, unit.now)
