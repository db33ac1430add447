"""Lives of seeded cases: how far each came, when, and what was said; the same for one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cases.life import next_case_state
from cases.seed_words import CLAIMS, COLOURS, GOODS, LOCALES, SAID
from cases.states import CaseState, CaseTrigger, ClaimReason, Outcome

_T = CaseTrigger
_LIVES: Final[Sequence[tuple[int, tuple[CaseTrigger, ...], Outcome | None]]] = (
    (34, (_T.OFFER, _T.BUYER_ARRIVES, _T.HOST_MEETS, _T.INSPECTION_ENDS, _T.DECIDE, _T.RESOLVE,
          _T.CLOSE), Outcome.RESOLVED_WITHOUT_RETURN),
    (26, (_T.OFFER, _T.BUYER_ARRIVES, _T.HOST_MEETS, _T.INSPECTION_ENDS, _T.DECIDE, _T.GIVE_LABEL,
          _T.SHIP, _T.RECEIVE, _T.CHECK, _T.REFUND, _T.CLOSE), Outcome.REFUND),
    (18, (_T.OFFER, _T.DECIDE, _T.GIVE_LABEL, _T.SHIP, _T.RECEIVE, _T.CHECK, _T.REFUND, _T.CLOSE),
     Outcome.REFUND),
    (9, (_T.OFFER, _T.DECIDE, _T.REJECT, _T.CLOSE), Outcome.REJECT),
    (5, (_T.OFFER, _T.DECIDE, _T.REJECT, _T.APPEAL, _T.DECIDE, _T.REJECT, _T.CLOSE),
     Outcome.REJECT),
    (8, (_T.OFFER, _T.CLOSE), None),
)  # fmt: skip
"""How many of a hundred live so, what moves them, and what is decided."""
_LASTS: Final = timedelta(days=21)
_OPEN_SHARE: Final = 0.06
"""Of the old cases so many are stuck on their way."""
_BY_SESSION: Final = (_T.BUYER_ARRIVES, _T.HOST_MEETS)


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a case."""

    trigger: CaseTrigger
    before: CaseState
    after: CaseState
    at: datetime


@dataclass(slots=True)
class Story:
    """One case's life so far; ``messages`` are (by the buyer, words, when)."""

    opened_at: datetime
    locale: str
    reason: ClaimReason
    goods: str
    colour: str
    claim: str
    quantity: int
    price_minor: int
    steps: list[Step]
    outcome: Outcome | None
    state: CaseState
    messages: list[tuple[bool, str, datetime]] = field(default_factory=list)

    def first(self, *states: CaseState) -> datetime | None:
        """When the case first came to one of these states."""
        return next((one.at for one in self.steps if one.after in states), None)

    @property
    def ended_at(self) -> datetime:
        """When something last happened to it."""
        moved = self.steps[-1].at if self.steps else self.opened_at
        return max(moved, self.messages[-1][2]) if self.messages else moved


def tell(draw: random.Random, opened_at: datetime, now: datetime) -> Story:
    """A life that began then, as far as it has come; never in the middle of a call."""
    locale = draw.choices(LOCALES, (38, 22, 18, 14, 8))[0]
    reason = draw.choices(tuple(ClaimReason), (22, 14, 13, 6, 8, 11, 17, 7, 2))[0]
    goods, colour = draw.choice(GOODS[locale]), draw.choice(COLOURS[locale])
    claim = draw.choice(CLAIMS[locale][reason]).format(goods=goods, colour=colour)
    _, moves, outcome = draw.choices(_LIVES, [one[0] for one in _LIVES])[0]
    pace = _LASTS / len(moves)
    state, at, steps = CaseState.FILED, opened_at, list[Step]()
    stuck = draw.randrange(len(moves)) if draw.random() < _OPEN_SHARE else len(moves)
    for trigger in moves[:stuck]:
        soon = trigger in (_T.HOST_MEETS, _T.INSPECTION_ENDS)
        at += timedelta(minutes=draw.uniform(1, 12)) if soon else pace * draw.uniform(0.1, 1.6)
        if at >= now:
            break
        after = next_case_state(state, trigger)
        steps.append(Step(trigger, state, after, at))
        state = after
    while steps and state in (CaseState.WAITING, CaseState.LIVE):
        state = steps.pop().before
    decided = any(one.trigger is _T.DECIDE for one in steps)
    return Story(
        opened_at=opened_at,
        locale=locale,
        reason=reason,
        goods=goods,
        colour=colour,
        claim=claim,
        quantity=1 if draw.random() < 0.85 else 2,
        price_minor=int(draw.lognormvariate(8.3, 0.8)) + 300,
        steps=steps,
        outcome=outcome if decided else None,
        state=state,
    )


def talk(draw: random.Random, story: Story, count: int, now: datetime) -> None:
    """Have so many messages written while the case lives, by turns."""
    end = min(story.ended_at + timedelta(hours=6), now)
    span = (end - story.opened_at) / (count + 1)
    for number in range(count):
        words = draw.choice(SAID[story.locale]).format(goods=story.goods)
        at = story.opened_at + span * (number + 1)
        story.messages.append((number % 2 == 0, words, at))
