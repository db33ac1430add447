"""PURE. How often one subject may try something: attempts in a sliding window, in memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

ATTEMPTS: Final = 12
WINDOW_S: Final = 20.0
_REMEMBERED: Final = 10_000


class JoinLimit:
    """Counts attempts per name in a sliding window.

    Names whose attempts are all over are forgotten, and the longest unused one of too many.
    """

    def __init__(self, attempts: int = ATTEMPTS, window_s: float = WINDOW_S) -> None:
        self._allowed = attempts
        self._window_s = window_s
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, name: str, now_s: float) -> float:
        """Count an attempt: 0 when it may go on, else the seconds until the next may."""
        attempts = self._attempts.setdefault(name, deque(maxlen=self._allowed))
        self._attempts.move_to_end(name)
        self._forget(now_s)
        # What lies in the future was counted before the clock was set back.
        while attempts and not -self._window_s < now_s - attempts[0] < self._window_s:
            attempts.popleft()
        if len(attempts) >= self._allowed:
            return attempts[0] + self._window_s - now_s
        attempts.append(now_s)
        return 0.0

    def _forget(self, now_s: float) -> None:
        # The name that asks now stands last: it is never the one that goes.
        while len(self._attempts) > 1:
            longest_unused = next(iter(self._attempts.values()))
            is_over = now_s - longest_unused[-1] >= self._window_s
            if not is_over and len(self._attempts) <= _REMEMBERED:
                return
            self._attempts.popitem(last=False)
