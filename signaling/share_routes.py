"""Shares over the API: let a named viewer replay an inspection, see who may, and end it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from aiohttp import web
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from cases.case_views import name_of
from cases.commands import Command, Email, one_line
from cases.shares import (
    LONGEST_DAYS,
    USUAL_DAYS,
    ShareOrder,
    Viewer,
    end_share,
    make_share,
    shares_of,
    viewer_of,
)
from cases.tables import Share
from cases.unit import Unit
from cases.view import View
from signaling.auth import reading, require_key_or_staff
from signaling.bodies import parse_body
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import register, route
from signaling.services import SERVICES

_MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ShareWanted(Command):
    """For whom, until when, and of what: without moments, of the whole inspection."""

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
        AfterValidator(one_line),
        Field(examples=["Dr. Mia Brandt"]),
    ]
    email: Email | None = None
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, examples=[USUAL_DAYS])] = USUAL_DAYS
    start: Annotated[AwareDatetime | None, Field(alias="from", examples=[None])] = None
    end: Annotated[AwareDatetime | None, Field(alias="to", examples=[None])] = None
    may_download: Annotated[bool, Field(examples=[False])] = False

    @model_validator(mode="after")
    def _both_moments_or_none(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("give from and to, or neither")
        return self

    def order(self) -> ShareOrder:
        """As the use case takes it."""
        part = None
        if self.start is not None and self.end is not None:
            part = (self.start - _EPOCH) // _MS, (self.end - _EPOCH) // _MS
        return ShareOrder(self.name, self.email, self.days, part, self.may_download)


class ShareView(View):
    """A share as its seller sees it; the link itself is told once, when it is made."""

    id: str
    session_id: str
    name: Annotated[str, Field(examples=["Dr. Mia Brandt"])]
    email: str | None
    from_ms: Annotated[int | None, Field(description="Unix ms; null: the whole", examples=[None])]
    to_ms: Annotated[int | None, Field(examples=[None])]
    may_download: bool
    state: Literal["open", "expired", "ended"]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None


class ShareMade(View):
    """A new share; the link is told this once."""

    share: ShareView
    url: Annotated[str, Field(examples=["https://returns.lamp-house.example/s#Jb1q…"])]


class ShareList(View):
    """The newest first, at most a hundred."""

    items: list[ShareView]


def add_routes(app: web.Application) -> None:
    """Serve them."""
    register(app, [make, listed, end])


@route(
    "POST",
    "/api/v1/sessions/{id}/shares",
    "Let a named viewer without an account replay a recorded inspection, or a part of it",
    body=ShareWanted,
    headers=IDEMPOTENCY_HEADER,
    answers={201: ShareMade},
    errors={
        409: "session_open",
        422: "invalid, bad_part, key_reused, bad_key_header",
        429: "too_many_links",
    },
)
async def make(request: web.Request) -> web.Response:
    """A link of its own for one person; view-only unless it says otherwise."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    order = (await parse_body(request, ShareWanted)).order()
    session_id = request.match_info["id"]

    async def act(unit: Unit) -> Made:
        share, token = await make_share(unit, actor, session_id, order)
        viewer = await viewer_of(unit.tx, unit.keys, share)
        view = _shown(share, viewer, await name_of(unit.tx, share.created_by), unit.now)
        return Made(201, ShareMade(share=view, url=f"{services.settings.public_url}/s#{token}"))

    return await answer_once(request, actor, actor.tenant_id, act)


@route(
    "GET",
    "/api/v1/cases/{id}/shares",
    "To whom a case's inspections were shared, and whether the links still open",
    answers={200: ShareList},
)
async def listed(request: web.Request) -> web.Response:
    """Open, expired and ended ones."""
    services = request.app[SERVICES]
    now = services.clock.now()
    async with reading(request) as (tx, actor):
        found = await shares_of(tx, services.keys, actor, request.match_info["id"])
        items = [
            _shown(share, viewer, await name_of(tx, share.created_by), now)
            for share, viewer in found
        ]
    return web.json_response(ShareList(items=items).model_dump(mode="json"))


@route("DELETE", "/api/v1/shares/{id}", "End a share at once", answers={204: None})
async def end(request: web.Request) -> web.Response:
    """Whoever has it open is shown nothing more."""
    actor = await require_key_or_staff(request)
    share_id = request.match_info["id"]
    await request.app[SERVICES].run(lambda unit: end_share(unit, actor, share_id))
    return web.Response(status=204)


def _shown(share: Share, viewer: Viewer, created_by: str, now: datetime) -> ShareView:
    ended = share.revoked_at is not None
    return ShareView(
        id=share.id,
        session_id=share.session_id,
        name=viewer.name,
        email=viewer.email,
        from_ms=share.from_ms,
        to_ms=share.to_ms,
        may_download=share.may_download,
        state="ended" if ended else "expired" if share.expires_at <= now else "open",
        created_by=created_by,
        created_at=share.created_at,
        expires_at=share.expires_at,
        last_seen_at=share.last_seen_at,
    )
