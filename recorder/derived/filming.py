"""From sealed recordings to a film: what is shown and when, and the samples in order of time."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from cases.desk_hours import desk_hours_of
from cases.keys import KeyDestroyed
from cases.notice_words import notice_locale
from cases.states import ParticipantRole
from cases.tables import Case, Manifest, Recording, Tenant
from recorder.derived.film_plan import WHOLE_PICTURE, FilmPlan, Hole, Lane, Mask, Mute
from recorder.derived.order import CopyKind, CopyOrder, MaskOrder
from recorder.derived.render import END_LANE, RECORD
from recorder.ledger import RecordingSource
from recorder.pdf_report.happenings import fill
from recorder.pdf_report.words import LANGUAGES
from recorder.playback import VirtualFile
from recorder.port import Evidence
from recorder.proof.part_scope import Scope, ns_to_ms
from recorder.sample_index import AUDIO, RATES, VIDEO, fragment_numbers, needed_to_decode
from recorder.sample_index import picture_at as row_of_picture
from recorder.sealed_evidence import sealed_sessions, stated_in
from recorder.sources import load_source
from recorder.virtual_file import Container
from runtime.errors import CaseError

_SIDES: Final = (ParticipantRole.BUYER, ParticipantRole.HOST, ParticipantRole.BENCH)
_MAX_CARD_RECORDINGS: Final = 6
_NS: Final = 1_000_000_000
_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Originals:
    """The sealed recordings that a copy is made from."""

    case: Case
    language: str
    zone: str
    manifest: Manifest
    stated: Any
    recordings: Sequence[tuple[Any, RecordingSource]]
    scope: Scope

    @property
    def manifest_sha256(self) -> str:
        """Of the manifest's signed body, as receipts have it."""
        return sha256(self.manifest.body).hexdigest()


async def originals_of(
    services: Evidence, tx: AsyncSession, case_id: str, order: CopyOrder
) -> Originals:
    """What was sealed of the moments asked for, and the moments themselves as far as recorded.

    Raises:
        CaseError: ``nothing_sealed`` (409), ``nothing_recorded`` (409), ``bad_part`` (422),
            ``erased`` (410).
    """
    sealed = {session.id: found for session, found in await sealed_sessions(tx, case_id)}
    manifests = sealed.get(order.part.session_id)
    if manifests is None:
        raise CaseError("nothing_sealed", "This inspection has not been sealed yet.")
    stated = stated_in(manifests[-1])
    scope = order.part.scope
    scope = scope if scope.participants else scope.of_everybody(stated)
    if not scope.fits(stated):
        raise CaseError("bad_part", "There is no such part of this inspection.", status=422)
    recordings, ends_ms = [], []
    for one in scope.recordings(stated):
        if order.recording_id not in (None, one["recording_id"]):
            continue
        row = await tx.get_one(Recording, one["recording_id"])
        try:
            source = await load_source(tx, services.keys, row)
        except KeyDestroyed as error:
            raise CaseError("erased", "This evidence was erased.", status=410) from error
        inside = [part for segment in source.segments for part in segment.fragments]
        if len(inside) < one["fragments"]:
            raise CaseError("nothing_recorded", "A sealed recording is not stored.")
        last = inside[one["fragments"] - 1]
        recordings.append((one, source))
        ends_ms.append(ns_to_ms(one["t0_ns"]) + last.start_ms + last.duration_ms)
    begins_ms = [ns_to_ms(one["t0_ns"]) for one, _ in recordings]
    from_ms = max(scope.from_ms, min(begins_ms, default=0))
    to_ms = min(scope.to_ms, max(ends_ms, default=0))
    if to_ms <= from_ms:
        raise CaseError("nothing_recorded", "Nothing was recorded between these moments.")
    case = await tx.get_one(Case, case_id)
    zone = (await desk_hours_of(tx, case.tenant_id)).hours.zone
    moments = Scope(scope.participants, from_ms, to_ms)
    tenant = await tx.get_one(Tenant, case.tenant_id)
    language = notice_locale(case.buyer_locale, tenant.default_locale)
    return Originals(case, language, zone, manifests[-1], stated, recordings, moments)


