"""How many requests an API key may make in a minute: counted in Redis where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

WINDOW_S: Final = 60
_REDIS_WAIT_S: Final = 0.25
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a key in this window; ``over`` means that this request is one too many."""

    quota: int
    left: int
    resets_in_s: int
    over: bool

    def headers(self) -> dict[str, str]:
        """As the IETF's draft on rate limit headers spells it."""
        return {
            "RateLimit-Policy": f'"key";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"key";r={self.left};t={self.resets_in_s}',
        }


class RateLimit:
    """Counts requests per name and minute, for all web processes when they share a Redis.

    A Redis that is away does not shut machines out: each process then counts for itself.
    """

    def __init__(self, quota: int, redis_url: str | None = None) -> None:
        self._quota = quota
        self._redis: Redis | None = (
            Redis.from_url(
                redis_url,
                socket_timeout=_REDIS_WAIT_S,
                socket_connect_timeout=_REDIS_WAIT_S,
            )
            if redis_url
            else None
        )
        self._counts: dict[tuple[str, int], int] = {}
        self._window = 0

    async def count(self, name: str, now_s: float) -> Allowance:
        """Count one request of ``name``."""
        window = int(now_s // WINDOW_S)
        used = await self._shared(name, window)
        if used is None:
            used = self._own(name, window)
        return Allowance(
            quota=self._quota,
            left=max(0, self._quota - used),
            resets_in_s=max(1, round((window + 1) * WINDOW_S - now_s)),
            over=used > self._quota,
        )

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _shared(self, name: str, window: int) -> int | None:
        if self._redis is None:
            return None
        key = f"proofcall:rate:{name}:{window}"
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.incr(key)
                pipe.expire(key, WINDOW_S * 2)
                counted, _ = await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("requests are counted without Redis", error=type(error).__name__)
            return None
        return int(counted)

    def _own(self, name: str, window: int) -> int:
        if window != self._window or len(self._counts) > _REMEMBERED:
            self._counts.clear()
            self._window = window
        used = self._counts[name, window] = self._counts.get((name, window), 0) + 1
        return used
