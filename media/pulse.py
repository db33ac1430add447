"""PURE. Whether a peer has fallen silent, is lost, or has come back after an outage."""

from __future__ import annotations

from enum import StrEnum

LOST_AFTER_S = 1.3
QUIET_AFTER_S = 12.0
_OUTAGE_S = 0.45
_PAUSE_S = 0.12
_STEADY_BEATS = 8
_SENDING_S = 0.6
_LATE_LOOK_S = 0.25


class Beat(StrEnum):
    """What one look at a peer has shown; most looks show nothing."""

    NOTHING = "nothing"
    HEALED = "healed"
    """Packets come again after an outage too short to be lost: the same path goes on."""
    LOST = "lost"
    BACK = "back"
    """A lost peer is heard again."""


class Pulse:
    """Judges one peer by what has arrived; looked at every 50 ms.

    A peer that was sending when it fell silent is lost after ``LOST_AFTER_S``; one that
    had nothing to send is known by its connectivity checks alone and is lost after
    ``QUIET_AFTER_S``. Half a second of silence counts as an outage only after a steady
    stream of packets (sound is one; two pictures in a second are not). Time in which nobody
    looked is nobody's silence: what came then may still wait in the socket.
    """

    __slots__ = (
        "_datagrams",
        "_heard_s",
        "_looked_s",
        "_media",
        "_media_s",
        "_run",
        "_steady",
        "lost",
    )

    def __init__(self, now_s: float) -> None:
        self._datagrams = -1
        self._media = -1
        self._heard_s = self._media_s = self._looked_s = now_s
        self._run = 0
        self._steady = False
        self.lost = False

    def silent_s(self, now_s: float) -> float:
        """How long nothing at all has come."""
        return now_s - self._heard_s

    def look(self, now_s: float, datagrams: int, media: int) -> Beat:
        """Take the counters of everything that came and of media among it."""
        beat = Beat.NOTHING
        unseen_s = now_s - self._looked_s
        self._looked_s = now_s
        if unseen_s > _LATE_LOOK_S:
            self._heard_s += unseen_s
            self._media_s += unseen_s
        if datagrams != self._datagrams:
            if self.lost:
                self.lost = False
                beat = Beat.BACK
            elif self._steady and self.silent_s(now_s) >= _OUTAGE_S:
                beat = Beat.HEALED
            if beat is not Beat.NOTHING:
                self._run, self._steady = 0, False
            self._datagrams = datagrams
            self._heard_s = now_s
        if media != self._media:
            pause_s = now_s - self._media_s
            self._run = self._run + 1 if pause_s <= _PAUSE_S else 0
            self._steady = self._run >= _STEADY_BEATS
            self._media = media
            self._media_s = now_s
        if not self.lost and self.silent_s(now_s) >= self._patience_s():
            self.lost = True
            beat = Beat.LOST
        return beat

    def _patience_s(self) -> float:
        was_sending = self._media > 0 and self._heard_s - self._media_s < _SENDING_S
        return LOST_AFTER_S if was_sending else QUIET_AFTER_S
