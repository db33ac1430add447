"""PURE. What a film is to show: written by whoever orders it, read by the process that draws it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

Box = tuple[float, float, float, float]
"""Left, top, width and height in shares of the picture."""

WHOLE_PICTURE: Final[Box] = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Lane:
    """One recording: how its pictures are coded, and on which side they are shown, if any."""

    codec: Literal["h264", "vp8"]
    side: int | None


@dataclass(frozen=True, slots=True)
class Hole:
    """A span of a side in which evidence is missing, with its cause; Unix nanoseconds."""

    side: int
    from_ns: int
    to_ns: int
    cause: str


@dataclass(frozen=True, slots=True)
class Mask:
    """A region of a side: drawn on the picture of ``from_ns``, followed until ``to_ns``.

    The whole picture is no region: it is covered whatever moves, and before the first picture.
    """

    side: int
    from_ns: int
    to_ns: int
    box: Box


@dataclass(frozen=True, slots=True)
class Mute:
    """A span without sound, of all."""

    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """All that is drawn but the pictures, in one of the languages of reports."""

    from_ns: int
    to_ns: int
    zone: str
    language: str
    heading: str
    card: Sequence[str]
    comment: str
    sides: Sequence[str]
    lanes: Sequence[Lane]
    holes: Sequence[Hole]
    masks: Sequence[Mask]
    mutes: Sequence[Mute]

    def to_json(self) -> bytes:
        """One line of it."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """What ``to_json`` gave."""
        given: dict[str, Any] = json.loads(line)
        return cls(
            **{
                **given,
                "lanes": [Lane(**one) for one in given["lanes"]],
                "holes": [Hole(**one) for one in given["holes"]],
                "masks": [Mask(**{**one, "box": tuple(one["box"])}) for one in given["masks"]],
                "mutes": [Mute(**one) for one in given["mutes"]],
            }
        )
