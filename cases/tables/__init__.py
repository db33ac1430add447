"""Every table of the domain, as SQLAlchemy maps it; Alembic's migrations follow this room."""

from cases.tables.base import Base
from cases.tables.filing import (
    Attachment,
    AttachmentPart,
    Filing,
    FilingSetting,
    Order,
)
from cases.tables.inspections import (
    BenchCamera,
    Handover,
    ObserverLink,
    Participant,
    Session,
    Shift,
)
from cases.tables.ledger import (
    Finding,
    Fragment,
    Gap,
    Manifest,
    Preview,
    RecorderFact,
    Recording,
    Segment,
    Still,
)
from cases.tables.logs import (
    Event,
    IdempotentAnswer,
)
from cases.tables.organisations import (
    ApiKey,
    Grant,
    Login,
    SignInAttempt,
    Staff,
    Tenant,
    Warehouse,
)
from cases.tables.returns import (
    Case,
    Consent,
    Device,
    ItemLine,
    JoinLink,
)

__all__ = [
    "ApiKey",
    "Attachment",
    "AttachmentPart",
    "Base",
    "BenchCamera",
    "Case",
    "Consent",
    "Device",
    "Event",
    "Filing",
    "FilingSetting",
    "Finding",
    "Fragment",
    "Gap",
    "Grant",
    "Handover",
    "IdempotentAnswer",
    "ItemLine",
    "JoinLink",
    "Login",
    "Manifest",
    "ObserverLink",
    "Order",
    "Participant",
    "Preview",
    "RecorderFact",
    "Recording",
    "Segment",
    "Session",
    "Shift",
    "SignInAttempt",
    "Staff",
    "Still",
    "Tenant",
    "Warehouse",
]
