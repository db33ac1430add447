"""Every table of the domain, as SQLAlchemy maps it; Alembic's migrations follow this file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on every database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True)


class Base(DeclarativeBase):
    """The declarative base, with stable constraint names for migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime,
        dict[str, Any]: Json,
        list[Any]: Json,
        bytes: LargeBinary,
        str: String,
    }


# Organisations and people


class Tenant(Base):
    """A seller on the platform."""

    __tablename__ = "tenants"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    default_locale: Mapped[str] = mapped_column(default="en")
    wrapped_key: Mapped[bytes | None]  # NULL once erased
    created_at: Mapped[datetime]


class Warehouse(Base):
    """An organisation of its own that inspects for the tenants who grant it work."""

    __tablename__ = "warehouses"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    city: Mapped[str]
    time_zone: Mapped[str]
    created_at: Mapped[datetime]


class Grant(Base):
    """A tenant lets a warehouse work on its cases."""

    __tablename__ = "grants"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("tenant_id", "warehouse_id"),)


class Staff(Base):
    """A person who signs in: of a tenant or of a warehouse, never of both."""

    __tablename__ = "staff"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str | None] = mapped_column(ForeignKey("tenants.id"), index=True)
    warehouse_id: Mapped[str | None] = mapped_column(ForeignKey("warehouses.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)  # lower case
    name: Mapped[str]
    password_hash: Mapped[str]  # argon2id
    roles: Mapped[list[Any]]  # of Role: inspector, agent, reviewer, admin
    locale: Mapped[str] = mapped_column(default="en")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("(tenant_id IS NULL) <> (warehouse_id IS NULL)", name="one_organisation"),
    )


class Login(Base):
    """A staff member's sign-in on one browser."""

    __tablename__ = "logins"
    id: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)  # SHA-256 of the cookie's secret
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str]


class SignInAttempt(Base):
    """A failed sign-in, for the limit per e-mail and address."""

    __tablename__ = "sign_in_attempts"
    id: Mapped[str] = mapped_column(primary_key=True)
    subject_hash: Mapped[bytes] = mapped_column(index=True)
    at: Mapped[datetime]


