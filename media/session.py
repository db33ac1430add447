"""The peers of one session and who feeds whom: applies the room graph to the legs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from media.egress import Egress
from media.ingress import Ingress
from media.leg import Leg, LegState
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
        self._roles: dict[str, Role] = {}
        self._clock = clock
        self._facts = facts
        self._closer = closer

    def preferred_codecs(self, participant_id: str) -> list[str]:
        """The order of video codecs for a newcomer: first what all the others can show."""
        others = [
            leg
            for leg in self.legs
            if leg.identity.participant_id != participant_id and leg.video_codecs
        ]
        return sorted(
            _VIDEO_CODECS,
            key=lambda name: not all(name in leg.video_codecs for leg in others),
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
        for older in [leg] if newer else same:
            self._closer(older, "replaced")

    def leg_lost(self, leg: Leg) -> None:
        self._facts("peer_lost", leg, {})

    def leg_recovered(self, leg: Leg) -> None:
        self._facts("peer_recovered", leg, {})

    def leg_gone(self, leg: Leg, cause: str) -> None:
        self._closer(leg, cause)

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
        """Whether nobody is left."""
        return all(leg.state is LegState.CLOSED for leg in self.legs)