class Filming:
    """One film: ``plan`` says what is drawn, ``feed`` gives what it is drawn from."""

    def __init__(
        self, originals: Originals, order: CopyOrder, files: Sequence[VirtualFile]
    ) -> None:
        self._originals = originals
        self._files = files
        roles = {one["participant_id"]: one["role"] for one in originals.stated["participants"]}
        filmed = [stated["participant_id"] for stated, _ in originals.recordings]
        shown = [role for role in _SIDES if role in {roles[person] for person in filmed}]
        self._sides = {
            person: shown.index(ParticipantRole(role)) if role in shown else None
            for person, role in roles.items()
        }
        if not shown:
            raise CaseError("nothing_recorded", "No picture was recorded between these moments.")
        self.plan = self._planned(order, shown)

    async def feed(self) -> AsyncIterator[bytes]:
        """The plan, then every sample with its head, in order of time, then the end.

        Raises:
            StoreError: a segment is missing or altered.
        """
        yield self.plan.to_json()
        from_ns, to_ns = self.plan.from_ns, self.plan.to_ns
        lanes = [
            _rows(lane, stated, file, from_ns, to_ns)
            for lane, ((stated, _), file) in enumerate(
                zip(self._originals.recordings, self._files, strict=True)
            )
        ]
        for at_ns, lane, row in heapq.merge(*lanes):
            file = self._files[lane]
            sample = await file.sample(row)
            yield RECORD.pack(lane, int(file.table["track"][row]), at_ns, len(sample)) + sample
        yield RECORD.pack(END_LANE, 0, 0, 0)

    def _planned(self, order: CopyOrder, sides: Sequence[ParticipantRole]) -> FilmPlan:
        originals, scope = self._originals, self._originals.scope
        case, stated, said = originals.case, originals.stated, LANGUAGES[originals.language]
        kind = "redacted" if order.kind is CopyKind.REDACTED else "derived"
        title, of_case = said[f"film.{kind}"], fill(said["film.case"], case=case.id)
        session = fill(said["film.session"], session=stated["session_id"])
        holes = [
            Hole(side, int(one["from_ns"]), int(one["to_ns"]), one["cause"])
            for one in scope.gaps(stated, scope.from_ms, scope.to_ms)
            if (side := self._sides[one["participant_id"]]) is not None
        ]
        named = [
            line
            for one, _ in originals.recordings[:_MAX_CARD_RECORDINGS]
            for line in (
                fill(said["film.recording"], recording=one["recording_id"]),
                f"{said['film.root']} {one['root']}",
            )
        ]
        more = len(originals.recordings) - _MAX_CARD_RECORDINGS
        whose = [title, of_case, *([session] if len(sides) > 1 else [])]
        return FilmPlan(
            from_ns=scope.from_ms * _MS,
            to_ns=scope.to_ms * _MS,
            zone=originals.zone,
            language=originals.language,
            heading=" \u00b7 ".join(whose),
            card=[
                title,
                of_case,
                session,
                fill(said["film.manifest"], number=originals.manifest.number),
                originals.manifest_sha256,
                *named,
                *([fill(said["film.more"], count=more)] if more > 0 else []),
            ],
            # For programs, whatever the language.
            comment=f"{kind} copy, case {case.id}, session {stated['session_id']}, "
            f"manifest {originals.manifest_sha256}",
            sides=[said[f"role.{role}"] for role in sides],
            lanes=[
                Lane(
                    "h264" if source.container is Container.MP4 else "vp8",
                    self._sides[one["participant_id"]],
                )
                for one, source in originals.recordings
            ],
            holes=holes,
            masks=[self._mask(one) for one in order.masks],
            mutes=[Mute(one.from_ms * _MS, (one.to_ms + 1) * _MS) for one in order.mutes],
        )

    def _mask(self, wanted: MaskOrder) -> Mask:
        """A mask that begins with the very picture on which it was drawn."""
        side = self._sides.get(wanted.participant_id)
        at_ns = (wanted.from_ms + 1) * _MS - 1
        begun = [
            found
            for (one, _), file in zip(self._originals.recordings, self._files, strict=True)
            if one["participant_id"] == wanted.participant_id
            and (found := _picture_ns(one, file, at_ns)) is not None
            and found <= at_ns
        ]
        if wanted.box == WHOLE_PICTURE and not begun:
            begun = [wanted.from_ms * _MS]
        if side is None or not begun:
            raise CaseError("no_picture", "There is no picture at this moment.", status=422)
        return Mask(side, max(begun), (wanted.to_ms + 1) * _MS, wanted.box)


async def filming(services: Evidence, originals: Originals, order: CopyOrder) -> Filming:
    """Open everything that a film needs.

    Raises:
        CaseError: ``no_picture`` (422), ``nothing_recorded`` (409).
        StoreError: a recording cannot be read.
    """
    files = [await services.playback.open(source) for _, source in originals.recordings]
    return Filming(originals, order, files)


def _picture_ns(stated: Any, file: VirtualFile, at_ns: int) -> int | None:
    t0_ns = int(stated["t0_ns"])
    row = row_of_picture(file.table, (at_ns - t0_ns) / _MS)
    return None if row is None else _at_ns(t0_ns, file, row)


def _at_ns(t0_ns: int, file: VirtualFile, row: int) -> int:
    track = int(file.table["track"][row])
    return t0_ns + int(file.table["time"][row]) * _NS // RATES[track]


def _rows(
    lane: int, stated: Any, file: VirtualFile, from_ns: int, to_ns: int
) -> Iterator[tuple[int, int, int]]:
    """``(moment, lane, row)`` of what a film needs of a recording, in order of time."""
    t0_ns, table = int(stated["t0_ns"]), file.table
    rates = np.where(table["track"] == VIDEO, RATES[VIDEO], RATES[AUDIO])
    moments = t0_ns + table["time"].astype(np.int64) * _NS // rates
    wanted = (moments >= from_ns) & (moments < to_ns)
    first = row_of_picture(table, (from_ns - t0_ns) / _MS)
    if first is not None:
        wanted[needed_to_decode(table, first)] = True
    wanted &= (fragment_numbers(table) < stated["fragments"]) & (moments < to_ns)
    rows = np.flatnonzero(wanted)
    for row in rows[np.argsort(moments[rows], kind="stable")]:
        yield int(moments[row]), lane, int(row)
