"""PURE. When a viewer gets stills instead of the moving picture, so that its sound lives.

What is recorded keeps its floor however weak a viewer's link is. A viewer whose link
carries less than that is fed the sound and, now and then, one whole keyframe.
"""

from __future__ import annotations

SOUND_BPS = 60_000.0
"""What a sound line takes on the wire with its headers, and a little room."""

_THIN_BELOW_BPS = 280_000.0
_FULL = 0.95
_ENOUGH = 1.15
_TIGHT_FOR_S = 0.8
_ROOM_FOR_S = 2.0
_STAY_S = 8.0
_STAY_MAX_S = 120.0
_FAILED_WITHIN_S = 15.0


class Thinning:
    """Whether one viewer's video is thinned to stills; ``step`` moves it, some times a second."""

    __slots__ = ("_ended_at_s", "_room_since_s", "_since_s", "_stay_s", "_tight_since_s", "thinned")

    def __init__(self) -> None:
        self.thinned = False
        self._since_s = 0.0
        self._ended_at_s: float | None = None
        self._tight_since_s: float | None = None
        self._room_since_s: float | None = None
        self._stay_s = _STAY_S

    def step(self, carries_bps: float | None, wanted_bps: float, now_s: float) -> bool:
        """Judge a link that carries ``carries_bps`` (None: it does not bite) when all
        that is meant for it, sound included, is ``wanted_bps``.

        It thins after 0.8 s of too little, and ends when there has been room for 2 s,
        at the earliest after 8 s, doubled each time that the end did not last 15 s.
        """
        if self.thinned:
            room = carries_bps is None or carries_bps >= _ENOUGH * wanted_bps
            self._room_since_s = _since(self._room_since_s, room, now_s)
            if (
                self._room_since_s is not None
                and now_s - self._room_since_s >= _ROOM_FOR_S
                and now_s - self._since_s >= self._stay_s
            ):
                self.thinned, self._ended_at_s = False, now_s
                self._tight_since_s = None
            return self.thinned
        tight = (
            carries_bps is not None
            and carries_bps < _THIN_BELOW_BPS
            and carries_bps < _FULL * wanted_bps
        )
        self._tight_since_s = _since(self._tight_since_s, tight, now_s)
        if self._tight_since_s is not None and now_s - self._tight_since_s >= _TIGHT_FOR_S:
            again = self._ended_at_s is not None and now_s - self._ended_at_s < _FAILED_WITHIN_S
            self._stay_s = min(_STAY_MAX_S, 2 * self._stay_s) if again else _STAY_S
            self.thinned, self._since_s = True, now_s
            self._room_since_s = None
        return self.thinned


def _since(before_s: float | None, holds: bool, now_s: float) -> float | None:
    if not holds:
        return None
    return now_s if before_s is None else before_s
