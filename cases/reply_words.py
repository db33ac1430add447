"""PURE. Placeholders in a reply: a closed list, put in once, never more than text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scene(StrEnum):
    """When a reply is used."""

    PARCEL = "parcel"
    PAYMENT = "payment"
    PRODUCT = "product"
    COMPLAINT = "complaint"
    RETURN = "return"


PLACEHOLDERS: Final = (
    "buyer_name",
    "order_number",
    "seller_name",
    "agent_name",
    "item_title",
    "amount_paid",
    "amount_refunded",
    "carrier",
    "tracking_number",
    "return_address",
    "deadline",
)
"""All that a reply may ask for; anything else in braces is refused when it is saved."""

_BRACED: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A reply with what the case knows; what it does not know still stands in braces."""

    words: str
    empty: tuple[str, ...]


def fill(words: str, values: Mapping[str, str]) -> Filled:
    """Put the values in, each placeholder once and as plain text: a value is never read again."""
    empty: dict[str, None] = {}

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name not in PLACEHOLDERS:
            return found[0]
        value = values.get(name, "").strip()
        if value:
            return value
        empty[name] = None
        return found[0]

    return Filled(_BRACED.sub(put, words), tuple(empty))


def left_in(words: str) -> tuple[str, ...]:
    """The placeholders that still stand in a text, each once."""
    found = dict.fromkeys(one[1] for one in _BRACED.finditer(words))
    return tuple(name for name in found if name in PLACEHOLDERS)


def unknown_in(words: str) -> tuple[str, ...]:
    """What stands in braces and is no placeholder; a brace without its partner counts."""
    unknown = [one[1] for one in _BRACED.finditer(words) if one[1] not in PLACEHOLDERS]
    rest = _BRACED.sub("", words)
    return (*unknown, *(brace for brace in "{}" if brace in rest))
