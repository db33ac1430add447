"""What derived copy of an inspection somebody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from recorder.derived.film_plan import Box
from recorder.part_order import PartOrder


class CopyKind(StrEnum):
    """What is done to the pictures and sounds; nothing to a credentialed original."""

    BURNED_IN = "burned_in"
    REDACTED = "redacted"
    CREDENTIALED = "credentialed"


@dataclass(frozen=True, slots=True)
class MaskOrder:
    """A region of a person's picture, as it was at a moment, and until when it is followed."""

    participant_id: str
    from_ms: int
    to_ms: int
    box: Box
    lost_ms: int | None = None
    """From when on the whole picture is covered, since the region was lost; Unix milliseconds."""


@dataclass(frozen=True, slots=True)
class MuteOrder:
    """A span without sound; Unix milliseconds."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """A part, and what of it is taken away; a redacted copy has a reason."""

    part: PartOrder
    masks: Sequence[MaskOrder] = ()
    mutes: Sequence[MuteOrder] = ()
    reason: str | None = None
    recording_id: str | None = None
    """The one recording that is handed out as it is, with content credentials."""

    @property
    def kind(self) -> CopyKind:
        """By what is taken away."""
        if self.recording_id is not None:
            return CopyKind.CREDENTIALED
        return CopyKind.REDACTED if self.masks or self.mutes else CopyKind.BURNED_IN

    def as_json(self) -> dict[str, Any]:
        """How an order is kept, and shown."""
        return {
            **self.part.as_json(),
            "masks": [{**asdict(one), "box": list(one.box)} for one in self.masks],
            "mutes": [asdict(one) for one in self.mutes],
            "reason": self.reason,
            "recording_id": self.recording_id,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """What ``as_json`` gave."""
        return cls(
            PartOrder.from_json(kept),
            [MaskOrder(**{**one, "box": tuple(one["box"])}) for one in kept["masks"]],
            [MuteOrder(**one) for one in kept["mutes"]],
            kept["reason"],
            kept.get("recording_id"),
        )

    def after(self, lost_ns: Sequence[int | None]) -> Self:
        """What became of the masks."""
        masks = [
            replace(mask, lost_ms=None if lost is None else lost // 1_000_000)
            for mask, lost in zip(self.masks, lost_ns, strict=True)
        ]
        return replace(self, masks=masks)
