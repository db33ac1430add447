"""Who there is: sellers, warehouses, the people of both and how they sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Tenant(Base):
    """A seller on the platform."""

    __tablename__ = "tenants"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    default_locale: Mapped[str] = mapped_column(default="en")
    wrapped_key: Mapped[bytes | None]  # NULL once erased
    store_place: Mapped[str | None]  # where new evidence is kept; NULL: the default place
    store_place_since: Mapped[datetime | None]
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
    beginning: Mapped[str | None]  # of the secret: how people tell keys apart
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None]
    last_used_at: Mapped[datetime | None]  # to within five minutes
    revoked_at: Mapped[datetime | None]
