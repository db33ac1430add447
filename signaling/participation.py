"""Which participant of a session a browser speaks for: its buyer, a host, or an observer.

``observer`` is one who signed in, ``guest`` one who came by a link: a page asks as one of them.

One browser may hold several cookies (somebody who tries both sides): ``X-Proofcall-Role``,
or ``role`` in a socket's ``auth``, then says which page is asking.
"""

from __future__ import annotations

from typing import Literal, cast, get_args

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from cases import links, observer_links, people
from cases.actor import BuyerActor, ObserverActor, StaffActor
from cases.case_access import not_found
from cases.session_access import see_as_participant
from cases.tables import Session
from runtime.errors import CaseError
from signaling.auth import LOGIN_COOKIE, device_secret, observer_secret
from signaling.services import SERVICES

WantedRole = Literal["buyer", "host", "observer", "guest"]
Person = BuyerActor | StaffActor | ObserverActor
ROLE_HEADER = "X-Proofcall-Role"


async def participant_actor(
    request: web.Request, tx: AsyncSession, session_id: str, wanted: WantedRole | None = None
) -> Person:
    """Who takes part in this session with this browser.

    Raises:
        CaseError: ``not_signed_in`` (401) without any cookie, otherwise ``not_found`` (404).
    """
    services = request.app[SERVICES]
    now = services.clock.now()
    wanted = wanted or _from_header(request)
    login = request.cookies.get(LOGIN_COOKIE)
    device, observer = device_secret(request), observer_secret(request)
    if not login and not device and not observer:
        raise CaseError("not_signed_in", "Please sign in, or open your link.", status=401)
    session = await tx.get(Session, session_id)
    if session is None:
        raise not_found()
    staff = None
    if login and wanted in (None, "host", "observer"):
        staff = await people.actor_of_login(tx, login, now)
        if staff is not None and await _takes_part(tx, staff, session_id, wanted):
            return staff
    if device and wanted in (None, "buyer"):
        buyer = await links.buyer_of_case(tx, device, session.case_id, now)
        if buyer is not None and await _takes_part(tx, buyer, session_id, wanted):
            return buyer
    if observer and wanted in (None, "guest"):
        guest = await observer_links.observer_of_session(tx, observer, session_id)
        if guest is not None and await _takes_part(tx, guest, session_id, wanted):
            return guest
    if staff is None and not device and not observer:
        raise CaseError("not_signed_in", "Please sign in.", status=401)
    raise not_found()


def _from_header(request: web.Request) -> WantedRole | None:
    said = request.headers.get(ROLE_HEADER)
    return cast("WantedRole", said) if said in get_args(WantedRole) else None


async def _takes_part(
    tx: AsyncSession, actor: Person, session_id: str, wanted: WantedRole | None
) -> bool:
    try:
        _session, _case, me = await see_as_participant(tx, actor, session_id)
    except CaseError:
        return False
    return wanted is None or me.role == ("observer" if wanted == "guest" else wanted)
