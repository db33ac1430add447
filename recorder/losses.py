"""PURE. Losses that come in small pieces, gathered until they are worth one gap fact."""

from __future__ import annotations

from collections.abc import Sequence

from recorder.depacketise import Loss

_TOLD_AFTER_NS = 4_000_000_000
_GIVEN_UP_QUIET_NS = 2_000_000_000

LostSpan = tuple[int, int, str, int | None]
"""``from_ns, to_ns, cause, packets``."""


class LossBook:
    """Gathers lost packets and fragments that had to be given up.

    Losses close together are one span; a span that lasts is told in pieces.
    """

    def __init__(self) -> None:
        self._lost: Loss | None = None
        self._given_up: tuple[int, int] | None = None

    @property
    def untold(self) -> Sequence[Loss]:
        """The packets that never came and were not due yet."""
        return () if self._lost is None else (self._lost,)

    def add(self, losses: Sequence[Loss]) -> None:
        """Note packets that never came."""
        for loss in losses:
            before = self._lost
            self._lost = (
                Loss(
                    min(before.from_ns, loss.from_ns),
                    max(before.to_ns, loss.to_ns),
                    before.packets + loss.packets,
                )
                if before
                else loss
            )

    def give_up(self, from_ns: int, to_ns: int) -> None:
        """Note a fragment that could not be written."""
        before = self._given_up
        self._given_up = (
            (min(before[0], from_ns), max(before[1], to_ns)) if before else (from_ns, to_ns)
        )

    def due(self, now_ns: int, *, quiet: bool) -> list[LostSpan]:
        """What should be told now; ``quiet`` says that nothing was lost of late."""
        lost, given_up = self._lost, self._given_up
        spans: list[LostSpan] = []
        if lost is not None and (quiet or lost.to_ns - lost.from_ns > _TOLD_AFTER_NS):
            spans.append((lost.from_ns, lost.to_ns, "packet_loss", lost.packets))
            self._lost = None
        if given_up is not None and now_ns - given_up[1] >= _GIVEN_UP_QUIET_NS:
            spans.append((*given_up, "recorder_lost", None))
            self._given_up = None
        return spans

    def take(self) -> list[LostSpan]:
        """All that has not been told."""
        lost, self._lost = self._lost, None
        given_up, self._given_up = self._given_up, None
        spans: list[LostSpan] = []
        if lost is not None:
            spans.append((lost.from_ns, lost.to_ns, "packet_loss", lost.packets))
        if given_up is not None:
            spans.append((*given_up, "recorder_lost", None))
        return spans
