"""What people bring to sign in, and what they agreed to: invitations, factors, consents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class StaffInvitation(Base):
    """Somebody may become a member of a tenant or of a warehouse, once, for a while."""

    __tablename__ = "staff_invitations"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str | None] = mapped_column(ForeignKey("tenants.id"), index=True)
    warehouse_id: Mapped[str | None] = mapped_column(ForeignKey("warehouses.id"), index=True)
    email: Mapped[str]  # lower case
    roles: Mapped[list[Any]]  # of Role
    locale: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    invited_by: Mapped[str]  # the actor's label
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("(tenant_id IS NULL) <> (warehouse_id IS NULL)", name="one_organisation"),
    )


class PasswordReset(Base):
    """A link with which a person sets a new password, once, for half an hour."""

    __tablename__ = "password_resets"
    id: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SecondFactor(Base):
    """A person's authenticator app (RFC 6238); it counts once it was confirmed."""

    __tablename__ = "second_factors"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    sealed_secret: Mapped[bytes]  # under the master key
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)  # no code of this step or before counts again


class RecoveryCode(Base):
    """One of the codes that stand in for a lost phone, once each."""

    __tablename__ = "recovery_codes"
    id: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]


class EarlierSecret(Base):
    """A login's cookie before it was renewed: requests that were under way still find it."""

    __tablename__ = "earlier_secrets"
    secret_hash: Mapped[bytes] = mapped_column(primary_key=True)
    login_id: Mapped[str] = mapped_column(ForeignKey("logins.id"), index=True)
    replaced_at: Mapped[datetime]
    good_until: Mapped[datetime]


class SignInRule(Base):
    """What an organisation asks of its people beyond a password."""

    __tablename__ = "sign_in_rules"
    organisation_id: Mapped[str] = mapped_column(primary_key=True)  # tenant or warehouse
    second_factor_required: Mapped[bool] = mapped_column(default=False)


class StaffConsent(Base):
    """Somebody who works here agreed to being recorded in calls, once for each version."""

    __tablename__ = "staff_consents"
    id: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    text_version: Mapped[str]
    locale: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
