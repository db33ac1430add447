"""What somebody asks the desk to do: the bodies of requests, checked once and trusted inside."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from cases.states import ClaimReason, Direction, Disposition, Liability, Outcome

MAX_PICTURE_URL_CHARS: Final = 700_000  # a data: URL of 500 kB
_NO_DECIMALS: Final = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
    "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_THREE_DECIMALS: Final = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_MINOR_DIGITS: Final = {**dict.fromkeys(_NO_DECIMALS, 0), **dict.fromkeys(_THREE_DECIMALS, 3)}
"""ISO 4217's currencies whose minor unit is not a hundredth."""

_EMAIL: Final = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,189}")
_BREAKS: Final = frozenset("\n\r\t")


def one_line(value: str) -> str:
    """Refuse control characters: what shows on one line, and what PostgreSQL can store."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise ValueError("control characters are not allowed")
    return value


def prose(value: str) -> str:
    """Refuse control characters other than line breaks and tabs."""
    if any(
        unicodedata.category(character) in ("Cc", "Cs") and character not in _BREAKS
        for character in value
    ):
        raise ValueError("control characters are not allowed")
    return value


def email_address(value: str) -> str:
    """Refuse what is no e-mail address."""
    if not _EMAIL.fullmatch(value):
        raise ValueError("expected an e-mail address")
    return value


def _sensible_time(value: datetime) -> datetime:
    """Refuse what no calendar of ours can reckon with, in any time zone."""
    if not 2000 <= value.year < 2200:
        raise ValueError("expected a time between 2000 and 2200")
    return value


def _picture(value: str) -> str:
    if value.startswith("data:image/"):
        return value
    if not re.fullmatch(r"https://[^\s\"'<>\\]{3,1990}", value):
        raise ValueError("expected an https:// or data:image/ URL")
    return value


def _line(max_length: int, min_length: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=min_length, max_length=max_length)


Word = Annotated[str, _line(100), AfterValidator(one_line)]
Title = Annotated[str, _line(300), AfterValidator(one_line)]
Words = Annotated[str, _line(4000, 0), AfterValidator(prose)]
Email = Annotated[str, _line(254), AfterValidator(one_line), AfterValidator(email_address)]
Locale = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$", max_length=15
    ),
    Field(examples=["en", "zh-Hans", "es", "de"]),
]
Price = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$"), Field(examples=["148.00"])
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["EUR"])]
Delivered = Annotated[AwareDatetime, AfterValidator(_sensible_time)]
Market = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["DE"])]
PictureUrl = Annotated[
    str, StringConstraints(max_length=MAX_PICTURE_URL_CHARS), AfterValidator(_picture)
]


def _written_as(pattern: str) -> BeforeValidator:
    """A moment or a day is a text, never a number that would pass for one."""

    def check(value: object) -> object:
        if not isinstance(value, str) or re.match(pattern, value) is None:
            raise ValueError("write it as RFC 3339 does")
        return value

    return BeforeValidator(check)


Moment = Annotated[AwareDatetime, _written_as(r"\d{4}-\d\d-\d\d[Tt ]")]
Day = Annotated[date, _written_as(r"\d{4}-\d\d-\d\d\Z")]


class Command(BaseModel):
    """The base of every body: unknown fields are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Buyer(Command):
    """Who bought."""

    name: Word
    email: Email | None = None
    locale: Locale


class Claim(Command):
    """What the buyer says is wrong."""

    reason: ClaimReason
    words: Words = ""
    locale: Locale


class Listing(Command):
    """What was promised when it was sold: frozen with the case."""

    title: Title
    pictures: Annotated[list[PictureUrl], Field(max_length=12)] = []
    properties: Annotated[dict[Word, Annotated[str, _line(500, 0)]], Field(max_length=60)] = {}


class OrderLine(Command):
    """One line of the order that the case is about."""

    sku: Word
    quantity: Annotated[int, Field(ge=1, le=9999, strict=True)]
    price: Price
    category: Word | None = None
    listing: Listing


_CASE_IN: Final[dict[str, Any]] = {
    "order_number": "LL-20871",
    "buyer": {"name": "Ana Ruiz", "email": "ana@example.com", "locale": "es"},
    "currency": "EUR",
    "claim": {"reason": "damaged", "words": "La pantalla está rota.", "locale": "es"},
    "items": [
        {
            "sku": "LAMP-7",
            "quantity": 1,
            "price": "148.00",
            "listing": {
                "title": "Brass desk lamp",
                "pictures": ["https://shop.example/lamp.jpg"],
                "properties": {"Height": "42 cm", "Socket": "E27"},
            },
        }
    ],
}


class OpenCase(Command):
    """A return to be opened (``CaseIn``)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CASE_IN]})
    order_number: Word
    buyer: Buyer
    currency: Currency
    market: Market | None = None
    delivered_at: Delivered | None = None
    direction: Direction = Direction.BUYER_SHOWS
    warehouse_id: Annotated[str, StringConstraints(max_length=40)] | None = None
    claim: Claim
    items: Annotated[list[OrderLine], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _prices_fit_the_currency(self) -> OpenCase:
        check_prices(self.currency, self.items)
        return self


def check_prices(currency: str, items: list[OrderLine]) -> None:
    """Hold prices to the decimals of their currency.

    Raises:
        ValueError: one has more.
    """
    digits = minor_digits(currency)
    for item in items:
        if len(item.price.partition(".")[2]) > digits:
            raise ValueError(f"{currency} has {digits} decimals, not {item.price}")


class Decide(Command):
    """A verdict on a case."""

    outcome: Outcome
    disposition: Disposition | None = None
    liability: Liability | None = None
    note: Words = ""


def minor_digits(currency: str) -> int:
    """How many decimals an amount of this currency has (ISO 4217)."""
    return _MINOR_DIGITS.get(currency, 2)


def to_minor(price: str, currency: str) -> int:
    """An amount in the currency's minor unit: ``("148.00", "EUR")`` → 14800."""
    return int(Decimal(price).scaleb(minor_digits(currency)))


def from_minor(amount: int, currency: str) -> str:
    """The opposite of ``to_minor``, with all of the currency's decimals."""
    digits = minor_digits(currency)
    return f"{Decimal(amount).scaleb(-digits):.{digits}f}"
