"""``Idempotency-Key``: the one way in which a POST is carried out once and answered twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel

from cases import idempotency
from cases.actor import Actor
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.services import SERVICES

IDEMPOTENCY_HEADER: Final = {
    "Idempotency-Key": "For a day a repeat with the same key and body is told the same answer."
}
"""For ``@route(headers=…)`` of whoever answers by ``answer_once``."""
_MAX_KEY_CHARS: Final = 255
_REPLAYED: Final = {"Idempotency-Replayed": "true"}


@dataclass(frozen=True, slots=True)
class Made:
    """What a request made: its status, and the JSON that is told and remembered."""

    status: int
    body: dict[str, Any] | BaseModel
    headers: dict[str, str] = field(default_factory=dict)


async def answer_once(
    request: web.Request,
    actor: Actor,
    tenant_id: str | None,
    act: Callable[[Unit], Awaitable[Made]],
) -> web.Response:
    """Carry out ``act`` in one transaction and remember its answer in it, if there is a key.

    The answer is kept so that only a repeat opens it (``cases.idempotency``); another route, or
    another body, under the same key is refused. Who has no tenant is answered anew each time.

    Raises:
        CaseError: whatever ``act`` refuses, ``bad_key_header`` or ``key_reused`` (422).
    """
    asked = await _asked(request, actor, tenant_id)

    async def once(unit: Unit) -> tuple[idempotency.Answer, dict[str, str]]:
        known = await _recalled(unit, asked)
        if known is not None:
            return known, _REPLAYED
        made = await act(unit)
        answer = _answer(made)
        if asked is not None:
            tenant_key = await unit.keys.tenant_key(unit.tx, asked.tenant_id)
            await idempotency.remember(unit.tx, answer, asked, tenant_key, unit.now)
        return answer, made.headers

    return _response(*await request.app[SERVICES].run(once))


async def answered_before(
    request: web.Request, actor: Actor, tenant_id: str | None
) -> web.Response | None:
    """What this request was answered before, for whoever must prepare before ``answer_once``.

    Raises:
        CaseError: ``bad_key_header`` or ``key_reused`` (422).
    """
    asked = await _asked(request, actor, tenant_id)
    known = await request.app[SERVICES].run(lambda unit: _recalled(unit, asked))
    return None if known is None else _response(known, _REPLAYED)


async def _asked(
    request: web.Request, actor: Actor, tenant_id: str | None
) -> idempotency.Asked | None:
    key = _idempotency_key(request)
    if key is None or tenant_id is None:
        return None
    body = await request.read()
    head = f"{request.method} {request.path}\n".encode()
    request_sha256 = await asyncio.to_thread(lambda: sha256(head + body).hexdigest())
    return idempotency.Asked(actor.label, tenant_id, key, request_sha256)


async def _recalled(unit: Unit, asked: idempotency.Asked | None) -> idempotency.Answer | None:
    if asked is None:
        return None
    tenant_key = await unit.keys.tenant_key(unit.tx, asked.tenant_id)
    return await idempotency.recall(unit.tx, asked, tenant_key, unit.now)


def _response(answer: idempotency.Answer, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=answer.body,
        status=answer.status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def _answer(made: Made) -> idempotency.Answer:
    if isinstance(made.body, BaseModel):
        return idempotency.Answer(made.status, made.body.model_dump_json().encode())
    return idempotency.Answer(made.status, json.dumps(made.body, ensure_ascii=False).encode())


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (
        0 < len(key) <= _MAX_KEY_CHARS and key.isascii() and key.isprintable()
    ):
        raise CaseError(
            "bad_key_header", "An Idempotency-Key has 1 to 255 printable characters.", status=422
        )
    return key
