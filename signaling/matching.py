"""``If-Match`` for what has no version of its own: its ETag is a hash of what is answered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import Tenant
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.services import SERVICES

MATCHED: Final = {"If-Match": "The ETag of what is there as it was read; may be left out."}
"""For ``@route(headers=…)`` of whoever answers by ``put_matched``."""

Reading = Callable[[AsyncSession], Awaitable[BaseModel | None]]
"""What is there now, as its GET answers it; None for nothing."""


def tagged(view: BaseModel) -> web.Response:
    """The answer to a GET, with its ETag."""
    return web.json_response(view.model_dump(mode="json"), headers={"ETag": content_etag(view)})


def content_etag(view: BaseModel) -> str:
    """A strong ETag: equal answers have equal ones, whatever order their fields come in."""
    canonical = json.dumps(view.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return f'"{sha256(canonical.encode()).hexdigest()[:32]}"'


async def put_matched(
    request: web.Request,
    tenant_id: str,
    read: Reading,
    change: Callable[[Unit], Awaitable[BaseModel | None]],
) -> web.Response:
    """Carry out ``change`` if what is there is what the asker read, and answer what it returns.

    Nothing is answered with 204; the answer has the ETag of what is there then.

    The tenant is held until the commit, so that of two who read the same one is refused.
    Who sends no ``If-Match`` changes what is there, whatever it is.

    Raises:
        CaseError: ``version_conflict`` (412), or whatever ``change`` refuses.
    """
    wanted = request.headers.get("If-Match")

    async def act(unit: Unit) -> tuple[BaseModel | None, BaseModel | None]:
        # Not ``FOR UPDATE``: rows that refer to the tenant may be added meanwhile.
        held = select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True)
        await unit.tx.execute(held)
        if wanted is not None:
            _check(wanted, await read(unit.tx))
        answer = await change(unit)
        await unit.tx.flush()
        return answer, await read(unit.tx)

    answer, now = await request.app[SERVICES].run(act)
    headers = {} if now is None else {"ETag": content_etag(now)}
    if answer is None:
        return web.Response(status=204, headers=headers)
    return web.json_response(answer.model_dump(mode="json"), headers=headers)


def _check(wanted: str, found: BaseModel | None) -> None:
    """Compare strongly, as RFC 9110 says of ``If-Match``: a weak tag fits nothing."""
    if found is not None and (
        wanted.strip() == "*" or content_etag(found) in [one.strip() for one in wanted.split(",")]
    ):
        return
    raise CaseError(
        "version_conflict",
        "Somebody else has changed this since you read it. Read it again.",
        status=412,
    )
