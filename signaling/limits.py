"""How often strangers and devices may try something, for all web processes that share a Redis."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from math import ceil
from typing import Final

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from runtime.errors import CaseError
from signaling.join_limit import JoinLimit

log = structlog.get_logger()

_REDIS_WAIT_S: Final = 0.5
_CONNECTIONS: Final = 4


class Counted(StrEnum):
    """What is counted, each for itself."""

    JOIN = "join"  # asking for media, by link, session or camera
    CHECK = "check"  # a check of the connection
    LOAD = "load"  # its bytes
    WHIP_CANDIDATES = "whip_candidates"  # of one bench camera
    LINK = "link"  # opening invitations and resets, by address; guessing one's own password
    RESET = "reset"  # mails for a new password, by person
    FILING = "filing"  # beginning a return, by address
    NOTICE_TRY = "notice_try"  # test messages, by seller
    ORDER_GUESS = "order_guess"  # naming one order, from wherever
    SHARE = "share"  # opening shared links, by address
    REPLAY = "replay"  # what a reviewing page reports, by person


_ALLOWED: Final[Mapping[Counted, tuple[int, float]]] = {
    Counted.JOIN: (12, 20.0),
    Counted.CHECK: (8, 60.0),
    Counted.LOAD: (40, 60.0),
    Counted.WHIP_CANDIDATES: (60, 20.0),
    Counted.LINK: (30, 900.0),
    Counted.RESET: (3, 900.0),
    Counted.FILING: (20, 60.0),
    Counted.NOTICE_TRY: (20, 600.0),
    Counted.ORDER_GUESS: (6, 300.0),
    Counted.SHARE: (60, 900.0),
    Counted.REPLAY: (60, 60.0),
}
"""Attempts in so many seconds."""

# In one step, so that two processes never both take the last place. What lies a window in
# the future was counted before a clock was set back.
_TRY: Final = """
local now, window, allowed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + window, '+inf')
if redis.call('ZCARD', KEYS[1]) >= allowed then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return tostring(first[2] + window - now)
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1000))
return '0'
"""


class Limits:
    """Counts attempts by subject in sliding windows; ``close()`` may be called twice.

    A Redis that is away shuts nobody out: each process then counts for itself.
    """

    def __init__(self, redis_url: str | None = None) -> None:
        self._redis = Redis.from_pool(_few_connections(redis_url)) if redis_url else None
        self._own = {what: JoinLimit(*allowed) for what, allowed in _ALLOWED.items()}

    async def check(
        self,
        what: Counted,
        subject: str,
        now_s: float,
        words: str = "Too many attempts. Please wait.",
    ) -> None:
        """Count an attempt.

        Raises:
            CaseError: ``too_many_attempts`` (429), with how long to wait.
        """
        wait_s = await self.wait_s(what, subject, now_s)
        if wait_s > 0:
            raise CaseError("too_many_attempts", words, status=429, retry_after_s=ceil(wait_s))

    async def wait_s(self, what: Counted, subject: str, now_s: float) -> float:
        """Count an attempt: 0 when it may go on, else the seconds until the next may.

        ``now_s`` is wall-clock time: processes on several machines share it.
        """
        shared = await self._shared(what, subject, now_s)
        return self._own[what].wait_s(subject, now_s) if shared is None else shared

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _shared(self, what: Counted, subject: str, now_s: float) -> float | None:
        if self._redis is None:
            return None
        allowed, window_s = _ALLOWED[what]
        # Subjects are people's addresses too: Redis need not know them.
        key = f"proofcall:limit:{what}:{sha256(subject.encode()).hexdigest()}"
        one = os.urandom(8).hex()
        try:
            answer = await self._redis.eval(
                _TRY, 1, key, repr(now_s), repr(window_s), str(allowed), one
            )
        except (RedisError, OSError) as error:
            log.warning("attempts are counted without Redis", error=type(error).__name__)
            return None
        return float(answer)


def _few_connections(url: str) -> BlockingConnectionPool:
    # A burst of attempts waits its turn: opening a connection for each would be so slow that
    # the burst were counted without Redis, and so in each process anew.
    return BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=2 * _REDIS_WAIT_S,
        socket_timeout=_REDIS_WAIT_S,
        socket_connect_timeout=_REDIS_WAIT_S,
    )
