"""What the case routes are asked and answer, as the API describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from cases.arranging import Tag
from cases.case_filter import CaseSort
from cases.case_list import CaseSummary
from cases.case_views import CaseView
from cases.commands import Command, Moment, one_line
from cases.log import Visibility
from cases.states import CaseState, ClaimReason
from cases.view import View


class InvitationView(View):
    """A text ready to paste into a chat, link included."""

    locale: str
    text: str


class CaseOpened(View):
    """A new case; the link is told this once."""

    case: CaseView
    join_url: str
    invitation: InvitationView


class LinkIssued(View):
    """A new join link; it is told this once."""

    join_url: str
    expires_at: datetime
    invitation: InvitationView


class CaseList(View):
    """One page of cases."""

    items: list[CaseSummary]
    next_cursor: str | None


class LogActor(View):
    """Who did something to a case."""

    role: str
    name: str


class CaseEvent(View):
    """One entry of the case log."""

    seq: int
    kind: str
    at: datetime
    actor: LogActor
    visibility: Visibility
    payload: dict[str, Any] | None


class CaseEvents(View):
    """Entries of the case log, oldest first, 200 at most."""

    events: list[CaseEvent]
    last_seq: int


_Query = Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line)]


class CasesWanted(Command):
    """What the list is narrowed to."""

    q: _Query | None = None
    state: CaseState | None = None
    order_number: _Query | None = None
    recorded: bool | None = None
    assignee: _Query | None = None
    due_before: Moment | None = None
    language: _Query | None = None
    reason: ClaimReason | None = None
    warehouse: _Query | None = None
    tag: Tag | None = None
    snoozed: bool | None = None
    overdue: bool | None = None
    waits_for_buyer: bool | None = None
    anomaly: bool | None = None
    sort: CaseSort = CaseSort.CHANGED
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


class After(Command):
    """Where reading goes on."""

    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
