"""Facts from our own processes: the recorder's become the ledger, the media workers' hints."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import ValidationError

from cases import bench
from cases.actor import SystemActor
from cases.facts import RECORDER_FACT, MediaFact
from cases.ledger import FactRefused, Known, Taken, take_in
from cases.placement import forget_media, move_media
from cases.states import SessionState
from cases.tables import Participant, Session
from cases.unit import LostPeer, Unit
from runtime.control import ControlServer, Json
from runtime.errors import CaseError
from signaling.media_pool import Place
from signaling.services import Services

log = structlog.get_logger()

_MAX_FACTS = 10_000
_REMEMBERED_WORDS = 10_000
# Ends that we or the person asked for: nobody needs a fresh peer after them.
_WANTED_ENDS = frozenset(
    {"replaced", "left", "not_joined", "ended", "verdict", "host_ended", "buyer_left", "released"}
    | {"buyer_away", "nobody_here", "closed"}
)
_UNWANTED_ENDS = frozenset({"lost", "failed", "drained"})


class FactIntake:
    """Serves ``/facts/recorder`` and ``/facts/media``; ``close()`` may be called twice."""

    def __init__(self, services: Services, server: ControlServer) -> None:
        self._services = services
        self._server = server
        self._words: OrderedDict[str, str] = OrderedDict()
        server.command("/facts/recorder", self.take_recorder)
        server.command("/facts/media", self.take_media)

    async def start(self) -> None:
        """Begin to listen."""
        await self._server.start()

    async def close(self) -> None:
        """Stop listening: uploader and media keep what they have until we are back."""
        await self._server.close()

    async def take_recorder(self, _match: Mapping[str, str], body: Json) -> Json:
        """Evidence, at least once: the answer names what is committed.

        A fact that cannot be right is left unacknowledged, and with it those of its
        session that follow: they stay in the spool, and other sessions go on.
        """
        given = body["facts"]
        if not isinstance(given, list) or len(given) > _MAX_FACTS:
            raise CaseError("bad_facts", "expected a list of facts", status=400)
        by_session: OrderedDict[str, list[Known]] = OrderedDict()
        stopped: set[str] = set()
        for raw in given:
            session_id = _session_of(raw)
            if session_id in stopped:
                continue
            try:
                fact = RECORDER_FACT.validate_python(raw)
            except ValidationError as error:
                stopped.add(session_id)
                log.error("fact malformed", session_id=session_id, errors=error.error_count())
                continue
            by_session.setdefault(fact.session_id, []).append(fact)
        acked: list[Taken] = []
        try:
            acked = await self._commit([f for facts in by_session.values() for f in facts])
        except FactRefused:
            for facts in by_session.values():
                acked += await self._commit_until_refused(facts)
        return {"acked": [[taken.session_id, taken.seq] for taken in acked]}

    async def take_media(self, _match: Mapping[str, str], body: Json) -> Json:
        """Hints, at most once; what does not fit is left out."""
        for raw in body["facts"]:
            try:
                fact = MediaFact.model_validate(raw)
            except ValidationError as error:
                log.warning("media fact malformed", errors=error.error_count())
                continue
            self._measure(fact)
            if fact.camera_id is not None:
                await self._camera(fact)
            if fact.camera_id == fact.session_id:
                # It stands alone: there is nobody to tell.
                continue
            if fact.advice is not None:
                # At once on a change, and with every measurement: a socket may be new.
                await self._services.hub.tell_advice(fact.participant_id, fact.advice.model_dump())
            if fact.kind == "quality":
                await self._quality(fact)
            elif fact.kind != "advice":
                await self._peer(fact, str(body.get("epoch", "")))
        return {}

    def _measure(self, fact: MediaFact) -> None:
        metrics = self._services.metrics
        metrics.facts.labels(fact.kind).inc()
        if fact.kind == "peer_closed":
            cause = fact.cause if fact.cause in _WANTED_ENDS | _UNWANTED_ENDS else "other"
            metrics.peer_ends.labels(cause).inc()
        if fact.kind != "quality":
            return
        for histogram, value in (
            (metrics.leg_loss, fact.loss),
            (metrics.leg_rtt_s, fact.rtt_ms / 1000 if fact.rtt_ms else None),
            (metrics.leg_jitter_s, fact.jitter_ms / 1000 if fact.jitter_ms is not None else None),
        ):
            if value is not None:
                histogram.observe(value)

    async def lose(self, place: Place) -> None:
        """A media worker is gone; its sessions' people are told to come back."""
        await self._services.run(lambda unit: forget_media(unit, place.worker, place.epoch))

    async def move(self, place: Place) -> None:
        """A media worker is to leave; its sessions' people make fresh peers elsewhere."""
        await self._services.run(lambda unit: move_media(unit, place.worker, place.epoch))

    async def _commit(self, facts: list[Known]) -> list[Taken]:
        if not facts:
            return []
        taken = await self._services.run(lambda unit: take_in(unit, facts))
        metrics, now_ns = self._services.metrics, self._services.clock.wall_ns()
        for fact, one in zip(facts, taken, strict=True):
            if one.is_news:
                metrics.facts.labels(fact.kind).inc()
                metrics.fact_delay_s.observe(max(0, now_ns - fact.at_ns) / 1e9)
        return taken

    async def _commit_until_refused(self, facts: list[Known]) -> list[Taken]:
        taken: list[Taken] = []
        for fact in facts:
            try:
                taken += await self._commit([fact])
            except FactRefused as error:
                log.error("fact refused", session_id=error.session_id, why=str(error))
                break
        return taken

    async def _quality(self, fact: MediaFact) -> None:
        word = fact.word or "good"
        await self._services.hub.tell_quality(
            fact.session_id,
            {
                "participant_id": fact.participant_id,
                "word": word,
                "rtt_ms": fact.rtt_ms,
                "loss": fact.loss,
                "up": fact.up or word,
                "down": fact.down or word,
                "picture": fact.picture,
                "thinned": fact.thinned,
            },
        )
        if self._words.get(fact.participant_id) == word:
            return

        async def act(unit: Unit) -> None:
            person = await unit.tx.get(Participant, fact.participant_id)
            if (
                person is not None
                and person.session_id == fact.session_id
                and person.connection != word
            ):
                person.connection = word
                unit.changes.sessions.add(fact.session_id)

        await self._services.run(act)
        self._remember(fact.participant_id, word)

    async def _camera(self, fact: MediaFact) -> None:
        if fact.kind != "quality":
            await self._services.run(lambda unit: bench.note_fact(unit, fact))

    async def _peer(self, fact: MediaFact, epoch: str) -> None:
        async def act(unit: Unit) -> None:
            person = await unit.tx.get(Participant, fact.participant_id, with_for_update=True)
            session = await unit.tx.get(Session, fact.session_id)
            if (
                person is None
                or session is None
                or person.session_id != session.id
                or not _concerns(fact, person)
                or session.media_epoch != epoch
                or session.state == SessionState.ENDED
            ):
                # An older connection of somebody who has a newer one, or who has left.
                return
            await _apply(unit, fact, session, person)

        await self._services.run(act)
        if fact.kind == "peer_connected" and fact.setup_ms is not None:
            self._services.metrics.peer_setup_s.observe(fact.setup_ms / 1000)
        if fact.kind not in ("peer_closed", "peer_unsuited"):
            self._remember(fact.participant_id, "lost" if fact.kind == "peer_lost" else "good")

    def _remember(self, participant_id: str, word: str) -> None:
        self._words[participant_id] = word
        self._words.move_to_end(participant_id)
        while len(self._words) > _REMEMBERED_WORDS:
            self._words.popitem(last=False)


