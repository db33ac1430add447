"""PURE. Who may do what with which case; everything that is not allowed here is not allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cases.actor import (
    Actor,
    BuyerActor,
    FormActor,
    KeyActor,
    ObserverActor,
    PolicyActor,
    ShareActor,
    StaffActor,
)
from cases.states import Role, Scope
from runtime.ids import CaseId, TenantId, WarehouseId


class Action(StrEnum):
    """What somebody wants to do with a case."""

    VIEW_CASE = "view_case"
    OPEN_CASE = "open_case"
    INVITE = "invite"  # issue and revoke join links
    ASSIGN = "assign"  # whose it is, and by when
    DECIDE = "decide"
    CHECK = "check"  # the parcel came, and what is in it
    SETTLE = "settle"  # label, refund, exchange, rejection, appeal and dispute
    CLOSE = "close"
    WRITE = "write"  # into the thread, to the buyer or as an internal note
    HOST = "host"  # take the call
    OBSERVE = "observe"  # be in the call beside the host; whoever may host may
    REVIEW = "review"  # timeline, recordings, stills
    SHARE = "share"  # let somebody without an account replay
    READ_LOG = "read_log"  # the case log
    TAKE_PART = "take_part"  # the buyer's side of a session
    READ_POLICIES = "read_policies"
    EXPORT_PERSON = "export_person"  # everything kept about the buyer, for the buyer
    KEEP = "keep"  # rules of retention, legal holds, erasure
    WRITE_POLICIES = "write_policies"  # save, preview, pilot, publish, roll back


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the decision depends on; ``case_id`` is None for a case that is yet to be opened."""

    tenant_id: TenantId
    warehouse_id: WarehouseId | None
    case_id: CaseId | None


_EVERYTHING_OF_A_SELLER: Final = frozenset(Action) - {Action.TAKE_PART}
_EVERYTHING_OF_AN_INSPECTOR: Final = frozenset(
    {
        Action.VIEW_CASE,
        Action.REVIEW,
        Action.DECIDE,
        Action.CHECK,
        Action.WRITE,
        Action.HOST,
        Action.OBSERVE,
    }
)
_EVERYTHING_OF_A_BUYER: Final = frozenset({Action.TAKE_PART, Action.EXPORT_PERSON})
_TENANT_ROLES: Final[Mapping[Role, frozenset[Action]]] = {
    Role.ADMIN: _EVERYTHING_OF_A_SELLER,
    Role.AGENT: _EVERYTHING_OF_A_SELLER - {Action.KEEP},
    Role.REVIEWER: frozenset(
        {Action.VIEW_CASE, Action.REVIEW, Action.SHARE, Action.READ_LOG, Action.DECIDE}
    ),
    Role.INSPECTOR: _EVERYTHING_OF_AN_INSPECTOR,
}
_WAREHOUSE_ROLES: Final[Mapping[Role, frozenset[Action]]] = {
    # Who runs the warehouse may sit beside its inspectors.
    Role.ADMIN: frozenset({Action.VIEW_CASE, Action.REVIEW, Action.CHECK, Action.OBSERVE}),
    Role.AGENT: frozenset(),  # Only a tenant has agents.
    Role.REVIEWER: frozenset({Action.VIEW_CASE, Action.REVIEW}),
    Role.INSPECTOR: _EVERYTHING_OF_AN_INSPECTOR,
}
_SCOPES: Final[Mapping[Scope, frozenset[Action]]] = {
    Scope.CASES_READ: frozenset({Action.VIEW_CASE, Action.READ_LOG}),
    # Who writes a case is answered with the case.
    Scope.CASES_WRITE: frozenset(
        {
            Action.OPEN_CASE,
            Action.VIEW_CASE,
            Action.INVITE,
            Action.ASSIGN,
            Action.DECIDE,
            Action.CHECK,
            Action.SETTLE,
            Action.CLOSE,
            Action.WRITE,
        }
    ),
    # Who may take evidence away may pass it on.
    Scope.EVIDENCE_READ: frozenset({Action.REVIEW, Action.SHARE}),
    Scope.POLICIES_READ: frozenset({Action.READ_POLICIES}),
    Scope.POLICIES_WRITE: frozenset({Action.READ_POLICIES, Action.WRITE_POLICIES}),
    Scope.KEEPING_WRITE: frozenset({Action.VIEW_CASE, Action.KEEP, Action.EXPORT_PERSON}),
    # These two are about no single case: cases/developers.py asks for them.
    Scope.WEBHOOKS_WRITE: frozenset(),
    Scope.FIGURES_READ: frozenset(),
}


def may(actor: Actor, action: Action, case: CaseFacts) -> bool:
    """Say whether the actor may do this with this case."""
    if isinstance(actor, StaffActor):
        return _staff_may(actor, action, case)
    if isinstance(actor, KeyActor):
        return actor.tenant_id == case.tenant_id and any(
            action in _SCOPES[scope] for scope in actor.scopes
        )
    if isinstance(actor, BuyerActor):
        return action in _EVERYTHING_OF_A_BUYER and actor.case_id == case.case_id
    if isinstance(actor, ObserverActor):
        return action is Action.OBSERVE and actor.case_id == case.case_id
    # A form and a policy only sign what a use case of their own does; a share has its own door.
    return not isinstance(actor, FormActor | PolicyActor | ShareActor)


def sees(actor: Actor, case: CaseFacts) -> bool:
    """Say whether the case exists for the actor at all: if not, every answer is *not found*."""
    return any(may(actor, action, case) for action in Action)


def _staff_may(actor: StaffActor, action: Action, case: CaseFacts) -> bool:
    if actor.tenant_id is not None:
        return actor.tenant_id == case.tenant_id and any(
            action in _TENANT_ROLES[role] for role in actor.roles
        )
    return (
        actor.warehouse_id is not None
        and actor.warehouse_id == case.warehouse_id
        and case.tenant_id in actor.granted_tenants
        and any(action in _WAREHOUSE_ROLES[role] for role in actor.roles)
    )
