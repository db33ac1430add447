"""PURE. Who asks: staff, a machine, a buyer's device or form, a policy, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass

from cases.states import Role, Scope
from runtime.ids import CaseId, JoinLinkId, StaffId, TenantId, WarehouseId


@dataclass(frozen=True, slots=True)
class StaffActor:
    """A signed-in person: of a tenant, or of a warehouse with the tenants that grant it work."""

    staff_id: StaffId
    name: str
    roles: frozenset[Role]
    tenant_id: TenantId | None
    warehouse_id: WarehouseId | None
    granted_tenants: frozenset[TenantId]

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return f"staff:{self.staff_id}"


@dataclass(frozen=True, slots=True)
class KeyActor:
    """A machine with an API key of one tenant."""

    api_key_id: str
    tenant_id: TenantId
    scopes: frozenset[Scope]

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return f"key:{self.api_key_id}"


@dataclass(frozen=True, slots=True)
class BuyerActor:
    """The device that a case's join link is bound to."""

    case_id: CaseId
    join_link_id: JoinLinkId
    device_id: str

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return f"buyer:{self.device_id}"


@dataclass(frozen=True, slots=True)
class ObserverActor:
    """The device that an observer link is bound to: somebody without an account."""

    session_id: str
    case_id: CaseId
    observer_link_id: str

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return f"observer:{self.observer_link_id}"


@dataclass(frozen=True, slots=True)
class ShareActor:
    """The named viewer of a share: somebody without an account, who only replays."""

    share_id: str
    session_id: str
    case_id: CaseId

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return f"share:{self.share_id}"


@dataclass(frozen=True, slots=True)
class FormActor:
    """The buyer by the form: the browser that began a filing."""

    filing_id: str

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return f"form:{self.filing_id}"


@dataclass(frozen=True, slots=True)
class PolicyActor:
    """A version of the seller's return policy, by its number."""

    version: int

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return f"policy:{self.version}"


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The service itself: deadlines, recovery, seeding."""

    @property
    def label(self) -> str:
        """How logs name this actor."""
        return "system"


Actor = (
    StaffActor
    | KeyActor
    | BuyerActor
    | ObserverActor
    | ShareActor
    | FormActor
    | PolicyActor
    | SystemActor
)