class ApiKey(Base):
    """A machine's access to one tenant."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


# Cases


class Case(Base):
    """One return."""

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    warehouse_id: Mapped[str | None] = mapped_column(ForeignKey("warehouses.id"), index=True)
    order_number: Mapped[str]
    buyer_name: Mapped[str]
    buyer_email: Mapped[str | None]
    buyer_locale: Mapped[str]
    state: Mapped[str]  # CaseState
    direction: Mapped[str]  # Direction of the next session: buyer_shows, warehouse_shows
    claim_reason: Mapped[str]  # ClaimReason
    claim_words: Mapped[str] = mapped_column(Text)
    claim_locale: Mapped[str]
    currency: Mapped[str]
    verdict_outcome: Mapped[str | None]  # Outcome
    verdict_disposition: Mapped[str | None]
    verdict_liability: Mapped[str | None]
    verdict_note: Mapped[str | None] = mapped_column(Text)
    verdict_at: Mapped[datetime | None]
    verdict_by: Mapped[str | None]
    wrapped_key: Mapped[bytes | None]  # NULL once erased
    version: Mapped[int] = mapped_column(default=1)
    search_text: Mapped[str] = mapped_column(Text)  # lower case: order, buyer, titles
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it
    __table_args__ = (
        Index("ix_cases_tenant_id_updated_at", "tenant_id", "updated_at"),
        Index("ix_cases_tenant_id_state", "tenant_id", "state"),
        Index("ix_cases_tenant_id_order_number", "tenant_id", "order_number"),
    )


class ItemLine(Base):
    """One line of the order that the case is about, with its listing as it was sold."""

    __tablename__ = "item_lines"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    sku: Mapped[str]
    quantity: Mapped[int]
    price_minor: Mapped[int]  # in the currency's minor unit
    listing: Mapped[dict[str, Any]]  # frozen: title, pictures, properties
    listing_sha256: Mapped[str]
    __table_args__ = (UniqueConstraint("case_id", "position"),)


class JoinLink(Base):
    """The unguessable URL that lets one buyer into one case."""

    __tablename__ = "join_links"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    first_joined_at: Mapped[datetime | None]


class Device(Base):
    """A browser that a join link is bound to, or that asks to be let in."""

    __tablename__ = "devices"
    id: Mapped[str] = mapped_column(primary_key=True)
    join_link_id: Mapped[str] = mapped_column(ForeignKey("join_links.id"), index=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)  # of cookie and link together
    state: Mapped[str]  # DeviceState: bound, asking, refused, replaced
    user_agent: Mapped[str]
    public_key: Mapped[dict[str, Any] | None]  # JWK made at joining, for countersigning
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]


class Consent(Base):
    """Somebody agreed to being recorded, to which words, and when."""

    __tablename__ = "consents"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    text_version: Mapped[str]
    locale: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


# Sessions


class Session(Base):
    """One live inspection of a case."""

    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    direction: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)  # SessionState: waiting, held, live, ended
    host_staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    # The host whom the buyer is being handed to and who is in the call already.
    successor_staff_id: Mapped[str | None]
    media_worker: Mapped[str | None]
    media_epoch: Mapped[str | None]
    wrapped_key: Mapped[bytes | None]  # NULL once erased
    key_id: Mapped[str]
    object_prefix: Mapped[str]
    sealed_root: Mapped[str | None]  # Merkle root over the recordings' roots, at sealing
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    live_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str | None]
    recorder_closed_at: Mapped[datetime | None]  # when session_closed arrived in the ledger
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it
    __table_args__ = (
        # One live inspection of a case at a time, whatever two browsers try.
        Index(
            "uq_sessions_open_case",
            "case_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
        # A host is in one inspection at a time, whatever two tabs try.
        Index(
            "uq_sessions_open_host",
            "host_staff_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
        Index(
            "uq_sessions_open_successor",
            "successor_staff_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
    )


class Participant(Base):
    """A person in a session, or a bench camera that is shown in it."""

    __tablename__ = "participants"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    role: Mapped[str]  # ParticipantRole: buyer, host, observer, bench
    capacity: Mapped[str | None]  # Capacity: as what an observer is there
    voice: Mapped[str | None]  # Voice of an observer: silent, asks, speaks
    observer_link_id: Mapped[str | None]  # of an observer without an account
    removed_at: Mapped[datetime | None]  # when the host showed an observer out
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    device_id: Mapped[str | None] = mapped_column(ForeignKey("devices.id"))
    camera_id: Mapped[str | None]  # of a bench camera
    name: Mapped[str]
    locale: Mapped[str]
    peer_id: Mapped[str | None]
    presence: Mapped[str]  # Presence: here, away, left
    socket_id: Mapped[str | None]  # the one socket that speaks for this person
    seen_at: Mapped[datetime]  # refreshed while that socket lives
    camera: Mapped[bool] = mapped_column(default=True)
    microphone: Mapped[bool] = mapped_column(default=True)
    connection: Mapped[str] = mapped_column(default="good")  # ConnectionWord
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class BenchCamera(Base):
    """A warehouse's fixed camera: what lets it publish, where it does, and which session shows it.

    ``session_id`` and ``participant_id`` go together; without them nobody sees the camera.
    """

    __tablename__ = "bench_cameras"
    id: Mapped[str] = mapped_column(primary_key=True)
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"), index=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    media_worker: Mapped[str | None]
    media_epoch: Mapped[str | None]
    peer_id: Mapped[str | None]  # what it publishes with now
    codec: Mapped[str | None]  # of its pictures
    connected_at: Mapped[datetime | None]  # since when pictures come
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str | None] = mapped_column(ForeignKey("participants.id"))


class ObserverLink(Base):
    """The unguessable URL that lets one observer without an account into one session."""

    __tablename__ = "observer_links"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    secret_hash: Mapped[bytes | None]  # of the first browser's cookie and the link together
    capacity: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Handover(Base):
    """A host asks another to take over the buyer."""

    __tablename__ = "handovers"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    from_staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    to_staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))  # NULL: anyone ready
    language: Mapped[str | None]  # of those who are asked, when anyone is
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[str]  # HandoverState
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        # One at a time, whatever two tabs try.
        Index(
            "uq_handovers_open_session",
            "session_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class Shift(Base):
    """A host who said "ready": who may be offered a waiting buyer."""

    __tablename__ = "shifts"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    ready_since: Mapped[datetime]


# Evidence: the ledger


class Recording(Base):
    """Initialisation bytes and fragments of one participant, in order: one playable file."""

    __tablename__ = "recordings"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    part: Mapped[int]
    container: Mapped[str]  # mp4, webm
    tracks: Mapped[list[Any]]  # [{track_id, kind, codec, clock_rate}]
    init: Mapped[bytes]
    init_sha256: Mapped[str]
    t0_ns: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    root: Mapped[str | None]  # hex, once closed
    closed_at: Mapped[datetime | None]


class Segment(Base):
    """Consecutive fragments: the unit of storage and encryption."""

    __tablename__ = "segments"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    segment_no: Mapped[int] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(unique=True)
    version_id: Mapped[str | None]
    stored_bytes: Mapped[int] = mapped_column(BigInteger)
    stored_sha256: Mapped[str]
    plain_bytes: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str]
    sample_index: Mapped[bytes]
    stored_at: Mapped[datetime]


class Fragment(Base):
    """About a second of a recording: a leaf of the Merkle tree."""

    __tablename__ = "fragments"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    fragment_no: Mapped[int] = mapped_column(primary_key=True)
    segment_no: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    start_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int]
    wall_ns: Mapped[int] = mapped_column(BigInteger)
    keyframe: Mapped[bool]
    clocks: Mapped[list[Any]]  # [{track_id, ntp, rtp_timestamp, wall_ns}]


class RecorderFact(Base):
    """Which facts of the recorder have been taken in: each exactly once."""

    __tablename__ = "recorder_facts"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at_ns: Mapped[int] = mapped_column(BigInteger)


class Gap(Base):
    """A span in which evidence is missing, with its cause."""

    __tablename__ = "gaps"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    recording_id: Mapped[str | None]
    from_ns: Mapped[int] = mapped_column(BigInteger)
    to_ns: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str]
    packets: Mapped[int | None]


class Still(Base):
    """A photograph cut from a recording, or sent at full resolution by a device."""

    __tablename__ = "stills"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    state: Mapped[str]  # StillState: wanted, cut, failed
    track_id: Mapped[str | None]
    rtp_timestamp: Mapped[int | None] = mapped_column(BigInteger)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    taken_by: Mapped[str]
    recording_id: Mapped[str | None]
    recording_ms: Mapped[int | None] = mapped_column(BigInteger)
    object_key: Mapped[str | None]
    key_id: Mapped[str | None]
    sha256: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]


class Preview(Base):
    """What the host's browser showed when a still was taken: shown at once, never evidence."""

    __tablename__ = "previews"
    still_id: Mapped[str] = mapped_column(ForeignKey("stills.id"), primary_key=True)
    jpeg: Mapped[bytes]


