"""PURE. A return policy as plain data: conditions over facts, answers, and rules in order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cases.commands import Command, Price, Word, minor_digits, one_line, to_minor
from cases.states import ClaimReason

EU: Final = frozenset(
    (
        "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
        "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
    )
)  # fmt: skip
"""The members of the European Union; ``"EU"`` in a condition means them."""
MAX_RULES: Final = 60
MAX_CONDITIONS: Final = 12
HISTORY_DAYS: Final = (30, 90, 365)
"""The spans over which a buyer's earlier returns are counted."""


class Fact(StrEnum):
    """What a condition may ask about."""

    DAYS_SINCE_DELIVERY = "days_since_delivery"
    MARKET = "market"
    CATEGORY = "category"
    REASON = "reason"
    PRICE = "price"  # of one piece
    VALUE = "value"  # of the whole case
    QUANTITY = "quantity"
    RETURNS = "returns"  # the buyer's earlier cases
    REFUSED_SHARE = "refused_share"  # percent of the buyer's earlier decisions
    PHOTOGRAPHS = "photographs"


class AnswerKind(StrEnum):
    """What a policy can say."""

    APPROVE = "approve"
    REJECT = "reject"
    INSPECT_BY_VIDEO = "inspect_by_video"
    OFFER = "offer"
    ASK_A_PERSON = "ask_a_person"


class Postage(StrEnum):
    """Who pays for sending it back."""

    SELLER = "seller"
    BUYER = "buyer"


class OfferKind(StrEnum):
    """What the buyer is offered for keeping it."""

    DISCOUNT = "discount"
    SPARE_PART = "spare_part"
    GUIDANCE = "guidance"


class Because(StrEnum):
    """What the sentence to the buyer gives as the reason."""

    GENERAL = "general"
    WINDOW = "window"  # the days since delivery
    EXCLUDED = "excluded"  # the category
    FAULT = "fault"
    VALUE = "value"


REASONS_OF: Final[dict[AnswerKind, frozenset[Because]]] = {
    AnswerKind.APPROVE: frozenset({Because.GENERAL, Because.WINDOW, Because.FAULT}),
    AnswerKind.REJECT: frozenset({Because.GENERAL, Because.WINDOW, Because.EXCLUDED}),
    AnswerKind.INSPECT_BY_VIDEO: frozenset({Because.GENERAL, Because.FAULT, Because.VALUE}),
    AnswerKind.OFFER: frozenset({Because.GENERAL}),
    AnswerKind.ASK_A_PERSON: frozenset({Because.GENERAL}),
}
"""Which reasons an answer can be explained by."""


def _folded(value: str) -> str:
    return value.casefold()


def _upper_region(value: str) -> str:
    # GB is the code; many people write UK.
    return "GB" if value == "UK" else value


Count = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Market = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    AfterValidator(_upper_region),
    Field(examples=["EU", "US"]),
]
Category = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(one_line),
    AfterValidator(_folded),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["EUR"])]
Match = Literal["any_of", "none_of"]
RuleName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(one_line),
]


class _Between(Command):
    at_least: Count | None = None
    at_most: Count | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> _Between:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        return self


class NumberCondition(_Between):
    """Whole days, pieces of one line, or percent."""

    fact: Literal[Fact.DAYS_SINCE_DELIVERY, Fact.QUANTITY, Fact.REFUSED_SHARE]


class ReturnsCondition(_Between):
    """How many returns this buyer opened before, in so many days."""

    fact: Literal[Fact.RETURNS]
    within_days: Literal[30, 90, 365] = 90


class MoneyCondition(Command):
    """The price of one piece, or the value of the case; another currency never matches."""

    fact: Literal[Fact.PRICE, Fact.VALUE]
    currency: Currency
    at_least: Price | None = None
    at_most: Price | None = None

    @model_validator(mode="after")
    def _has_amounts_of_its_currency(self) -> MoneyCondition:
        amounts = [amount for amount in (self.at_least, self.at_most) if amount is not None]
        if not amounts:
            raise ValueError("give at_least, at_most or both")
        digits = minor_digits(self.currency)
        for amount in amounts:
            if len(amount.partition(".")[2]) > digits:
                raise ValueError(f"{self.currency} has {digits} decimals, not {amount}")
        return self

    @property
    def at_least_minor(self) -> int:
        """The lower limit in the minor unit, 0 when there is none."""
        return to_minor(self.at_least, self.currency) if self.at_least is not None else 0

    @property
    def at_most_minor(self) -> int | None:
        """The upper limit in the minor unit."""
        return to_minor(self.at_most, self.currency) if self.at_most is not None else None


