"""Who asks: cookies and bearer keys turned into actors; the only place that reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from cases import links, logins, people, second_factor
from cases.actor import BuyerActor, KeyActor, StaffActor
from cases.states import Role
from cases.tables import Login
from runtime.errors import CaseError
from signaling.key_use import count_request, note_key_use
from signaling.services import SERVICES

LOGIN_COOKIE: Final = "pc_login"
DEVICE_COOKIE: Final = "pc_device"
OBSERVER_COOKIE: Final = "pc_observer"
SHARE_COOKIE: Final = "pc_share"
_DEVICE_LIFETIME_S: Final = 60 * 24 * 3600
_OBSERVER_LIFETIME_S: Final = 24 * 3600


async def actor_of(request: web.Request) -> StaffActor | KeyActor | None:
    """The staff member or the machine behind a request; with a bearer key no cookie counts.

    Raises:
        CaseError: ``bad_key`` (401), a key was sent and it is unknown or revoked;
            ``too_many_requests`` (429).
    """
    if not _names_somebody(request):
        return None
    async with request.app[SERVICES].database.read() as tx:
        found = await _found_in(tx, request)
    if found is None:
        return None
    await _note_use(request, found)
    return found.actor


@asynccontextmanager
async def reading(
    request: web.Request,
) -> AsyncIterator[tuple[AsyncSession, StaffActor | KeyActor]]:
    """One snapshot in which both who asks and what they are shown is read.

    For what is asked often: a snapshot of its own for each costs more than what is read in it.

    Raises:
        CaseError: as ``require_key_or_staff``.
    """
    if not _names_somebody(request):
        raise _not_signed_in()
    found = None
    try:
        async with request.app[SERVICES].database.read() as tx:
            found = await _found_in(tx, request)
            if found is None:
                raise _not_signed_in()
            yield tx, found.actor
    finally:
        # Also of a request that was refused: a key was used all the same.
        if found is not None:
            await _note_use(request, found)


@dataclass(frozen=True, slots=True)
class _Found:
    """Who asks, and the login by which a person does."""

    actor: StaffActor | KeyActor
    login: Login | None


def _names_somebody(request: web.Request) -> bool:
    return "Authorization" in request.headers or bool(login_secret(request))


async def _found_in(tx: AsyncSession, request: web.Request) -> _Found | None:
    """Look up who asks and count the request; raises as ``actor_of``."""
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        key = await people.actor_of_key(tx, secret.strip())
        if key is None or scheme.lower() != "bearer":
            raise CaseError("bad_key", "This API key is not valid.", status=401)
        await count_request(request, key.api_key_id)
        return _Found(key, None)
    found = await people.login_of(tx, login_secret(request), request.app[SERVICES].clock.now())
    if found is None or await second_factor.is_missing(tx, found[1]):
        return None
    return _Found(await people.actor_of_staff(tx, found[1]), found[0])


async def _note_use(request: web.Request, found: _Found) -> None:
    """Keep when the key or the login was last used; outside any transaction."""
    if isinstance(found.actor, KeyActor):
        await note_key_use(request, found.actor.api_key_id)
        return
    services = request.app[SERVICES]
    now = services.clock.now()
    if found.login is not None and now - found.login.last_seen_at > logins.SEEN_EVERY:
        async with services.database.begin() as tx:
            await logins.note_seen(tx, found.login.id, now)


def _not_signed_in() -> CaseError:
    return CaseError("not_signed_in", "Please sign in or send an API key.", status=401)


async def require_login(request: web.Request) -> tuple[Login, StaffActor]:
    """The login behind a request and whose it is, also while a second factor is to be set up.

    Raises:
        CaseError: ``not_signed_in`` (401).
    """
    services = request.app[SERVICES]
    found = None
    if "Authorization" not in request.headers:
        async with services.database.read() as tx:
            found = await people.login_of(tx, login_secret(request), services.clock.now())
            if found is not None:
                return found[0], await people.actor_of_staff(tx, found[1])
    raise CaseError("not_signed_in", "Please sign in.", status=401)


def login_secret(request: web.Request) -> str:
    """What this browser holds for its staff login; empty without one."""
    return request.cookies.get(LOGIN_COOKIE, "")


async def require_staff(request: web.Request, *roles: Role) -> StaffActor:
    """The signed-in person, who has one of the roles when any are named.

    Raises:
        CaseError: ``not_signed_in`` (401) or ``wrong_role`` (403).
    """
    actor = await actor_of(request)
    if not isinstance(actor, StaffActor):
        raise CaseError("not_signed_in", "Please sign in.", status=401)
    if roles and not actor.roles.intersection(roles):
        raise CaseError("wrong_role", "Your role does not allow this.", status=403)
    return actor


async def require_key_or_staff(request: web.Request) -> StaffActor | KeyActor:
    """The machine or the person behind a request to the API.

    Raises:
        CaseError: ``not_signed_in`` or ``bad_key`` (401).
    """
    actor = await actor_of(request)
    if actor is None:
        raise _not_signed_in()
    return actor


async def buyer_of(
    request: web.Request, tx: AsyncSession, case_id: str, now: datetime
) -> BuyerActor | None:
    """The buyer of this case behind the browser's cookie, if it is theirs."""
    return await links.buyer_of_case(tx, device_secret(request), case_id, now)


