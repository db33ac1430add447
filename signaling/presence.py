"""Who else looks at a case: told from browser to browser, kept nowhere.

A desk's page says again and again that it shows a case (``case.watch``) and others who show
it hear ``case.presence``. Whoever is not heard for half a minute is gone, so that a killed
browser, a restarted web process or a Redis that lost everything needs no repair: the next
word puts it right. Every word is checked against what the person may see then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, StrictBool, StringConstraints, ValidationError

from cases import people
from cases.access_policy import Action
from cases.actor import StaffActor
from cases.case_access import load_case
from cases.tables import Staff
from runtime.errors import CaseError
from signaling.join_limit import JoinLimit

if TYPE_CHECKING:
    import socketio

    from signaling.services import Services

EXPIRES_S: Final = 30.0
_WORDS_IN_10_S: Final = 40

Answer = dict[str, object]
_CaseId = Annotated[str, StringConstraints(min_length=1, max_length=60)]
_Tab = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,32}$")]


class Watch(BaseModel):
    """What a desk's page says of itself; ``away`` ends it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    case_id: _CaseId
    tab: _Tab
    """Made up by the page: one person may have two."""
    doing: Literal["looks", "writes", "away"]
    asks: StrictBool = False
    """Just come: the others say that they are here."""


@dataclass(frozen=True, slots=True)
class _Place:
    tab: str
    staff_id: str
    said_s: float


class Presence:
    """The rooms of cases, as far as this web process's sockets stand in them."""

    def __init__(self, sio: socketio.AsyncServer) -> None:
        self._sio = sio
        self._limit = JoinLimit(attempts=_WORDS_IN_10_S, window_s=10.0)
        # What each desk socket shows, and when it last said so.
        self._watching: dict[str, dict[str, _Place]] = {}

    async def hear(
        self,
        services: Services,
        sid: str,
        login: tuple[str, str],
        arguments: tuple[object, ...],
    ) -> Answer:
        """One word of a desk's page, passed on to those who show the same case.

        ``login`` is whose socket it is and the cookie that it came with. Never raises for
        what a browser says: the answer has the code.
        """
        now_s = services.clock.monotonic_s()
        if self._limit.wait_s(sid, now_s) > 0:
            return _refused("too_many", "Too many messages.")
        try:
            said = Watch.model_validate(arguments[0] if arguments else None)
        except ValidationError:
            return _refused("invalid", "This is not a message of ours.")
        if said.doing == "away":
            await self._leave(sid, said.case_id)
            return {"ok": True}
        try:
            actor = await self._looker(services, login, said.case_id)
        except CaseError as error:
            await self._leave(sid, said.case_id)
            return _refused(error.code, error.message)
        room = _room(said.case_id)
        await self._sio.enter_room(sid, room)
        self._watching.setdefault(sid, {})[said.case_id] = _Place(said.tab, actor.staff_id, now_s)
        told = {
            "case_id": said.case_id,
            "staff_id": actor.staff_id,
            "name": actor.name,
            "tab": said.tab,
            "doing": said.doing,
            "asks": said.asks,
        }
        await self._sio.emit("case.presence", told, room=room, skip_sid=sid)
        return {"ok": True}

    async def gone(self, sid: str) -> None:
        """A socket has closed: the others need not wait until it is missed."""
        for case_id in list(self._watching.get(sid, {})):
            await self._leave(sid, case_id)

    async def drop_silent(self, now_s: float) -> None:
        """Who has not said for a while that they show a case hears nothing of it any more.

        So nobody listens on with rights that have ended.
        """
        for sid, cases in list(self._watching.items()):
            for case_id, place in list(cases.items()):
                if now_s - place.said_s > EXPIRES_S:
                    await self._leave(sid, case_id)

    async def _looker(self, services: Services, login: tuple[str, str], case_id: str) -> StaffActor:
        staff_id, secret = login
        async with services.database.read() as tx:
            # The cookie may have been renewed since the socket was opened.
            if not await people.stands(tx, secret, services.clock.now()):
                raise CaseError("not_signed_in", "Please sign in.", status=401)
            actor = await people.actor_of_staff(tx, await tx.get_one(Staff, staff_id))
            await load_case(tx, actor, case_id, Action.VIEW_CASE)
        return actor

    async def _leave(self, sid: str, case_id: str) -> None:
        watched = self._watching.get(sid, {})
        place = watched.pop(case_id, None)
        if not watched:
            self._watching.pop(sid, None)
        if place is None:
            return
        room = _room(case_id)
        await self._sio.leave_room(sid, room)
        told = {
            "case_id": case_id,
            "staff_id": place.staff_id,
            "tab": place.tab,
            "doing": "away",
        }
        await self._sio.emit("case.presence", told, room=room, skip_sid=sid)


def _room(case_id: str) -> str:
    return f"case:{case_id}"


def _refused(code: str, message: str) -> Answer:
    return {"ok": False, "code": code, "message": message}
