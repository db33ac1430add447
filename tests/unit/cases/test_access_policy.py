"""Who may do what: the whole table, said in sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.access_policy import Action, CaseFacts, may, sees
from cases.actor import (
    Actor,
    BuyerActor,
    KeyActor,
    ObserverActor,
    ShareActor,
    StaffActor,
    SystemActor,
)
from cases.states import Role, Scope
from runtime.ids import CaseId, JoinLinkId, StaffId, TenantId, WarehouseId

LAMP, SHOES = TenantId("ten_lamp"), TenantId("ten_shoes")
HALL, DOCK = WarehouseId("whs_hall"), WarehouseId("whs_dock")
CASE = CaseFacts(LAMP, HALL, CaseId("cas_1"))

roles = st.frozensets(st.sampled_from(Role))
actions = st.sampled_from(Action)


def staff(
    *roles: Role,
    tenant: TenantId | None = None,
    warehouse: WarehouseId | None = None,
    granted: frozenset[TenantId] = frozenset(),
) -> StaffActor:
    """A staff member."""
    return StaffActor(StaffId("stf"), "Name", frozenset(roles), tenant, warehouse, granted)


def allowed(actor: Actor) -> set[Action]:
    """All that the actor may do with the case."""
    return {action for action in Action if may(actor, action, CASE)}


def test_each_role_may_what_its_work_needs() -> None:
    """An agent runs cases, a reviewer looks and decides, an inspector hosts."""
    everything = set(Action) - {Action.TAKE_PART}
    look = {Action.VIEW_CASE, Action.REVIEW}
    granted = frozenset({LAMP})
    assert allowed(staff(Role.AGENT, tenant=LAMP)) == everything - {Action.KEEP}
    assert allowed(staff(Role.ADMIN, tenant=LAMP)) == everything
    assert allowed(staff(Role.REVIEWER, tenant=LAMP)) == look | {
        Action.SHARE,
        Action.READ_LOG,
        Action.DECIDE,
    }
    hosting = look | {Action.HOST, Action.DECIDE, Action.CHECK, Action.OBSERVE, Action.WRITE}
    assert allowed(staff(Role.INSPECTOR, tenant=LAMP)) == hosting
    assert allowed(staff(Role.INSPECTOR, warehouse=HALL, granted=granted)) == hosting
    assert allowed(staff(Role.REVIEWER, warehouse=HALL, granted=granted)) == look
    assert allowed(staff(Role.ADMIN, warehouse=HALL, granted=granted)) == look | {
        Action.CHECK,
        Action.OBSERVE,
    }
    assert allowed(staff(Role.AGENT, warehouse=HALL, granted=granted)) == set()
    assert allowed(staff(tenant=LAMP)) == set()


@given(roles, st.sampled_from([LAMP, None]))
def test_whoever_may_host_may_observe(held: frozenset[Role], tenant: TenantId | None) -> None:
    """What a participant may see is decided by their part in the session: this is the floor."""
    warehouse = None if tenant else HALL
    actor = staff(*held, tenant=tenant, warehouse=warehouse, granted=frozenset({LAMP}))
    assert may(actor, Action.OBSERVE, CASE) or not may(actor, Action.HOST, CASE)


@given(actions)
def test_an_observer_by_link_may_only_observe_the_one_case(action: Action) -> None:
    """No invitation, no verdict, no evidence."""
    actor = ObserverActor("ses_1", CaseId("cas_1"), "obl_1")
    assert may(actor, action, CASE) == (action is Action.OBSERVE)
    elsewhere = CaseFacts(LAMP, HALL, CaseId("cas_2"))
    assert not may(actor, action, elsewhere)


@given(roles, actions)
def test_nobody_of_another_organisation_may_anything(held: frozenset[Role], action: Action) -> None:
    """Whatever the roles: another tenant, another warehouse, or no grant means nothing."""
    for actor in (
        staff(*held, tenant=SHOES),
        staff(*held, warehouse=DOCK, granted=frozenset({LAMP})),
        staff(*held, warehouse=HALL, granted=frozenset({SHOES})),
        staff(*held, warehouse=HALL),
    ):
        assert not may(actor, action, CASE)
        assert not sees(actor, CASE)


@given(st.frozensets(st.sampled_from(Scope)), actions)
def test_a_key_is_bound_to_tenant_and_scopes(scopes: frozenset[Scope], action: Action) -> None:
    """Without scopes nothing, with another tenant's nothing, and never the host's seat."""
    assert not may(KeyActor("apk", SHOES, scopes), action, CASE)
    if not scopes:
        assert not may(KeyActor("apk", LAMP, scopes), action, CASE)
    for never in (Action.HOST, Action.TAKE_PART):
        assert not may(KeyActor("apk", LAMP, scopes), never, CASE)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope.CASES_READ, {Action.VIEW_CASE, Action.READ_LOG}),
        (
            Scope.CASES_WRITE,
            {
                Action.VIEW_CASE,
                Action.OPEN_CASE,
                Action.INVITE,
                Action.ASSIGN,
                Action.DECIDE,
                Action.CHECK,
                Action.SETTLE,
                Action.CLOSE,
                Action.WRITE,
            },
        ),
        (Scope.EVIDENCE_READ, {Action.REVIEW, Action.SHARE}),
        (Scope.POLICIES_READ, {Action.READ_POLICIES}),
        (Scope.POLICIES_WRITE, {Action.READ_POLICIES, Action.WRITE_POLICIES}),
    ],
)
def test_each_scope_opens_its_own_doors(scope: Scope, expected: set[Action]) -> None:
    """A scope is no more than its name."""
    assert allowed(KeyActor("apk", LAMP, frozenset({scope}))) == expected


def test_a_buyer_takes_part_in_their_own_case_only() -> None:
    """The buyer's device is no member of staff."""
    mine = BuyerActor(CaseId("cas_1"), JoinLinkId("lnk"), "dev")
    other = BuyerActor(CaseId("cas_2"), JoinLinkId("lnk"), "dev")
    assert allowed(mine) == {Action.TAKE_PART, Action.EXPORT_PERSON}
    assert allowed(other) == set()


def test_actors_have_labels_for_the_logs() -> None:
    """``kind:id``, and the system is just that."""
    assert staff(tenant=LAMP).label == "staff:stf"
    assert KeyActor("apk", LAMP, frozenset()).label == "key:apk"
    assert BuyerActor(CaseId("c"), JoinLinkId("l"), "dev").label == "buyer:dev"
    assert SystemActor().label == "system"
    assert allowed(SystemActor()) == set(Action)


@given(actions)
def test_a_share_passes_no_door_of_anybody_else(action: Action) -> None:
    """Its routes ask for its own cookie; here it may nothing, not even in its own case."""
    assert not may(ShareActor("shr_1", "ses_1", CaseId("cas_1")), action, CASE)
