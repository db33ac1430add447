"""What using an API key brings with it: its requests are counted, and its last use is kept."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from cases import api_keys
from runtime.errors import CaseError
from signaling.rate_limit import Allowance
from signaling.services import SERVICES

_ALLOWANCE: Final[web.RequestKey[Allowance]] = web.RequestKey("allowance", Allowance)
_REMEMBERED: Final = 10_000


async def count_request(request: web.Request, key_id: str) -> None:
    """Count a request of this key; once each, however often the request asks who it is.

    Raises:
        CaseError: ``too_many_requests`` (429, with ``retry_after_s``).
    """
    services = request.app[SERVICES]
    if services.rate_limit is None or _ALLOWANCE in request:
        return
    allowance = await services.rate_limit.count(key_id, services.clock.now().timestamp())
    request[_ALLOWANCE] = allowance
    if allowance.over:
        raise CaseError(
            "too_many_requests",
            "This API key has made too many requests. Please wait.",
            status=429,
            retry_after_s=allowance.resets_in_s,
        )


async def note_key_use(request: web.Request, key_id: str) -> None:
    """Keep when this key was last used, to some minutes; outside any transaction."""
    services = request.app[SERVICES]
    now_s = services.clock.monotonic_s()
    seen_s = services.keys_seen.get(key_id)
    if seen_s is None or now_s - seen_s >= api_keys.USE_NOTED_EVERY.total_seconds():
        if len(services.keys_seen) > _REMEMBERED:
            services.keys_seen.clear()
        services.keys_seen[key_id] = now_s
        async with services.database.begin() as tx:
            await api_keys.note_use(tx, key_id, services.clock.now())


async def tell_allowance(request: web.Request, response: web.StreamResponse) -> None:
    """What is left to the key that asked; goes into ``app.on_response_prepare``."""
    allowance = request.get(_ALLOWANCE)
    if allowance is not None:
        response.headers.update(allowance.headers())
