"""Who may change what belongs to a seller's systems: its API keys, webhooks and figures."""

from __future__ import annotations

from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden
from cases.states import Role, Scope
from runtime.ids import TenantId


def tenant_of(actor: Actor, *roles: Role, scope: Scope | None = None) -> TenantId:
    """The seller for whom the actor may act: its people with one of the roles, or a key.

    Without a ``scope`` no key may: a key never makes another.

    Raises:
        CaseError: ``forbidden`` (403); a warehouse's people are never a seller's.
    """
    if isinstance(actor, StaffActor):
        if actor.tenant_id is not None and actor.roles.intersection(roles):
            return actor.tenant_id
    elif isinstance(actor, KeyActor) and scope is not None and scope in actor.scopes:
        return actor.tenant_id
    raise forbidden()
