"""A seller's figures over HTTP: all at once, as a table for spreadsheets, and case by case."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Annotated, Final

from aiohttp import web
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from cases.commands import Command
from cases.figures import (
    CaseOfFigure,
    Dimension,
    Figures,
    Row,
    Span,
    Step,
    cases_of,
    read_figures,
)
from cases.inspection_worth import Assumptions
from cases.view import View
from runtime.errors import CaseError
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_query
from signaling.openapi import route
from signaling.services import SERVICES, Services

_LONGEST: Final = timedelta(days=3 * 366)
_USUAL: Final = timedelta(days=90)
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def _plausible(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2200:
        raise ValueError("expected a year from 2000 to 2199")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]


class _SpanWanted(Command):
    since: Moment | None = None
    until: Moment | None = None


class FiguresWanted(_SpanWanted):
    """Which cases are counted, by what, and what a return is assumed to cost."""

    by: Dimension = Dimension.REASON
    postage_minor: Annotated[int, Field(ge=0, le=1_000_000)] = 700
    handling_minor: Annotated[int, Field(ge=0, le=1_000_000)] = 400
    lost_percent: Annotated[int, Field(ge=0, le=100)] = 30


class CasesOfFigureWanted(_SpanWanted):
    """Which number's cases; ``value`` left out means those that have none."""

    by: Dimension | None = None
    value: Annotated[str, StringConstraints(max_length=200)] | None = None
    step: Step = Step.OPENED
    video: bool | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class CasesOfFigure(View):
    """One page of the cases behind a number, the newest first."""

    items: list[CaseOfFigure]
    next_cursor: str | None


def add_routes(app: web.Application) -> None:
    """Serve the figures."""
    openapi.register(app, [get_figures, get_figures_table, get_figures_cases])


@route(
    "GET",
    "/api/v1/figures",
    "Count cases, times and what inspections are worth",
    query=FiguresWanted,
    errors={422: "invalid, bad_span"},
    answers={200: Figures},
)
async def get_figures(request: web.Request) -> web.Response:
    """Everything of a span; the last ninety days unless it says else."""
    return web.json_response(text=(await _figures(request)).model_dump_json())


@route(
    "GET",
    "/api/v1/figures/table.csv",
    "The same by one dimension, for spreadsheets",
    query=FiguresWanted,
    errors={422: "invalid, bad_span"},
    answers={200: "text/csv"},
)
async def get_figures_table(request: web.Request) -> web.Response:
    """One line for each value; no cell is taken for a formula."""
    found = await _figures(request)
    out = io.StringIO()
    writer = csv.writer(out)
    names = list(Row.model_fields)
    writer.writerow([str(found.by), *names[1:]])
    for row in found.rows:
        writer.writerow([cell(getattr(row, name)) for name in names])
    return web.Response(
        # Spreadsheets take a file for UTF-8 by its mark.
        body=("\ufeff" + out.getvalue()).encode(),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="figures-by-{found.by}.csv"'},
    )


@route(
    "GET",
    "/api/v1/figures/cases",
    "List the cases behind a number",
    query=CasesOfFigureWanted,
    errors={422: "invalid, bad_span, bad_cursor"},
    answers={200: CasesOfFigure},
)
async def get_figures_cases(request: web.Request) -> web.Response:
    """One page of them."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, CasesOfFigureWanted)
    async with services.database.read() as tx:
        items, cursor = await cases_of(
            tx,
            actor,
            _span(services, wanted),
            by=wanted.by,
            value=wanted.value,
            step=wanted.step,
            video=wanted.video,
            limit=wanted.limit,
            cursor=wanted.cursor,
        )
    return web.json_response(text=CasesOfFigure(items=items, next_cursor=cursor).model_dump_json())


def cell(value: object) -> str:
    """A value as a spreadsheet may open it: what begins like a formula is marked as text."""
    text = "" if value is None else str(value)
    is_formula = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if isinstance(value, str) and is_formula else text


async def _figures(request: web.Request) -> Figures:
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, FiguresWanted)
    assumed = Assumptions(wanted.postage_minor, wanted.handling_minor, wanted.lost_percent)
    async with services.database.read() as tx:
        return await read_figures(tx, actor, _span(services, wanted), wanted.by, assumed)


def _span(services: Services, wanted: _SpanWanted) -> Span:
    until = wanted.until or services.clock.now() + timedelta(minutes=1)
    since = wanted.since or until - _USUAL
    if not timedelta(0) < until - since <= _LONGEST:
        raise CaseError(
            "bad_span", "Ask for a span that ends after it begins, within three years.", status=422
        )
    return Span(since, until)
