"""PURE. A refund by the port: its states, and what follows from each answer of the provider.

Money must not go out twice. So a refund is marked as sent before it is; whatever its end,
it is only sent again when the provider says that it does not know it, under the same key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cases.port_commands import RefundSetup
from cases.port_reading import RefundWord, UnreadableAnswer, parse_answer, read_refund


class RefundState(StrEnum):
    """Where a refund by the port stands."""

    ORDERED = "ordered"
    SENT = "sent"  # or about to be: from here on it may have happened
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNCLEAR = "unclear"  # a person finds out and says


OPEN: Final = frozenset({RefundState.ORDERED, RefundState.SENT, RefundState.UNCLEAR})
"""While it is one of these its money counts as given."""
LASTS: Final = timedelta(days=7)
"""How long a provider is asked before a person is."""
_SETTLING: Final = timedelta(minutes=1)
"""So long a provider that does not know a refund may merely not know it yet."""
_NOT_SENT: Final = frozenset({"forbidden_address", "tls"})
_MAYBE: Final = frozenset({408, 409, 425})
_TOO_MANY: Final = 429


class Step(StrEnum):
    """What is to be done now."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    LOOK_LATER = "look_later"  # it may have happened: ask, do not repeat
    SEND_LATER = "send_later"  # it has not happened: the same order again


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: a status, or why there is none."""

    status: int | None
    failure: str | None
    answer: bytes


@dataclass(frozen=True, slots=True)
class Decided:
    """What follows from an answer, with the provider's id and a sentence on why."""

    step: Step
    remote_id: str | None
    why: str


def after_sending(answered: Answered, setup: RefundSetup, amount_minor: int) -> Decided:
    """What follows from the answer to the order itself."""
    status = answered.status
    if answered.failure in _NOT_SENT:
        return Decided(Step.REFUSE, None, f"It was not sent: {answered.failure}.")
    if status == _TOO_MANY:
        return Decided(Step.SEND_LATER, None, "The provider takes no more just now (429).")
    if status is not None and 400 <= status < 500 and status not in _MAYBE:
        return Decided(Step.REFUSE, None, f"The provider answered {status}.")
    return _read(answered, setup, amount_minor)


def after_looking(
    answered: Answered, setup: RefundSetup, amount_minor: int, sent_at: datetime, now: datetime
) -> Decided:
    """What follows from the answer to the question what became of it."""
    if answered.status == 404 and answered.failure is None:
        if now - sent_at < _SETTLING:
            return Decided(Step.LOOK_LATER, None, "The provider does not know it yet.")
        return Decided(Step.SEND_LATER, None, "The provider never got it.")
    return _read(answered, setup, amount_minor)


def _read(answered: Answered, setup: RefundSetup, amount_minor: int) -> Decided:
    if answered.failure is not None:
        return Decided(Step.LOOK_LATER, None, f"No answer: {answered.failure}.")
    if answered.status is None or not 200 <= answered.status < 300:
        return Decided(Step.LOOK_LATER, None, f"The provider answered {answered.status}.")
    try:
        found = read_refund(parse_answer(answered.answer), setup, amount_minor)
    except UnreadableAnswer as error:
        return Decided(Step.LOOK_LATER, None, str(error))
    if found.word is RefundWord.CONFIRMED:
        return Decided(Step.CONFIRM, found.remote_id, "")
    if found.word is RefundWord.REFUSED:
        return Decided(Step.REFUSE, found.remote_id, "The provider refused it.")
    return Decided(Step.LOOK_LATER, found.remote_id, "The provider is still at it.")
