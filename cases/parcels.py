"""Parcels under way: scans are kept once, and what they say together moves the case and warns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, errands
from cases.actor import Actor, SystemActor
from cases.case_note import note
from cases.life import CASE_MOVES
from cases.parcel_words import number_digest, place_digest, read_parcel, read_scan, seal_scan
from cases.port_commands import PortKind, TrackingSetup, sensible
from cases.ports import find_port, setup_of
from cases.states import CaseState, CaseTrigger, Way
from cases.tables import Case, Parcel, Port
from cases.tables import Scan as ScanRow
from cases.tracking import Anomaly, Scan, ScanSource, ScanStatus, Step, moves_told, standing
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

BATCH: Final = 100
_STUCK_AFTER: Final = timedelta(days=5)
_LOOK_EVERY: Final = timedelta(hours=6)
_WATCHED_FOR: Final = timedelta(days=90)
_MAX_SCANS: Final = 500
_NOT_YET: Final = frozenset(
    {
        CaseState.FILED,
        CaseState.KEEP_OFFERED,
        CaseState.INSPECTION_OFFERED,
        CaseState.WAITING,
        CaseState.LIVE,
        CaseState.INSPECTED,
        CaseState.APPEALED,
        CaseState.DISPUTED,
    }
)
"""Here a parcel moves nothing, but it may once there is a decision."""
_WORST_FIRST: Final = (
    Anomaly.LOST,
    Anomaly.RETURNED,
    Anomaly.EXCEPTION,
    Anomaly.WRONG_ORDER,
    Anomaly.STUCK,
)


async def parcel_back(unit: Unit, case: Case) -> Parcel:
    """The parcel on its way to the warehouse; a new one if the last has arrived."""
    parcel: Parcel | None = await unit.tx.scalar(
        select(Parcel)
        .where(Parcel.case_id == case.id, Parcel.way == Way.BACK, Parcel.received_at.is_(None))
        .order_by(Parcel.created_at.desc(), Parcel.id.desc())
        .limit(1)
    )
    if parcel is None:
        parcel = Parcel(id=new_id("pcl"), case_id=case.id, way=Way.BACK, created_at=unit.now)
        unit.tx.add(parcel)
    return parcel


async def newest_numbered(unit: Unit, tenant_id: str, tracking_number: str) -> str | None:
    """The id of the seller's newest parcel with a number: carriers use numbers again.

    A case that is being erased has none any more.

    Raises:
        KeyDestroyed: the seller was erased.
    """
    digest = await number_digest(unit.tx, unit.keys, tenant_id, tracking_number)
    found: str | None = await unit.tx.scalar(
        select(Parcel.id)
        .join(Case, Case.id == Parcel.case_id)
        .where(Parcel.number_digest == digest, Case.erased_at.is_(None))
        .order_by(Parcel.created_at.desc())
        .limit(1)
    )
    return found


async def add_scans(
    unit: Unit, parcel_id: str, scans: Sequence[Scan], source: ScanSource, actor: Actor
) -> int:
    """Keep what is new of these scans, and let the case follow; gives how many were new.

    What cannot have happened at its time is left out. Whether the actor may is the
    caller's question.

    Raises:
        CaseError: ``too_many_scans`` (422).
        KeyDestroyed: the case was erased.
    """
    case, parcel = await _lock(unit, parcel_id)
    key = await unit.case_key(case)
    known = await unit.tx.execute(
        select(ScanRow.status, ScanRow.at, ScanRow.place_digest).where(
            ScanRow.parcel_id == parcel.id
        )
    )
    seen = {(one.status, one.at, one.place_digest) for one in known}
    new = 0
    for scan in scans:
        scan_id, place = new_id("scn"), place_digest(key, scan.place)
        name = (str(scan.status), scan.at, place)
        if name in seen or not sensible(scan.at, unit.now):
            continue
        if len(seen) >= _MAX_SCANS:
            raise CaseError(
                "too_many_scans", f"A parcel has {_MAX_SCANS} scans at most.", status=422
            )
        seen.add(name)
        new += 1
        unit.tx.add(
            ScanRow(
                id=scan_id,
                parcel_id=parcel.id,
                status=scan.status,
                at=scan.at,
                place_digest=place,
                sealed_words=seal_scan(key, scan_id, scan),
                source=source,
                known_at=unit.now,
            )
        )
    if new:
        await unit.tx.flush()
        await follow_parcel(unit, case, parcel, actor, source)
    return new


async def follow_parcel(
    unit: Unit, case: Case, parcel: Parcel, actor: Actor, source: ScanSource
) -> None:
    """Say how a parcel stands by all that is known of it; the case, locked, moves if it may."""
    # Without words: whether it is missed is asked again and again, and opens no key.
    rows = await _rows_of(unit.tx, parcel.id)
    scans = [Step(ScanStatus(one.status), one.at) for one in rows]
    if parcel.way == Way.BACK:
        await _move_along(unit, case, parcel, scans)
    port = await find_port(unit.tx, case.tenant_id, PortKind.TRACKING)
    now_stands = standing(
        scans,
        shipped_at=parcel.shipped_at,
        arrived=parcel.received_at is not None,
        now=unit.now,
        stuck_after=_stuck_after(port),
    )
    about: dict[str, object] = {"parcel_id": parcel.id, "way": parcel.way}
    if now_stands.status is not None and now_stands.status != parcel.status:
        newest = next(
            one for one in rows if (one.status, one.at) == (now_stands.status, now_stands.at)
        )
        key = await unit.case_key(case)
        told = {
            **about,
            "status": newest.status,
            "at": newest.at.isoformat(),
            "place": read_scan(key, newest).place,
            "tracking_number": read_parcel(key, parcel).tracking_number,
            "source": source,
            **({"carrier": parcel.carrier} if parcel.carrier else {}),
        }
        await note(unit.tx, unit.keys, case, "parcel_scanned", told, actor, unit.now, key=key)
        case.updated_at = unit.now
    parcel.status, parcel.status_at = now_stands.status, now_stands.at
    if now_stands.anomaly != parcel.anomaly:
        if now_stands.anomaly is None:
            kind, told = "parcel_anomaly_over", {**about, "anomaly": parcel.anomaly}
        else:
            assert now_stands.since is not None, "an anomaly has its moment"
            kind = "parcel_anomaly"
            told = {
                **about,
                "anomaly": now_stands.anomaly,
                "status": now_stands.status,
                "since": now_stands.since.isoformat(),
            }
        await note(unit.tx, unit.keys, case, kind, told, actor, unit.now)
        case.updated_at = unit.now
    parcel.anomaly, parcel.anomaly_since = now_stands.anomaly, now_stands.since
    await unit.tx.flush()
    await _flag(unit, case)


async def due_parcels(tx: AsyncSession, now: datetime) -> list[str]:
    """The parcels that are to be looked at now."""
    found = await tx.scalars(
        select(Parcel.id).where(Parcel.look_at <= now).order_by(Parcel.look_at).limit(BATCH)
    )
    return list(found)


async def look_at(unit: Unit, parcel_id: str) -> str | None:
    """Look whether a parcel is missed, have its carrier asked, and say when to look again."""
    case, parcel = await _lock(unit, parcel_id)
    if parcel.look_at is None or parcel.look_at > unit.now:
        return None
    port = await find_port(unit.tx, case.tenant_id, PortKind.TRACKING)
    setup = setup_of(port, TrackingSetup) if port is not None and port.enabled else None
    if case.wrapped_key is None or _is_over(parcel) or unit.now - parcel.created_at > _WATCHED_FOR:
        parcel.look_at = None
        return "no longer watched"
    parcel.look_at = unit.now + (timedelta(hours=setup.every_h) if setup else _LOOK_EVERY)
    await follow_parcel(unit, case, parcel, SystemActor(), ScanSource.PORT)
    if _is_over(parcel):
        parcel.look_at = None
    elif setup is not None and setup.url is not None and parcel.number_digest is not None:
        lasts = timedelta(hours=setup.every_h)
        await errands.send_on(unit, case, PortKind.TRACKING, parcel.id, lasts)
    await unit.tx.flush()
    return "looked"


async def postpone(unit: Unit, parcel_id: str) -> None:
    """A look that failed is taken again later."""
    _case, parcel = await _lock(unit, parcel_id)
    if parcel.look_at is not None:
        parcel.look_at = unit.now + _LOOK_EVERY


async def scans_of(tx: AsyncSession, key: bytes, parcel_id: str) -> list[Scan]:
    """Every scan of a parcel; ``key`` is the case's."""
    return [read_scan(key, one) for one in await _rows_of(tx, parcel_id)]


