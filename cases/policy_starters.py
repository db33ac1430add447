"""PURE. Policies to begin with, for common categories and markets.

They follow what is usual there and name what the law of the place commonly asks for; they
are starting points for a seller to change, and no legal advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cases.policy_rules import PolicyDraft

NO_ADVICE: Final = (
    "A starting point, not legal advice: check it against the law of your markets and your own "
    "terms before you publish it."
)
_FAULTS: Final = ["damaged", "defective", "not_as_described", "wrong_item", "colour_differs"]
_CHANGE_OF_MIND: Final = ["changed_mind", "size_fit"]
_MADE_TO_ORDER: Final = ["custom-made", "personalised", "perishable"]
_HYGIENE: Final = ["underwear", "swimwear", "earrings"]
_UNSEALED: Final = ["cosmetics", "software", "media"]


@dataclass(frozen=True, slots=True)
class Starter:
    """A policy to begin with."""

    key: str
    title: str
    words: str
    """What it does, in a sentence or two."""
    draft: PolicyDraft


@dataclass(frozen=True, slots=True)
class _Place:
    key: str
    title: str
    markets: list[str]
    currency: str
    mind_days: int
    mind_postage: str
    fault_days: int
    dear: str
    """From this value on a person or a camera looks first."""
    words: str


_EU: Final = _Place(
    "eu", "EU: 14 days to withdraw", ["EU"], "EUR", 14, "buyer", 730, "150.00",
    "Fourteen days to withdraw from a distance sale, two years for faults; made to order, "
    "perishable and unsealed hygiene goods excepted.",
)  # fmt: skip
_UK: Final = _Place(
    "uk", "UK: 14 days to cancel", ["GB"], "GBP", 14, "buyer", 730, "130.00",
    "Fourteen days to cancel; faults long after. Made to order and unsealed hygiene goods "
    "excepted.",
)  # fmt: skip
_US: Final = _Place(
    "us", "US: 30 days", ["US"], "USD", 30, "buyer", 90, "150.00",
    "Thirty days as shops there commonly give; a federal right to return does not exist.",
)  # fmt: skip
_CN: Final = _Place(
    "cn", "China: 7 days without a reason", ["CN"], "CNY", 7, "buyer", 15, "1000.00",
    "Seven days without a reason for most online sales, longer for faults; made to order, "
    "perishable and opened media excepted.",
)  # fmt: skip
_JP: Final = _Place(
    "jp", "Japan: 8 days", ["JP"], "JPY", 8, "buyer", 30, "20000",
    "Eight days unless your shop states other terms; faults longer.",
)  # fmt: skip
_PLACES: Final = (_EU, _UK, _US, _CN, _JP)


def starters() -> list[Starter]:
    """All of them, whole-shop policies first; each passes ``policy_check``."""
    return [
        *(_whole_shop(place) for place in _PLACES),
        _apparel(),
        _electronics(),
        _home(),
        _cosmetics(),
    ]


def _whole_shop(place: _Place) -> Starter:
    return _starter(
        f"{place.key}_all",
        place.title,
        place.words,
        [
            _excluded(place, _MADE_TO_ORDER + _HYGIENE),
            _rule(
                "Unsealed goods: look at the seal",
                [_market(place), _category(_UNSEALED), _reasons(_CHANGE_OF_MIND),
                 _days(at_most=place.mind_days)],
                {"kind": "inspect_by_video"},
            ),
            *_part_rules(place),
            _dear_faults(place),
            _faults(place),
            *_change_of_mind(place),
        ],
    )  # fmt: skip


def _apparel() -> Starter:
    place = _EU
    return _starter(
        "eu_apparel",
        "Apparel, EU",
        "Sizes are exchanged for good will at your cost, hygiene goods stay sold, and whoever "
        "returns very often is looked at by a person.",
        [
            _excluded(place, [*_HYGIENE, "tailored", "custom-made"]),
            _rule(
                "Returns very often",
                [{"fact": "returns", "within_days": 90, "at_least": 8}],
                {"kind": "ask_a_person"},
            ),
            _dear_faults(place),
            _faults(place),
            _rule(
                "Size or fit within 14 days",
                [_market(place), _reasons(["size_fit"]), _days(at_most=14)],
                {"kind": "approve", "postage": "seller"},
                "window",
            ),
            *_change_of_mind(place, ["changed_mind"]),
        ],
    )


def _electronics() -> Starter:
    place = _EU
    return _starter(
        "eu_electronics",
        "Electronics, EU",
        "What does not work is helped with instructions first when it is cheap, and shown by "
        "video when it is dear; missing parts are sent.",
        [
            _excluded(place, ["custom-made", "activated-licence"]),
            *_part_rules(place),
            _dear_faults(place),
            _rule(
                "Does not work: help first",
                [_market(place), _reasons(["defective"]), _days(at_most=place.fault_days)],
                {"kind": "offer", "offer": "guidance"},
            ),
            _faults(place, ["damaged", "not_as_described", "wrong_item", "colour_differs"]),
            *_change_of_mind(place),
        ],
    )


def _home() -> Starter:
    place = _EU
    return _starter(
        "eu_home",
        "Home and furniture, EU",
        "Small damage on cheap goods with a photograph is settled with a discount; parts are "
        "sent; everything bulky is shown by video before it travels.",
        [
            _excluded(place, ["custom-made", "cut-to-size"]),
            *_part_rules(place),
            _rule(
                "Small damage with a photograph",
                [
                    _market(place),
                    _reasons(["damaged", "colour_differs"]),
                    {"fact": "photographs", "given": True},
                    {"fact": "value", "currency": place.currency, "at_most": "40.00"},
                    _days(at_most=place.fault_days),
                ],
                {"kind": "offer", "offer": "discount", "percent": 30},
            ),
            _faults(place),
            *_change_of_mind(place),
        ],
    )


def _cosmetics() -> Starter:
    place = _EU
    return _starter(
        "eu_cosmetics",
        "Cosmetics, EU",
        "A seal decides whether it may come back, so it is shown by video; cheap faults with a "
        "photograph are refunded without a return.",
        [
            _excluded(place, ["samples", "custom-made"]),
            _rule(
                "Cheap and faulty, with a photograph: keep it",
                [
                    _market(place),
                    _reasons(_FAULTS),
                    {"fact": "photographs", "given": True},
                    {"fact": "value", "currency": place.currency, "at_most": "25.00"},
                    _days(at_most=place.fault_days),
                ],
                {"kind": "offer", "offer": "discount", "percent": 100},
            ),
            _faults(place),
            _rule(
                "Changed mind: show the seal",
                [_market(place), _reasons(_CHANGE_OF_MIND), _days(at_most=place.mind_days)],
                {"kind": "inspect_by_video"},
            ),
            _over(place, _CHANGE_OF_MIND),
        ],
    )


def _excluded(place: _Place, categories: list[str]) -> dict[str, Any]:
    return _rule(
        "Excluded goods",
        [_market(place), _category(categories), _reasons(_CHANGE_OF_MIND)],
        {"kind": "reject"},
        "excluded",
    )


def _part_rules(place: _Place) -> list[dict[str, Any]]:
    return [
        _rule(
            "Missing parts are sent",
            [_market(place), _reasons(["missing_parts"]), _days(at_most=place.fault_days)],
            {"kind": "offer", "offer": "spare_part"},
        )
    ]


def _dear_faults(place: _Place) -> dict[str, Any]:
    return _rule(
        "Dear and faulty: show it",
        [
            _market(place),
            _reasons(_FAULTS),
            _days(at_most=place.fault_days),
            {"fact": "value", "currency": place.currency, "at_least": place.dear},
        ],
        {"kind": "inspect_by_video"},
        "value",
    )


def _faults(place: _Place, reasons: list[str] | None = None) -> dict[str, Any]:
    return _rule(
        "Faulty: show it",
        [_market(place), _reasons(reasons or _FAULTS), _days(at_most=place.fault_days)],
        {"kind": "inspect_by_video"},
        "fault",
    )


def _change_of_mind(place: _Place, reasons: list[str] | None = None) -> list[dict[str, Any]]:
    within = _rule(
        f"Changed mind within {place.mind_days} days",
        [_market(place), _reasons(reasons or _CHANGE_OF_MIND), _days(at_most=place.mind_days)],
        {"kind": "approve", "postage": place.mind_postage},
        "window",
    )
    return [within, _over(place, _CHANGE_OF_MIND)]


def _over(place: _Place, reasons: list[str]) -> dict[str, Any]:
    return _rule(
        f"Changed mind after {place.mind_days} days",
        [_market(place), _reasons(reasons), _days(at_least=place.mind_days + 1)],
        {"kind": "reject"},
        "window",
    )


def _starter(key: str, title: str, words: str, rules: list[dict[str, Any]]) -> Starter:
    draft = PolicyDraft.model_validate(
        {"title": title, "rules": rules, "otherwise": {"kind": "ask_a_person"}}
    )
    return Starter(key, title, words, draft)


def _rule(
    name: str, when: list[dict[str, Any]], answer: dict[str, Any], because: str = "general"
) -> dict[str, Any]:
    return {"name": name, "when": when, "answer": answer, "because": because}


def _market(place: _Place) -> dict[str, Any]:
    return {"fact": "market", "match": "any_of", "values": place.markets}


def _category(values: list[str]) -> dict[str, Any]:
    return {"fact": "category", "match": "any_of", "values": values}


def _reasons(values: list[str]) -> dict[str, Any]:
    return {"fact": "reason", "match": "any_of", "values": values}


def _days(**limits: int) -> dict[str, Any]:
    return {"fact": "days_since_delivery", **limits}
