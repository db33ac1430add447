"""Every table of the domain, as SQLAlchemy maps it; Alembic's migrations follow this room."""

from cases.tables.base import Base
from cases.tables.deadlines import (
    Appointment,
    Deadline,
    DeskHours,
    Roster,
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
    "Appointment",
    "Base",
    "BenchCamera",
    "Case",
    "Consent",
    "Deadline",
    "DeskHours",
    "Device",
    "Event",
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
    "Participant",
    "Preview",
    "RecorderFact",
    "Recording",
    "Roster",
    "Segment",
    "Session",
    "Shift",
    "SignInAttempt",
    "Staff",
    "Still",
    "Tenant",
    "Warehouse",
]
