"""Every table of the domain, as SQLAlchemy maps it; Alembic's migrations follow this room."""

from cases.tables.base import Base
from cases.tables.figures import CaseFigure
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
from cases.tables.policies import (
    Policy,
    PolicyAnswer,
)
from cases.tables.returns import (
    Case,
    Consent,
    Device,
    ItemLine,
    JoinLink,
)
from cases.tables.settlement import Parcel, Settlement
from cases.tables.webhooks import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)

__all__ = [
    "ApiKey",
    "Base",
    "BenchCamera",
    "Case",
    "CaseFigure",
    "Consent",
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
    "Parcel",
    "Participant",
    "Policy",
    "PolicyAnswer",
    "Preview",
    "RecorderFact",
    "Recording",
    "Segment",
    "Session",
    "Settlement",
    "Shift",
    "SignInAttempt",
    "Staff",
    "Still",
    "Tenant",
    "Warehouse",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
