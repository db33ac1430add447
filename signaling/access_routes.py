"""Who did what with a case's evidence: the log as its seller reads it, and what a page reports."""

from __future__ import annotations

from typing import Annotated, Final, Self

from aiohttp import web
from pydantic import Field, StringConstraints, model_validator

from cases import access_log_list
from cases.access_log import Deed, Span, merged
from cases.access_policy import Action
from cases.commands import Command
from cases.session_access import see_session
from cases.tables import Session
from runtime.errors import CaseError
from signaling.auth import reading, require_key_or_staff
from signaling.bodies import parse_body, parse_query
from signaling.limits import Counted
from signaling.noting import note
from signaling.openapi import register, route
from signaling.services import SERVICES, Services

_MAX_MS: Final = 2**53 - 1
_MARGIN_MS: Final = 60_000
"""A page's timeline may reach this far beyond what the session says of itself."""


class CaseAccessWanted(Command):
    """Which page of a case's access log."""

    cursor: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReplayedSpan(Command):
    """From one moment to another, in wall-clock milliseconds; both the same for a still frame."""

    from_ms: Annotated[int, Field(ge=0, le=_MAX_MS, examples=[1_764_320_412_000])]
    to_ms: Annotated[int, Field(ge=0, le=_MAX_MS, examples=[1_764_320_440_000])]

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.to_ms < self.from_ms:
            raise ValueError("a span ends after it begins")
        return self


class Replayed(Command):
    """What somebody has watched since the last report."""

    client_id: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$"), Field(examples=["a81f0c44"])
    ]
    spans: Annotated[tuple[ReplayedSpan, ...], Field(min_length=1, max_length=100)]

    def moments(self) -> tuple[Span, ...]:
        """In as few spans as they need."""
        return merged((span.from_ms, span.to_ms) for span in self.spans)


def add_routes(app: web.Application) -> None:
    """Serve them."""
    register(app, [list_case_access, report_replay])


@route(
    "GET",
    "/api/v1/cases/{id}/access",
    "Who looked at, replayed, downloaded or passed on what of a case, newest first",
    query=CaseAccessWanted,
    answers={200: access_log_list.AccessPage},
)
async def list_case_access(request: web.Request) -> web.Response:
    """One page of the access log's entries about the case."""
    services = request.app[SERVICES]
    async with reading(request) as (tx, actor):
        wanted = parse_query(request, CaseAccessWanted)
        page = await access_log_list.list_case_access(
            tx,
            services.keys,
            actor,
            request.match_info["id"],
            before=wanted.cursor,
            limit=wanted.limit,
        )
    return web.json_response(page.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/sessions/{id}/replays",
    "Report what was watched of a recorded inspection, for the access log",
    body=Replayed,
    answers={204: None},
    errors={422: "invalid, bad_moment", 429: "too_many_attempts"},
)
async def report_replay(request: web.Request) -> web.Response:
    """A small batch from a page that replays; it stands beside what the server itself notes."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    body = await parse_body(request, Replayed)
    async with services.database.read() as tx:
        seen = await see_session(tx, actor, request.match_info["id"], Action.REVIEW)
    await limit_reports(services, actor.label)
    spans = within(seen.session, body.moments(), services)
    await note(
        services,
        actor,
        seen.session,
        Deed.REPLAYED,
        "session",
        seen.session.id,
        spans=spans,
        report_id=body.client_id,
    )
    return web.Response(status=204)


async def limit_reports(services: Services, who: str) -> None:
    """Count a report.

    Raises:
        CaseError: ``too_many_attempts`` (429).
    """
    await services.limits.check(Counted.REPLAY, who, services.clock.now().timestamp())


def within(session: Session, spans: tuple[Span, ...], services: Services) -> tuple[Span, ...]:
    """The spans, if they are moments of this session.

    Raises:
        CaseError: ``bad_moment`` (422).
    """
    ended_at = session.ended_at or services.clock.now()
    first = session.created_at.timestamp() * 1000 - _MARGIN_MS
    last = ended_at.timestamp() * 1000 + _MARGIN_MS
    if spans[0][0] < first or spans[-1][1] > last:
        raise CaseError("bad_moment", "This inspection has no such moment.", status=422)
    return spans
