"""The peers of one session and who feeds whom: applies the room graph to the legs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from media.egress import Egress
from media.ingress import Ingress
from media.leg import Leg
from media.room import Member, Role, routes
from runtime.clock import Clock

log = structlog.get_logger()

Facts = Callable[[str, Leg, dict[str, Any]], None]
"""Takes the kind of a fact, the leg it is about, and the fields that go with it."""
Closer = Callable[[Leg, str], None]
"""Closes a leg in the background, with a cause."""

_VIDEO_CODECS = ("H264", "VP8")


class MediaSession:
    """Owner of the legs of one session."""

    def __init__(self, session_id: str, *, clock: Clock, facts: Facts, closer: Closer) -> None:
        self.session_id = session_id
        self.legs: list[Leg] = []
        self.expected = 0
        """How many offers are being answered whose legs will come in."""
        self._roles: dict[str, Role] = {}
        self._clock = clock
        self._facts = facts
        self._closer = closer

    def preferred_codecs(self, participant_id: str) -> list[str]:
        """The order of video codecs for a participant: first what most of the others can show."""
        newest: dict[str, Leg] = {}
        for leg in self.legs:
            known = newest.get(leg.identity.participant_id)
            if leg.video_codecs and (known is None or leg.order > known.order):
                newest[leg.identity.participant_id] = leg
        newest.pop(participant_id, None)
        return sorted(
            _VIDEO_CODECS,
            key=lambda name: -sum(name in leg.video_codecs for leg in newest.values()),
        )

    def leg_of(self, participant_id: str) -> Leg | None:
        """The connected peer of a participant, the newest of several."""
        found = [
            leg
            for leg in self.legs
            if leg.identity.participant_id == participant_id and leg.connected
        ]
        return max(found, key=lambda leg: leg.order, default=None)

    def request_keyframes(self, participant_id: str) -> bool:
        """Ask a participant's video for a keyframe; False if there is no such peer."""
        leg = self.leg_of(participant_id)
        if leg is None:
            return False
        for ingress in leg.ingresses:
            if ingress.kind == "video":
                leg.feedback.request_keyframe(ingress)
        return True

    def admit(self, leg: Leg) -> None:
        """Take a leg in; what a participant is was said before, or else with this leg."""
        self.legs.append(leg)
        self._roles.setdefault(leg.identity.participant_id, leg.identity.role)

    def set_roles(self, roles: Mapping[str, Role]) -> None:
        """Say what participants are from now on, whatever their legs were made as."""
        self._roles.update(roles)
        self.rewire()

    def remove(self, leg: Leg) -> None:
        """A leg was closed: feed its viewers from elsewhere or nowhere."""
        if leg in self.legs:
            self.legs.remove(leg)
        self.rewire()

    # What the legs say.

    def leg_connected(self, leg: Leg) -> None:
        """A peer can take part; it replaces older ones of the same participant."""
        codec = next((one.codec_of for one in leg.ingresses if one.kind == "video"), {})
        log.info(
            "peer connected",
            session_id=self.session_id,
            peer_id=leg.identity.peer_id,
            setup_ms=leg.setup_ms,
        )
        self._facts(
            "peer_connected",
            leg,
            {"setup_ms": leg.setup_ms, "codec": next(iter(codec.values()), None)},
        )
        same = [
            other
            for other in self.legs
            if other is not leg
            and other.identity.participant_id == leg.identity.participant_id
            and other.connected
        ]
        newer = any(other.order > leg.order for other in same)
        self.rewire()
        self._tell_unsuited(leg)
        for older in [leg] if newer else same:
            self._closer(older, "replaced")

    def _tell_unsuited(self, newcomer: Leg) -> None:
        """Say who sends a codec that a newcomer cannot show although they agreed on another.

        A fresh peer of theirs is answered with the other one first.
        """
        for leg in self.legs:
            if leg is newcomer or not leg.connected or leg.identity.camera_id is not None:
                continue
            if leg.identity.participant_id == newcomer.identity.participant_id:
                continue
            video = next((one for one in leg.ingresses if one.kind == "video"), None)
            agreed = list(video.codec_of.values()) if video is not None else []
            wanted = self.preferred_codecs(leg.identity.participant_id)
            best = min(agreed, key=wanted.index, default=None)
            sent = agreed[0] if agreed else None
            if best != sent and sent not in newcomer.video_codecs and newcomer.video_codecs:
                self._facts("peer_unsuited", leg, {"codec": best})

    def leg_lost(self, leg: Leg) -> None:
        """Told only of the peer that counts: who has a living one is not lost."""
        log.info("peer lost", session_id=self.session_id, peer_id=leg.identity.peer_id)
        if self.leg_of(leg.identity.participant_id) is leg:
            self._facts("peer_lost", leg, {})

    def leg_recovered(self, leg: Leg) -> None:
        log.info("peer recovered", session_id=self.session_id, peer_id=leg.identity.peer_id)
        if self.leg_of(leg.identity.participant_id) is leg:
            self._facts("peer_recovered", leg, {})

    def heir(self, leg: Leg) -> str | None:
        """The peer that goes on for the participant of a closed one."""
        found = self.leg_of(leg.identity.participant_id)
        return found.identity.peer_id if found is not None and found is not leg else None

    def leg_gone(self, leg: Leg, cause: str) -> None:
        self._closer(leg, cause)

    def leg_advised(self, leg: Leg) -> None:
        if leg.connected:
            self._facts("advice", leg, leg.adaptation.advice.fields())

    def rewire(self) -> None:
        """Make the feeds what the room graph says."""
        current: dict[str, Leg] = {}
        for leg in self.legs:
            known = current.get(leg.identity.participant_id)
            if leg.connected and (known is None or leg.order > known.order):
                current[leg.identity.participant_id] = leg
        wanted = {
            (route.viewer, route.mid): (route.source, route.kind)
            for route in routes(
                [
                    Member(
                        participant_id,
                        self._roles.get(participant_id, leg.identity.role),
                        leg.order,
                    )
                    for participant_id, leg in current.items()
                ]
            )
        }
        now_s = self._clock.monotonic_s()
        for leg in self.legs:
            is_current = current.get(leg.identity.participant_id) is leg
            for mid, out in leg.egresses.items():
                route = wanted.get((leg.identity.participant_id, mid)) if is_current else None
                source = self._source(current, route)
                if source is not None and source.kind != out.kind:
                    source = None
                self._bind(out, source, now_s)

    @staticmethod
    def _source(current: dict[str, Leg], route: tuple[str, str] | None) -> Ingress | None:
        if route is None:
            return None
        participant_id, kind = route
        return next((one for one in current[participant_id].ingresses if one.kind == kind), None)

    @staticmethod
    def _bind(out: Egress, source: Ingress | None, now_s: float) -> None:
        if out.source is source:
            return
        out.bind(source, now_s)
        if source is not None and source.kind == "video" and source.started:
            source.owner.request_keyframe(source)

    @property
    def empty(self) -> bool:
        """Whether nobody is left and nobody is coming in."""
        return not self.legs and not self.expected