class Finding(Base):
    """One statement by the host, answered by the buyer."""

    __tablename__ = "findings"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    words: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None]  # agree, disagree, note
    answer_words: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Manifest(Base):
    """The sealed statement of a session's evidence; number 0, then supplements."""

    __tablename__ = "manifests"
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes]  # RFC 8785
    root: Mapped[str]
    jws: Mapped[str]
    time_stamp_token: Mapped[bytes | None]
    created_at: Mapped[datetime]


# The three logs


class Event(Base):
    """One immutable fact in one of the three logs."""

    __tablename__ = "events"
    log: Mapped[str] = mapped_column(primary_key=True)  # LogKind: session, case, access
    subject_id: Mapped[str] = mapped_column(primary_key=True)  # session, case or tenant id
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    visibility: Mapped[str]  # Visibility: parties, seller, internal
    at: Mapped[datetime]
    actor: Mapped[str]  # staff:…, buyer:…, key:…, system
    client_id: Mapped[str | None]  # what makes a browser's message idempotent
    payload: Mapped[bytes | None]  # encrypted, its salt with it; NULL once erased
    commitment: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]
    __table_args__ = (UniqueConstraint("log", "subject_id", "actor", "client_id"),)


class IdempotentAnswer(Base):
    """What a request with an Idempotency-Key was answered."""

    __tablename__ = "idempotent_answers"
    api_key_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    status: Mapped[int]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