class MarketCondition(Command):
    """Countries by ISO 3166, or ``EU`` for its members."""

    fact: Literal[Fact.MARKET]
    match: Match = "any_of"
    values: Annotated[list[Market], Field(min_length=1, max_length=60)]

    @property
    def markets(self) -> frozenset[str]:
        """The countries that are named, one by one."""
        named = frozenset(self.values)
        return (named - {"EU"}) | EU if "EU" in named else named


class CategoryCondition(Command):
    """Words of the seller's own list, whatever their case."""

    fact: Literal[Fact.CATEGORY]
    match: Match = "any_of"
    values: Annotated[list[Category], Field(min_length=1, max_length=60)]


class ReasonCondition(Command):
    """What the buyer says is wrong."""

    fact: Literal[Fact.REASON]
    match: Match = "any_of"
    values: Annotated[list[ClaimReason], Field(min_length=1, max_length=len(ClaimReason))]


class PhotographsCondition(Command):
    """Whether the buyer sent photographs."""

    fact: Literal[Fact.PHOTOGRAPHS]
    given: Annotated[bool, Field(strict=True)]


Condition = Annotated[
    NumberCondition
    | ReturnsCondition
    | MoneyCondition
    | MarketCondition
    | CategoryCondition
    | ReasonCondition
    | PhotographsCondition,
    Field(discriminator="fact"),
]


class Approve(Command):
    """It may come back."""

    kind: Literal[AnswerKind.APPROVE]
    postage: Postage


class Reject(Command):
    """It is not accepted."""

    kind: Literal[AnswerKind.REJECT]


class InspectByVideo(Command):
    """The buyer shows it first."""

    kind: Literal[AnswerKind.INSPECT_BY_VIDEO]


class Offer(Command):
    """The buyer keeps it and gets something for that."""

    kind: Literal[AnswerKind.OFFER]
    offer: OfferKind
    percent: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None

    @model_validator(mode="after")
    def _a_discount_has_a_size(self) -> Offer:
        if (self.percent is not None) != (self.offer is OfferKind.DISCOUNT):
            raise ValueError("a discount has percent, other offers have none")
        return self


class AskAPerson(Command):
    """No machine decides this."""

    kind: Literal[AnswerKind.ASK_A_PERSON]


Answer = Annotated[
    Approve | Reject | InspectByVideo | Offer | AskAPerson, Field(discriminator="kind")
]


class Rule(Command):
    """One rule: when all its conditions hold, its answer is given. Buyers can read its name."""

    name: RuleName
    when: Annotated[list[Condition], Field(max_length=MAX_CONDITIONS)] = []  # noqa: RUF012 - pydantic copies it
    answer: Answer
    because: Because = Because.GENERAL

    @property
    def window_days(self) -> int | None:
        """How long the window is that the rule speaks of: open until then, or over after it."""
        limits = [
            condition
            for condition in self.when
            if isinstance(condition, NumberCondition) and condition.fact is Fact.DAYS_SINCE_DELIVERY
        ]
        if self.answer.kind is AnswerKind.REJECT:
            first = max((one.at_least or 0 for one in limits), default=0)
            return first - 1 if first else None
        return min((one.at_most for one in limits if one.at_most is not None), default=None)


class PolicyRules(Command):
    """Rules in order, the first that matches answers; ``otherwise`` when none does."""

    rules: Annotated[list[Rule], Field(max_length=MAX_RULES)]
    otherwise: Answer | None = None


class PolicyDraft(PolicyRules):
    """What somebody saves: rules with a title for the seller's people."""

    title: Word


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one item line when a case is answered; ``None`` is *not known*.

    ``returns`` counts the buyer's earlier cases in the spans of ``HISTORY_DAYS``;
    ``refused_share`` is 0 for somebody about whom nothing was decided yet; ``photographs``
    counts those that were sent with the claim.
    """

    days_since_delivery: int | None = None
    market: str | None = None
    category: str | None = None
    reason: ClaimReason | None = None
    currency: str | None = None
    price_minor: int | None = None
    value_minor: int | None = None
    quantity: int | None = None
    returns: tuple[int, int, int] | None = None
    refused_share: int | None = None
    photographs: int | None = None
