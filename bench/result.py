"""One measured figure, in the form that ``bench/results/latest.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """A figure and what it is compared with.

    ``ratio`` is how many times better than the peer (above 1 is better than it); ``runs``
    are the single measurements of which ``value`` is the median.
    """

    name: str
    value: float
    unit: str
    target: float | None
    peer: str | None
    peer_value: float | None
    ratio: float | None
    runs: tuple[float, ...]
    command: str

    def to_json(self) -> dict[str, Any]:
        """The record as it is stored."""
        return asdict(self) | {"runs": list(self.runs)}
