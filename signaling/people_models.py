"""What the routes of people and their sign-ins are asked and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, StringConstraints

from cases.commands import Command, email_address, one_line
from cases.logins import LoginView
from cases.passwords import MAX_PASSWORD_CHARS
from cases.states import Role
from cases.view import View

Email = Annotated[str, Field(max_length=254), AfterValidator(email_address)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=4)]
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_PASSWORD_CHARS)]
Token = Annotated[SecretStr, Field(min_length=1, max_length=100)]
Code = Annotated[str, Field(min_length=1, max_length=40)]
PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(one_line),
]


class Invite(Command):
    """Who is to work here."""

    email: Email
    roles: Roles
    locale: Locale = "en"


class Invited(View):
    """A new invitation; the link is told once."""

    invitation_id: str
    accept_url: str
    expires_at: AwareDatetime
    mailed: bool
    """False when no mail server is set: the link must be passed on by hand."""


class SetRoles(Command):
    """What somebody may do from now on."""

    roles: Roles


class SecondFactorRule(Command):
    """Whether everybody here needs a second factor."""

    required: bool


class ResetLink(View):
    """A link with which somebody sets a new password; told once."""

    reset_url: str


class LinkToken(Command):
    """What a link carries."""

    token: Token


class InvitationOffer(View):
    """What the invited person reads."""

    organisation: str
    email: str
    roles: list[Role]
    locale: str


class Accept(Command):
    """How the invited person wants to sign in."""

    token: Token
    name: PersonName
    password: Password


class Accepted(View):
    """With which address the new person signs in."""

    email: str


class WantReset(Command):
    """Whose password was forgotten."""

    email: Annotated[str, Field(min_length=1, max_length=254)]


class Reset(Command):
    """The new password."""

    token: Token
    password: Password


class ChangePassword(Command):
    """The old password and the new one."""

    current: Password
    password: Password


class ChooseLanguage(Command):
    """The language in which one wants to read the pages."""

    locale: Locale


class Logins(View):
    """One's own open sign-ins."""

    logins: list[LoginView]


class Enrolment(View):
    """What an authenticator app scans or is typed into it."""

    secret: str
    url: str
    qr_svg: str


class ConfirmFactor(Command):
    """A first code of the app."""

    code: Code


class RecoveryCodes(View):
    """Codes for a lost phone; told once."""

    recovery_codes: list[str]


class DropFactor(Command):
    """What it takes to do without a second factor."""

    password: Password
    code: Code


class Done(View):
    """It is done."""


class MailsWanted(Command):
    """Which mails."""

    cursor: Annotated[str, Field(max_length=40, pattern=r"^mai_[0-9a-z]{26}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class AccessFilter(Command):
    """Which entries of the access log."""

    who: Annotated[str, Field(max_length=80)] | None = None
    what: Annotated[str, Field(max_length=40)] | None = None
    subject_id: Annotated[str, Field(max_length=80)] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class AccessWanted(AccessFilter):
    """One page of them."""

    cursor: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