async def _rows_of(tx: AsyncSession, parcel_id: str) -> list[ScanRow]:
    """In an order that does not depend on when each became known."""
    rows = await tx.scalars(
        select(ScanRow)
        .where(ScanRow.parcel_id == parcel_id)
        .order_by(ScanRow.at, ScanRow.place_digest, ScanRow.status)
    )
    return list(rows)


async def _move_along(unit: Unit, case: Case, parcel: Parcel, scans: Sequence[Step]) -> None:
    """Mark the parcel as shipped and received, and move the case where its life allows that.

    What the life does not allow yet is tried again at the next look: a parcel that was sent
    before anything was decided moves the case once it is.
    """
    for trigger, at in moves_told(scans):
        done_at = parcel.shipped_at if trigger is CaseTrigger.SHIP else parcel.received_at
        if done_at is not None:
            continue
        state = CaseState(case.state)
        if trigger in CASE_MOVES[state]:
            told: dict[str, object] = {"by": "tracking", "parcel_id": parcel.id}
            if parcel.carrier:
                told["carrier"] = parcel.carrier
            await desk.move_case(
                unit.tx, unit.keys, case.id, trigger, SystemActor(), unit.now, told=told
            )
        elif state in _NOT_YET:
            return
        if trigger is CaseTrigger.SHIP:
            parcel.shipped_at = at
        else:
            parcel.received_at = at


async def _flag(unit: Unit, case: Case) -> None:
    found = set(
        await unit.tx.scalars(
            select(Parcel.anomaly).where(Parcel.case_id == case.id, Parcel.anomaly.is_not(None))
        )
    )
    worst = next((one for one in _WORST_FIRST if one in found), None)
    if worst != case.parcel_anomaly:
        case.parcel_anomaly = worst
        await unit.tx.flush()


async def _lock(unit: Unit, parcel_id: str) -> tuple[Case, Parcel]:
    known = await unit.tx.get_one(Parcel, parcel_id)
    # The case first, as everybody locks them.
    case = await unit.tx.get_one(Case, known.case_id, with_for_update=True)
    parcel = await unit.tx.get_one(Parcel, parcel_id, with_for_update=True, populate_existing=True)
    return case, parcel


def _is_over(parcel: Parcel) -> bool:
    """Whether nothing more is to be expected of it."""
    if parcel.way == Way.BACK:
        return parcel.received_at is not None
    return parcel.status in (ScanStatus.DELIVERED, ScanStatus.LOST)


def _stuck_after(port: Port | None) -> timedelta:
    if port is None:
        return _STUCK_AFTER
    return timedelta(days=setup_of(port, TrackingSetup).stuck_after_days)
