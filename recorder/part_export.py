"""A part of a sealed session as a package: fragments with proofs, log, checkpoints, report."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO, Final

import numpy as np
import rfc8785
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_access import not_found
from cases.case_text import text_of
from cases.chain import rfc3339
from cases.keys import KeyDestroyed
from cases.log import LogKind, Visibility, read_openings
from cases.tables import Case, Manifest, Recording
from recorder.export import Progress
from recorder.key_history import note_key, published_keys
from recorder.ledger import FragmentRow, RecordingSource
from recorder.package_report import add_report, keys_url
from recorder.part_checkpoints import PartCheckpoints, part_checkpoints
from recorder.part_order import PartOrder
from recorder.pdf_report.gathering import gather_story
from recorder.pdf_report.story import Story
from recorder.port import Evidence
from recorder.proof import formats
from recorder.proof.moments import NoMoment, sample_moments
from recorder.proof.package_writer import PackageWriter
from recorder.proof.part_scope import Scope, ns_to_ms
from recorder.sample_index import KEYFRAME, RATES, VIDEO, fragment_numbers, read_table
from recorder.sealed_evidence import (
    Files,
    Photograph,
    add_files,
    add_photographs,
    manifest_files,
    photographs_of,
    sealed_sessions,
    shown_event,
    stated_in,
    time_stamp_files,
)
from recorder.signing import SigningKey
from recorder.sources import load_source
from recorder.tree import inclusion_proofs
from runtime.errors import CaseError, StoreError

_OPEN: Final = frozenset({Visibility.PARTIES})


@dataclass(frozen=True, slots=True)
class Cut:
    """Fragments ``first`` to ``last`` of a recording, and the moments that they cover."""

    stated: Any
    source: RecordingSource
    rows: Sequence[FragmentRow]
    first: int
    last: int
    from_ms: int
    to_ms: int

    @property
    def numbers(self) -> range:
        """The fragments in it."""
        return range(self.first, self.last + 1)

    @property
    def size(self) -> int:
        """The playable file's length."""
        inside = sum(self.rows[number - 1].size_bytes for number in self.numbers)
        return len(self.source.init) + inside

    def proofs(self) -> bytes:
        """Each fragment's way to the sealed root, the initialisation's first."""
        digests = [self.stated["init_sha256"], *(row.sha256 for row in self.rows)]
        leaves = [0, *self.numbers]
        paths = inclusion_proofs([bytes.fromhex(one) for one in digests], leaves)
        sizes = [len(self.source.init), *(row.size_bytes for row in self.rows)]
        return rfc8785.dumps(
            {
                "format": formats.PROOFS_FORMAT,
                "recording_id": self.source.recording_id,
                "leaves": [
                    {"no": no, "bytes": sizes[no], "path": [node.hex() for node in path]}
                    for no, path in zip(leaves, paths, strict=True)
                ],
            }
        )

    @property
    def given(self) -> dict[str, Any]:
        """What the part's statement says of it."""
        return {
            "recording_id": self.source.recording_id,
            "from_ms": self.from_ms,
            "to_ms": self.to_ms,
        }


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What the ledger has of the part."""

    manifests: Sequence[Manifest]
    recordings: Sequence[tuple[Any, RecordingSource]]
    files: Files
    photographs: Sequence[Photograph]
    scope: Scope
    checkpoints: PartCheckpoints
    story: Story
    printed: Sequence[str]
    """The paths of the photographs that the report prints."""


async def export_part(
    services: Evidence,
    case_id: str,
    order: PartOrder,
    file: BinaryIO,
    page: bytes,
    progress: Progress,
) -> None:
    """Write the package of a part into a seekable file; the same state gives the same bytes.

    Raises:
        CaseError: ``not_found`` (404), ``nothing_sealed`` (409), ``nothing_recorded`` (409),
            ``bad_part`` (422), ``erased`` (410).
        StoreError: the store is away, or what it has is not what was stored.
    """
    session_id = order.session_id
    key = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)
    await services.run(lambda unit: note_key(unit.tx, key, unit.now))
    async with services.database.read() as tx:
        try:
            sealed = await _gather(services, tx, case_id, order)
        except KeyDestroyed as error:
            raise CaseError("erased", "This evidence was erased.", status=410) from error
        keys = await published_keys(tx)
    cuts = [await cut(services, *one, sealed.scope) for one in sealed.recordings]
    writer = PackageWriter(file)
    opening: Files = [(formats.PAGE_PATH, page), (formats.KEYS_PATH, keys)]
    for one in cuts:
        path = formats.table_path(session_id, one.source.recording_id)
        opening.append((path, await asyncio.to_thread(one.proofs)))
    checkpoints = await asyncio.to_thread(sealed.checkpoints.file)
    opening.append((formats.checkpoints_path(session_id), checkpoints))
    await asyncio.to_thread(add_files, writer, [*opening, *sealed.files])
    await add_report(services, writer, sealed.story, sealed.printed, sealed.photographs)
    total, done = sum(one.size for one in cuts), 0
    for one in cuts:
        path = formats.recording_path(session_id, one.source.recording_id, one.stated["container"])
        with writer.recording(path, one.size) as part:
            await asyncio.to_thread(part.write, one.source.init)
            done += len(one.source.init)
            for number in one.numbers:
                content = await fragment(services, one.source, number)
                await asyncio.to_thread(part.write, content)
                done += len(content)
                await progress(done, total)
    await add_photographs(services, writer, sealed.photographs)
    statement: dict[str, Any] = {
        "format": formats.PART_FORMAT,
        "case_id": case_id,
        "as_of": rfc3339(sealed.manifests[-1].created_at),
        "session_id": session_id,
        "manifests": len(sealed.manifests),
        "participants": list(sealed.scope.participants),
        "asked": {"from_ms": sealed.scope.from_ms, "to_ms": sealed.scope.to_ms},
        "given": [one.given for one in cuts],
        "files": writer.files,
    }
    jws = key.sign(rfc8785.dumps(statement), formats.PART_TYPE).encode()
    await asyncio.to_thread(writer.close, formats.PACKAGE_PATH, jws)


async def _gather(services: Evidence, tx: AsyncSession, case_id: str, order: PartOrder) -> _Sealed:
    session_id, scope = order.session_id, order.scope
    found = [one for one in await sealed_sessions(tx, case_id) if one[0].id == session_id]
    if not found:
        raise CaseError("nothing_sealed", "This inspection has not been sealed yet.")
    ((_, manifests),) = found
    stated = stated_in(manifests[-1])
    scope = scope if scope.participants else scope.of_everybody(stated)
    if not scope.fits(stated):
        raise CaseError("bad_part", "There is no such part of this inspection.", status=422)
    recordings = scope.recordings(stated)
    if not recordings:
        raise CaseError("nothing_recorded", "Nothing was recorded between these moments.")
    key = await services.keys.session_key(tx, session_id)
    sources = []
    for one in recordings:
        row = await tx.get(Recording, one["recording_id"])
        if row is None:
            raise not_found()
        sources.append((one, await load_source(tx, services.keys, row)))
    log = (formats.log_path(session_id), await _log(tx, session_id, key, scope, stated["log"]))
    stills = scope.stills(stated)
    case = await tx.get_one(Case, case_id)
    text = await text_of(tx, services.keys, case)
    story, printed = await gather_story(tx, case, text, found, [key], keys_url(services), scope)
    return _Sealed(
        manifests=manifests,
        recordings=sources,
        files=[log, *manifest_files(manifests), *await time_stamp_files(tx, [session_id])],
        photographs=await photographs_of(tx, session_id, stills, key),
        scope=scope,
        checkpoints=await part_checkpoints(tx, session_id, scope, stated),
        story=story,
        printed=printed,
    )


async def cut(services: Evidence, stated: Any, source: RecordingSource, scope: Scope) -> Cut:
    """The fewest fragments that cover the moments, and can be played from the first of them.

    It begins with the fragment that has the last key picture before them, so that the first
    picture asked for can be decoded.

    Raises:
        StoreError: a segment is missing or altered, or a fragment does not say when it was.
    """
    rows = [row for segment in source.segments for row in segment.fragments][: stated["fragments"]]
    if len(rows) < stated["fragments"]:
        raise StoreError(f"{source.recording_id}: a sealed fragment is missing", retryable=False)
    t0_ms = ns_to_ms(stated["t0_ns"])

    async def moments(number: int) -> tuple[int, int]:
        content = await fragment(services, source, number)
        try:
            begins, ends = sample_moments(stated["container"], content)
        except NoMoment as error:
            raise StoreError(
                f"{source.recording_id}: {number}: {error}", retryable=False
            ) from error
        return t0_ms + begins, t0_ms + ends

    begun = [row.number for row in rows if t0_ms + row.start_ms <= scope.from_ms]
    keyed = [
        number
        for number, key_ms in await asyncio.to_thread(key_pictures, source)
        if t0_ms + key_ms <= scope.from_ms
    ]
    first = (keyed or begun or [1])[-1]
    begins, _ = await moments(first)
    while begins > scope.from_ms and first > 1:
        first -= 1
        begins, _ = await moments(first)
    ended = [row.number for row in rows if t0_ms + row.start_ms <= scope.to_ms]
    last = max(first, (ended or [1])[-1])
    _, ends = await moments(last)
    while ends < scope.to_ms and last < len(rows):
        last += 1
        _, ends = await moments(last)
    return Cut(stated, source, rows, first, last, begins, ends)


def key_pictures(source: RecordingSource) -> list[tuple[int, int]]:
    """Of every key picture its fragment, and when it was in ms of recording time."""
    found: list[tuple[int, int]] = []
    for segment in source.segments:
        table = read_table(segment.index)
        numbers = fragment_numbers(table) + segment.fragments[0].number
        for row in np.flatnonzero((table["track"] == VIDEO) & ((table["flags"] & KEYFRAME) != 0)):
            ms = int(table["time"][row]) * 1000 // RATES[VIDEO]
            found.append((int(numbers[row]), ms))
    return found


async def fragment(services: Evidence, source: RecordingSource, number: int) -> bytes:
    """The bytes of one fragment.

    Raises:
        StoreError: its segment is missing or altered.
    """
    for segment in source.segments:
        rows = segment.fragments
        if rows and rows[0].number <= number <= rows[-1].number:
            at = number - rows[0].number
            plain = await services.playback.segment(source.key, segment)
            ends = list(accumulate(row.size_bytes for row in rows))
            return plain[ends[at] - rows[at].size_bytes : ends[at]]
    raise StoreError(f"{source.recording_id}: fragment {number} is missing", retryable=False)


async def _log(tx: AsyncSession, session_id: str, key: bytes, scope: Scope, head: Any) -> bytes:
    """From the event before the part to the sealed head; only the part's events are open."""
    openings = await read_openings(
        tx, log=LogKind.SESSION, subject_id=session_id, key=key, visibilities=_OPEN
    )
    shown = [shown_event(one) for one in openings[: head["last_seq"]]]
    before = next((at for at, event in enumerate(shown) if not scope.is_before(event)), len(shown))
    return rfc8785.dumps(
        {
            "format": formats.LOG_PART_FORMAT,
            "session_id": session_id,
            "events": [
                event if scope.has(event) else {**event, "salt": None, "payload": None}
                for event in shown[max(before - 1, 0) :]
            ],
        }
    )
