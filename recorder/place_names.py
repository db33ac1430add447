"""PURE. Where an object is kept, read from its name: ``at_PLACE/…``, or the default place.

The name stands in the ledger and is sealed with the content, so evidence is found where it
was put, whatever place its tenant has today; and nobody can claim another.
"""

from __future__ import annotations

import re
from typing import Final

DEFAULT_PLACE: Final = "default"
PLACE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HEAD: Final = re.compile(rf"at_({PLACE_NAME.pattern})/")


def placed(place: str | None, name: str) -> str:
    """The name of an object that is to be kept in this place; None is the default one."""
    return name if place in (None, DEFAULT_PLACE) else f"at_{place}/{name}"


def place_of(key: str) -> str:
    """The place that an object's name, or the beginning of one, says."""
    found = _HEAD.match(key)
    return found[1] if found else DEFAULT_PLACE
