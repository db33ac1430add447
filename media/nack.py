"""PURE. Which packets to ask for again, when, and when to give up (RFC 4585, 6.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

_MIN_PAUSE_S = 0.04
_MAX_TRIES = 10
_MAX_AGE_S = 1.2
_MAX_MISSING = 256


@dataclass(slots=True)
class _Hole:
    since_s: float
    next_s: float
    tries: int = 0


class NackList:
    """The holes of one stream, by unwrapped sequence number.

    A packet is asked for at once, then again after a round trip and a bit, at most
    ``_MAX_TRIES`` times and for ``_MAX_AGE_S``.
    """

    __slots__ = ("_holes", "gave_up", "requested")

    def __init__(self) -> None:
        self._holes: dict[int, _Hole] = {}
        self.requested = 0
        self.gave_up = 0

    def __len__(self) -> int:
        return len(self._holes)

    def lost(self, first: int, end: int, now_s: float) -> bool:
        """The packets of ``[first, end)`` did not come in turn.

        Gives False when there are too many to repair: the list is emptied and
        only a keyframe helps.
        """
        if end - first + len(self._holes) > _MAX_MISSING:
            self.gave_up += len(self._holes) + end - first
            self._holes.clear()
            return False
        for sequence in range(first, end):
            self._holes[sequence] = _Hole(now_s, now_s)
        return True

    def arrived(self, sequence: int) -> bool:
        """A late or repeated packet came; gives whether it had been asked for."""
        hole = self._holes.pop(sequence, None)
        return hole is not None and hole.tries > 0

    def due(self, now_s: float, rtt_s: float) -> tuple[list[int], bool]:
        """What to ask for now, ascending; and whether a hole was given up (ask for a keyframe)."""
        if not self._holes:
            return [], False
        asked: list[int] = []
        dead: list[int] = []
        pause_s = max(_MIN_PAUSE_S, 1.1 * rtt_s)
        for sequence, hole in self._holes.items():
            if hole.tries >= _MAX_TRIES or now_s - hole.since_s > _MAX_AGE_S:
                dead.append(sequence)
            elif now_s >= hole.next_s:
                hole.tries += 1
                hole.next_s = now_s + pause_s
                asked.append(sequence)
        for sequence in dead:
            del self._holes[sequence]
        self.gave_up += len(dead)
        self.requested += len(asked)
        asked.sort()
        return asked, bool(dead)

    def reset(self) -> None:
        """Forget every hole, as after an outage: what is lost is lost."""
        self._holes.clear()
