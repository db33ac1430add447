"""PURE. Of what a report tells of a case, what happened within a part, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cases.chain import rfc3339
from recorder.pdf_report.story import Agreement, Hole, Inspection, Part, Person, Story
from recorder.proof.part_scope import Scope


def within(story: Story, scope: Scope) -> Story:
    """The story of a part of its only inspection.

    Nothing of the case itself is told: claim, answer and decision were not of these moments.
    Photographs must be those of the part already.
    """
    (inspection,) = story.inspections
    part = Part(
        start=_moment(scope.from_ms),
        end=_moment(scope.to_ms),
        people=[inspection.name_of(one) for one in scope.participants],
    )
    return replace(
        story,
        order_number="",
        buyer="",
        items=[],
        reason="",
        claim="",
        policy="",
        buyer_word=None,
        outcome=None,
        decided_at=None,
        decision_note="",
        given=[],
        inspections=[_of(inspection, scope, part)],
        part=part,
    )


def _of(inspection: Inspection, scope: Scope, part: Part) -> Inspection:
    return replace(
        inspection,
        people=list(_there(inspection.people, part.end)),
        happenings=[one for one in inspection.happenings if scope.has({"at": rfc3339(one.at)})],
        holes=list(_clipped(inspection.holes, scope, part)),
    )


def _there(people: Sequence[Person], end: datetime) -> Iterator[Person]:
    """Who had come by then, and what they had agreed to."""
    for person in people:
        if person.joined_at <= end:
            agreed = [_by_then(one, end) for one in person.agreements if one.given_at <= end]
            yield replace(person, agreements=agreed)


def _by_then(agreement: Agreement, end: datetime) -> Agreement:
    at = agreement.withdrawn_at
    return agreement if at is None or at <= end else replace(agreement, withdrawn_at=None)


def _clipped(holes: Sequence[Hole], scope: Scope, part: Part) -> Iterator[Hole]:
    """What is missing of these moments and people."""
    for hole in holes:
        start = max(hole.at, part.start)
        end = min(hole.at + timedelta(seconds=hole.length_s), part.end)
        if start <= end and hole.participant_id in scope.participants:
            yield replace(hole, at=start, length_s=(end - start).total_seconds())


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