def _concerns(fact: MediaFact, person: Participant) -> bool:
    """Whether a fact is about the connection that counts.

    Which one that is the worker knows best: beside it there may be a fresh one that was
    prepared during an outage and never used. Who has none has left.
    """
    if fact.kind == "peer_closed":
        return person.peer_id == fact.peer_id
    return person.peer_id is not None


async def _apply(unit: Unit, fact: MediaFact, session: Session, person: Participant) -> None:
    unit.changes.sessions.add(session.id)
    said: dict[str, Any] = {"participant_id": person.id}
    match fact.kind:
        case "peer_connected":
            person.connection = "good"
            person.peer_id = fact.peer_id
            said["codec"] = fact.codec
            await unit.record(
                session.id,
                "peer_connected",
                said,
                SystemActor(),
                client_id=f"peer-{fact.peer_id}-connected",
            )
        case "peer_recovered":
            person.connection = "good"
            person.peer_id = fact.peer_id
        case "peer_lost":
            person.connection = "lost"
            await unit.record(session.id, "peer_lost", said, SystemActor())
            unit.changes.lost_peers.append(
                LostPeer(session.id, person.id, fact.peer_id, gone=False)
            )
        case "peer_unsuited":
            # Somebody came who cannot show this codec; a fresh peer begins with another.
            unit.changes.lost_peers.append(LostPeer(session.id, person.id, fact.peer_id, gone=True))
        case "peer_closed":
            person.peer_id = fact.heir
            if fact.cause not in _WANTED_ENDS and fact.heir is None:
                person.connection = "lost"
                unit.changes.lost_peers.append(
                    LostPeer(session.id, person.id, fact.peer_id, gone=True)
                )


def _session_of(raw: object) -> str:
    return str(raw.get("session_id", "")) if isinstance(raw, dict) else ""
