"""Ids for seeding: like those of ``runtime.ids``, of a given moment and drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes ids; the same draws give the same ones."""

    draw: random.Random

    def new(self, prefix: str, at: datetime) -> str:
        """An id of that moment."""
        value = int(at.timestamp() * 1000) << 80 | self.draw.getrandbits(80)
        text = "".join([_DIGITS[value >> shift & 31] for shift in range(125, -1, -5)])
        return f"{prefix}_{text}"
