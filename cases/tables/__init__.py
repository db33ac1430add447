"""Every table of the domain, as SQLAlchemy maps it; Alembic's migrations follow this room."""

from cases.tables.base import Base
from cases.tables.deadlines import (
    Appointment,
    Deadline,
    DeskHours,
    Roster,
)
from cases.tables.derived import CredentialRoot, DerivedCopy, FileTry
from cases.tables.exports import PersonExport
from cases.tables.figures import CaseFigure
from cases.tables.filing import (
    Attachment,
    AttachmentPart,
    Filing,
    FilingSetting,
    Order,
    ReasonChoice,
)
from cases.tables.inbox import CaseTag, HeldAct, SavedFilter, Snooze
from cases.tables.inspections import (
    BenchCamera,
    Handover,
    ObserverLink,
    Participant,
    Session,
    Shift,
)
from cases.tables.keeping import Erasure, Keeping, KeepSetting, LegalHold
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
    CaseAccess,
    Event,
    IdempotentAnswer,
)
from cases.tables.mails import Mail, MailTry
from cases.tables.notices import (
    InboundMessage,
    Notice,
    NoticeChannel,
    NoticeContact,
    NoticeOptOut,
    NoticeSetting,
    NoticeTemplate,
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
from cases.tables.people import (
    EarlierSecret,
    PasswordReset,
    RecoveryCode,
    SecondFactor,
    SignInRule,
    StaffConsent,
    StaffInvitation,
)
from cases.tables.policies import (
    Policy,
    PolicyAnswer,
)
from cases.tables.ports import (
    CarrierClaim,
    Errand,
    Label,
    Port,
    RefundOrder,
    ReturnAddress,
    Scan,
)
from cases.tables.proof import (
    Checkpoint,
    Countersignature,
    DeviceKey,
    EvidenceCheck,
    EvidencePackage,
    PublishedKey,
    TimeStamp,
)
from cases.tables.returns import (
    Case,
    Consent,
    Device,
    ItemLine,
    JoinLink,
)
from cases.tables.settlement import Parcel, Settlement
from cases.tables.shares import Share
from cases.tables.thread import ReplyScript, ThreadRead
from cases.tables.webhooks import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from cases.tables.words import CaseWords

__all__ = [
    "ApiKey",
    "Appointment",
    "Attachment",
    "AttachmentPart",
    "Base",
    "BenchCamera",
    "CarrierClaim",
    "Case",
    "CaseAccess",
    "CaseFigure",
    "CaseTag",
    "CaseWords",
    "Checkpoint",
    "Consent",
    "Countersignature",
    "CredentialRoot",
    "Deadline",
    "DerivedCopy",
    "DeskHours",
    "Device",
    "DeviceKey",
    "EarlierSecret",
    "Erasure",
    "Errand",
    "Event",
    "EvidenceCheck",
    "EvidencePackage",
    "FileTry",
    "Filing",
    "FilingSetting",
    "Finding",
    "Fragment",
    "Gap",
    "Grant",
    "Handover",
    "HeldAct",
    "IdempotentAnswer",
    "InboundMessage",
    "ItemLine",
    "JoinLink",
    "KeepSetting",
    "Keeping",
    "Label",
    "LegalHold",
    "Login",
    "Mail",
    "MailTry",
    "Manifest",
    "Notice",
    "NoticeChannel",
    "NoticeContact",
    "NoticeOptOut",
    "NoticeSetting",
    "NoticeTemplate",
    "ObserverLink",
    "Order",
    "Parcel",
    "Participant",
    "PasswordReset",
    "PersonExport",
    "Policy",
    "PolicyAnswer",
    "Port",
    "Preview",
    "PublishedKey",
    "ReasonChoice",
    "RecorderFact",
    "Recording",
    "RecoveryCode",
    "RefundOrder",
    "ReplyScript",
    "ReturnAddress",
    "Roster",
    "SavedFilter",
    "Scan",
    "SecondFactor",
    "Segment",
    "Session",
    "Settlement",
    "Share",
    "Shift",
    "SignInAttempt",
    "SignInRule",
    "Snooze",
    "Staff",
    "StaffConsent",
    "StaffInvitation",
    "Still",
    "Tenant",
    "ThreadRead",
    "TimeStamp",
    "Warehouse",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
