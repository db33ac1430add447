"""Live inspections: sessions, who is in them, and what stands ready for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


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
    sealed_name: Mapped[bytes | None]  # cases.participant_names
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
    sealed_note: Mapped[bytes | None]  # with the session's key
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
