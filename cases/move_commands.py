"""The moves that somebody makes on purpose: what each is told, checked once."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, RootModel, StringConstraints, model_validator

from cases.commands import Command, Price, Word, Words, one_line
from cases.states import CaseTrigger, Disposition, Grade, Liability


def _link(value: str) -> str:
    if not re.fullmatch(r"https://[^\s\"'<>\\]{3,1990}", value):
        raise ValueError("expected an https:// URL")
    return value


LabelUrl = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_link)]
Tracking = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=4, max_length=64),
    AfterValidator(one_line),
    Field(examples=["CN193847560DE"]),
]
Reference = Word


class GiveLabel(Command):
    """The buyer is told where to send it, with a label if there is one."""

    move: Literal[CaseTrigger.GIVE_LABEL]
    address: Words
    carrier: Word | None = None
    tracking_number: Tracking | None = None
    label_url: LabelUrl | None = None

    @model_validator(mode="after")
    def _says_where(self) -> GiveLabel:
        if not self.address and self.label_url is None:
            raise ValueError("a label needs an address or a link to its file")
        return self


class Ship(Command):
    """The buyer has sent it."""

    move: Literal[CaseTrigger.SHIP]
    carrier: Word | None = None
    tracking_number: Tracking | None = None


class Receive(Command):
    """The parcel is in the warehouse."""

    move: Literal[CaseTrigger.RECEIVE]


class CheckedLine(Command):
    """One line as it was found."""

    position: Annotated[int, Field(ge=0, le=49, strict=True)]
    returned: Annotated[int, Field(ge=0, le=9999, strict=True)]
    grade: Grade | None = None
    disposition: Disposition
    liability: Liability
    note: Words = ""

    @model_validator(mode="after")
    def _grades_what_came(self) -> CheckedLine:
        if self.returned and self.grade is None:
            raise ValueError("what came back needs a grade")
        return self


class Check(Command):
    """What is in the parcel, line by line."""

    move: Literal[CaseTrigger.CHECK]
    lines: Annotated[list[CheckedLine], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _each_line_once(self) -> Check:
        positions = [line.position for line in self.lines]
        if len(set(positions)) != len(positions):
            raise ValueError("each line is checked once")
        return self


class Resolve(Command):
    """Both agree that nothing comes back."""

    move: Literal[CaseTrigger.RESOLVE]
    note: Words = ""


class Refund(Command):
    """The money was given back: what was paid, or what of it is left."""

    move: Literal[CaseTrigger.REFUND]
    amount: Price
    reference: Reference | None = None


class RefundPartly(Command):
    """A part of the money was given back."""

    move: Literal[CaseTrigger.REFUND_PARTLY]
    amount: Price
    reference: Reference | None = None


class Exchange(Command):
    """Another thing is on its way."""

    move: Literal[CaseTrigger.EXCHANGE]
    carrier: Word | None = None
    tracking_number: Tracking | None = None
    reference: Reference | None = None


class SendBack(Command):
    """The goods go to the buyer again."""

    move: Literal[CaseTrigger.SEND_BACK]
    carrier: Word | None = None
    tracking_number: Tracking | None = None


class Reject(Command):
    """Nothing is given, and why."""

    move: Literal[CaseTrigger.REJECT]
    note: Annotated[Words, Field(min_length=1)]


class Appeal(Command):
    """The buyer does not agree, in their words."""

    move: Literal[CaseTrigger.APPEAL]
    words: Annotated[Words, Field(min_length=1)]


class Dispute(Command):
    """It went to a marketplace, a bank or a court."""

    move: Literal[CaseTrigger.DISPUTE]
    reference: Reference
    note: Words = ""


Move = Annotated[
    GiveLabel
    | Ship
    | Receive
    | Check
    | Resolve
    | Refund
    | RefundPartly
    | Exchange
    | SendBack
    | Reject
    | Appeal
    | Dispute,
    Field(discriminator="move"),
]


class MakeMove(RootModel[Move]):
    """One of the moves, by its name in ``move``."""