def client_address(request: web.Request) -> str:
    """The address a request came from, past the proxies that the settings trust.

    ``X-Forwarded-For`` grows to the right: the rightmost address that is no proxy of ours is
    the last one that somebody trustworthy wrote down.
    """
    address = request.remote or ""
    trusted = request.app[SERVICES].settings.trusted_proxies
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    while forwarded and is_within(address, trusted):
        nearest = forwarded.pop().strip()
        if not _is_address(nearest):
            break
        address = nearest
    return address


def device_secret(request: web.Request) -> str | None:
    """What this browser holds for its join links."""
    return request.cookies.get(DEVICE_COOKIE)


def observer_secret(request: web.Request) -> str | None:
    """What this browser holds for its observer links."""
    return request.cookies.get(OBSERVER_COOKIE)


def share_secret(request: web.Request) -> str:
    """What this browser holds for the share whose address it asks; empty without one."""
    return request.cookies.get(SHARE_COOKIE, "")


def remember_share(
    request: web.Request,
    response: web.StreamResponse,
    share_id: str,
    secret: str,
    expires_at: datetime,
) -> None:
    """Set a viewer's cookie; it is sent to this share's addresses only."""
    lifetime = expires_at - request.app[SERVICES].clock.now()
    response.set_cookie(
        SHARE_COOKIE,
        secret,
        max_age=int(lifetime.total_seconds()),
        path=f"/api/shared/{share_id}",
        httponly=True,
        samesite="Strict",
        secure=_is_https(request),
    )


def remember_observer(request: web.Request, response: web.StreamResponse, secret: str) -> None:
    """Set an observer's cookie; it is worth nothing once the session is over."""
    response.set_cookie(
        OBSERVER_COOKIE,
        secret,
        max_age=_OBSERVER_LIFETIME_S,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=_is_https(request),
    )


def remember_device(request: web.Request, response: web.StreamResponse, secret: str) -> None:
    """Set the buyer's cookie."""
    response.set_cookie(
        DEVICE_COOKIE,
        secret,
        max_age=_DEVICE_LIFETIME_S,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=_is_https(request),
    )


def remember_login(
    request: web.Request, response: web.StreamResponse, signed_in: people.SignedIn
) -> None:
    """Set the staff's cookie."""
    lifetime = signed_in.expires_at - request.app[SERVICES].clock.now()
    response.set_cookie(
        LOGIN_COOKIE,
        signed_in.secret,
        max_age=int(lifetime.total_seconds()),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_is_https(request),
    )


def forget_login(request: web.Request, response: web.StreamResponse) -> None:
    """Take the staff's cookie back."""
    response.del_cookie(
        LOGIN_COOKIE, path="/", httponly=True, samesite="Strict", secure=_is_https(request)
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_within(address: str, networks: str) -> bool:
    """Whether an address lies in one of the networks, which a setting separates by commas."""
    if not _is_address(address):
        return False
    known = ip_address(address)
    # A socket for both families shows IPv4 peers so.
    known = (known.ipv4_mapped if isinstance(known, IPv6Address) else None) or known
    parts = (part.strip() for part in networks.split(","))
    return any(known in ip_network(part) for part in parts if part)


def _is_https(request: web.Request) -> bool:
    settings = request.app[SERVICES].settings
    # With --lan the same process serves this machine by plain HTTP: there a cookie marked
    # secure would be thrown away. No other machine reaches that address.
    return request.secure or (not settings.lan and settings.public_url.startswith("https://"))
