"""What the filing form, its seller and the seller's own system send."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from cases.commands import (
    Buyer,
    Claim,
    Command,
    Currency,
    Delivered,
    Email,
    Locale,
    Market,
    OrderLine,
    Title,
    Word,
    check_prices,
)


class TellOrder(Command):
    """An order as the seller's system tells it, with its listing as it was sold."""

    order_number: Word
    buyer: Buyer
    currency: Currency
    market: Market | None = None
    delivered_at: Delivered | None = None
    items: Annotated[list[OrderLine], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _fits(self) -> TellOrder:
        check_prices(self.currency, self.items)
        if any(url.startswith("data:") for item in self.items for url in item.listing.pictures):
            raise ValueError("an order's pictures are https:// URLs")
        return self


class FilingRules(Command):
    """Who else may sign links, and whose pages may embed the form."""

    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")] | None = None
    origins: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]{1,253}(:\d{1,5})?$")]],
        Field(default_factory=list, max_length=20),
    ]


class WantDraft(Command):
    """Who files: an order's number and e-mail, or the seller's signed link."""

    order_number: Word | None = None
    email: Email | None = None
    token: Annotated[str, StringConstraints(max_length=16_000)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> WantDraft:
        if (self.token is None) == (self.order_number is None or self.email is None):
            raise ValueError("send order_number and email, or token")
        return self


class PickedLine(Command):
    """How many of which line of the order come back."""

    index: Annotated[int, Field(ge=0, lt=50, strict=True)]
    quantity: Annotated[int, Field(ge=1, le=9999, strict=True)]


class FileReturn(Command):
    """The filled-in form; ``name`` and ``title`` describe what an unknown order was."""

    lines: Annotated[list[PickedLine], Field(default_factory=list, max_length=50)]
    name: Word | None = None
    title: Title | None = None
    locale: Locale
    claim: Claim
    bind: bool = True
