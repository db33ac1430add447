"""Scans of parcels: told by machines, imported as a table, pushed by carriers, read by a person."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable, Mapping
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from cases import desk, parcels
from cases.access_policy import Action
from cases.actor import Actor, SystemActor
from cases.case_access import load_case, not_found
from cases.port_commands import (
    HandScan,
    PortKind,
    ScansIn,
    ScanTable,
    TrackingSetup,
)
from cases.port_reading import UnreadableAnswer, parse_answer, read_scans
from cases.ports import find_port, push_secret_of, setup_of
from cases.scan_csv import read_table, write_table
from cases.tables import Parcel, Port
from cases.tracking import Scan, ScanSource, ScanStatus
from cases.tracking_words import status_of
from cases.unit import Unit
from cases.view import View
from cases.way_views import WayView, way_view
from cases.webhook_rules import signatures
from runtime.errors import CaseError
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.openapi import route
from signaling.services import SERVICES, Services

_TOLERANCE_S: Final = 300


class ScanProblem(View):
    """A row that was not taken, and why; ``line`` counts from 1 (a table's head is line 1)."""

    line: int
    why: str


class ScansTaken(View):
    """What came of many scans: none is lost, each was kept, known before, or is a problem."""

    kept: int
    known: Annotated[int, Field(description="Rows that changed nothing: they were known.")]
    problems: list[ScanProblem]
    rest: Annotated[
        str | None,
        Field(description="The rows with problems as a table, to be mended and sent again."),
    ]


def add_routes(app: web.Application) -> None:
    """Serve the routes."""
    openapi.register(app, [add_scans, import_scans, push_scans, add_scan])


@route(
    "POST",
    "/api/v1/scans",
    "Tell scans of parcels, known by their tracking numbers",
    body=ScansIn,
    answers={200: ScansTaken},
    repeat="each scan is kept once; `known` counts the others.",
)
async def add_scans(request: web.Request) -> web.Response:
    """Keep what is new; a status word may be ours or a carrier's."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, ScansIn)
    tenant_id = desk.opening_tenant(actor)
    own = await _own_words(services, tenant_id)
    rows: list[tuple[int, str, Scan]] = []
    problems = []
    for line, one in enumerate(command.scans, start=1):
        status = status_of(one.status, own)
        if status is None:
            problems.append(ScanProblem(line=line, why=f"The status {one.status!r} is not known."))
        else:
            scan = Scan(status, one.at, one.place or "", one.status)
            rows.append((line, one.tracking_number, scan))
    return _json(await _take(services, tenant_id, actor, rows, ScanSource.API, problems))


@route(
    "POST",
    "/api/v1/scans/import",
    "Import a table of scans",
    body=ScanTable,
    answers={200: ScansTaken},
    errors={422: "invalid, bad_csv"},
    repeat="each scan is kept once; `known` counts the others.",
)
async def import_scans(request: web.Request) -> web.Response:
    """Keep every row that can be read; the others come back as a table with their reasons."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, ScanTable)
    tenant_id = desk.opening_tenant(actor)
    own = await _own_words(services, tenant_id)
    table = await asyncio.to_thread(read_table, command.content, own, ZoneInfo(command.zone))
    problems = [ScanProblem(line=one.line, why=one.why) for one in table.bad]
    rows = [(one.line, one.tracking_number, one.scan) for one in table.rows]
    taken = await _take(services, tenant_id, actor, rows, ScanSource.CSV, problems)
    if taken.problems:
        cells = {one.line: one.cells for one in table.rows}
        cells |= {one.line: one.cells for one in table.bad}
        rest = write_table(
            (*table.head, "line", "why"),
            ((*cells[one.line], str(one.line), one.why) for one in taken.problems),
        )
        taken = taken.model_copy(update={"rest": rest})
    return _json(taken)


@route(
    "POST",
    "/api/v1/scan-push/{id}",
    "Push scans, signed as Standard Webhooks are, in the shape that the set-up describes",
    headers={
        "webhook-id": "The id of the message.",
        "webhook-timestamp": "When it was signed, in seconds since 1970.",
        "webhook-signature": "`v1,` and the signature with the push secret.",
    },
    answers={200: ScansTaken},
    secured=False,
    errors={
        400: "bad_json",
        401: "bad_signature",
        413: "too_large",
        422: "unreadable: it is not what the set-up describes",
    },
    repeat="each scan is kept once; `known` counts the others.",
)
async def push_scans(request: web.Request) -> web.Response:
    """A repeat of an old message changes nothing: each scan is kept once."""
    services = request.app[SERVICES]
    body = await request.read()
    async with services.database.read() as tx:
        port = await tx.get(Port, request.match_info["id"])
        if port is None or port.kind != PortKind.TRACKING:
            raise not_found()
        secret = await push_secret_of(tx, services.keys, port)
    _check_signature(request.headers, secret, body, services.clock.now().timestamp())
    setup = setup_of(port, TrackingSetup)
    try:
        told = read_scans(await asyncio.to_thread(parse_answer, body), setup)
    except UnreadableAnswer as error:
        raise CaseError("unreadable", str(error), status=422) from error
    problems = [ScanProblem(line=at, why=why) for at, why in enumerate(told.unread, start=1)]
    rows = []
    for line, one in enumerate(told.scans, start=1):
        if one.tracking_number is None:
            problems.append(ScanProblem(line=line, why="There is no tracking number."))
        else:
            rows.append((line, one.tracking_number, one.scan))
    actor = SystemActor()
    return _json(await _take(services, port.tenant_id, actor, rows, ScanSource.PUSH, problems))


@route(
    "POST",
    "/api/v1/cases/{id}/parcels/{parcel_id}/scans",
    "Note a scan that somebody read on the carrier's page",
    body=HandScan,
    answers={200: WayView},
    errors={422: "invalid, too_many_scans, bad_time"},
    repeat="the scan is kept once.",
)
async def add_scan(request: web.Request) -> web.Response:
    """By hand, where no carrier is connected."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, HandScan)
    case_id, parcel_id = request.match_info["id"], request.match_info["parcel_id"]

    async def act(unit: Unit) -> WayView:
        case = await load_case(unit.tx, actor, case_id, Action.SETTLE, lock=True)
        parcel = await unit.tx.get(Parcel, parcel_id)
        if parcel is None or parcel.case_id != case.id:
            raise not_found()
        at = command.at or unit.now
        if at > unit.now:
            raise CaseError("bad_time", "A scan cannot lie in the future.", status=422)
        scan = Scan(command.status, at, command.place or "", "")
        await parcels.add_scans(unit, parcel.id, [scan], ScanSource.HAND, actor)
        return await way_view(unit.tx, unit.keys, actor, case_id)

    return _json(await services.run(act))


async def _take(
    services: Services,
    tenant_id: str,
    actor: Actor,
    rows: Iterable[tuple[int, str, Scan]],
    source: ScanSource,
    problems: list[ScanProblem],
) -> ScansTaken:
    """Each parcel's scans in a commit of their own: what is broken off is sent again whole."""
    by_number: dict[str, list[tuple[int, Scan]]] = {}
    for line, number, scan in rows:
        by_number.setdefault(number, []).append((line, scan))
    told, kept, known = list(problems), 0, 0
    for number, scans in by_number.items():

        async def act(unit: Unit, number: str = number, own: list[tuple[int, Scan]] = scans) -> int:
            found = await parcels.newest_numbered(unit, tenant_id, number)
            if found is None:
                raise CaseError("unknown", f"No parcel has the number {number}.")
            only = [scan for _line, scan in own]
            return await parcels.add_scans(unit, found, only, source, actor)

        try:
            new = await services.run(act)
        except CaseError as error:
            told += [ScanProblem(line=line, why=error.message) for line, _scan in scans]
            continue
        kept, known = kept + new, known + len(scans) - new
    told.sort(key=lambda one: one.line)
    return ScansTaken(kept=kept, known=known, problems=told, rest=None)


async def _own_words(services: Services, tenant_id: str) -> Mapping[str, ScanStatus]:
    async with services.database.read() as tx:
        port = await find_port(tx, tenant_id, PortKind.TRACKING)
    return setup_of(port, TrackingSetup).words if port is not None else {}


def _check_signature(headers: Mapping[str, str], secret: bytes, body: bytes, now_s: float) -> None:
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    fits = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
    if fits and message and abs(int(stamp) - now_s) <= _TOLERANCE_S:
        wanted = signatures([secret], message, int(stamp), body).encode()
        # Several are given while a secret is changed.
        if any(hmac.compare_digest(one.encode(), wanted) for one in given.split(" ")[:10]):
            return
    raise CaseError("bad_signature", "The signature does not fit, or is too old.", status=401)


def _json(view: View) -> web.Response:
    return web.json_response(text=view.model_dump_json())
