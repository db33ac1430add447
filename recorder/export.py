"""A case's evidence as one package: what was sealed, read back from the store, into a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import rfc8785
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_access import not_found
from cases.case_text import text_of
from cases.chain import rfc3339
from cases.keys import KeyDestroyed
from cases.log import LogKind, Visibility, read_openings
from cases.tables import Case, Manifest, Recording, Session
from recorder.key_history import note_key, published_keys
from recorder.ledger import RecordingSource
from recorder.package_report import add_report, keys_url
from recorder.pdf_report.gathering import gather_story
from recorder.pdf_report.story import Story
from recorder.port import Evidence
from recorder.proof import formats
from recorder.proof.package_writer import PackageWriter
from recorder.sealed_evidence import (
    Files,
    Photograph,
    add_files,
    add_photographs,
    checkpoints_of,
    manifest_files,
    photographs_of,
    sealed_sessions,
    shown_event,
    stated_in,
    time_stamp_files,
)
from recorder.signing import SigningKey
from recorder.sources import load_source
from recorder.statements import Recorded, fragment_table, recorded_of
from runtime.errors import CaseError

Progress = Callable[[int, int], Awaitable[None]]
"""Told how many bytes of how many are in the package."""

_OPEN: Final = frozenset({Visibility.PARTIES})
"""A package opens what both parties may read; of the rest it has the commitments."""


@dataclass(frozen=True, slots=True)
class _Media:
    path: str
    recorded: Recorded
    source: RecordingSource

    @property
    def size(self) -> int:
        return len(self.source.init) + sum(one.bytes for one in self.recorded.fragments)


@dataclass(frozen=True, slots=True)
class _Contents:
    """Everything that goes in, in order: small files, recordings, photographs, the statement."""

    files: Files
    media: Sequence[_Media]
    photographs: Sequence[Photograph]
    story: Story
    printed: Sequence[str]
    """The paths of the photographs that the report prints."""
    statement: dict[str, Any]


async def export_case(
    services: Evidence, case_id: str, file: BinaryIO, page: bytes, progress: Progress
) -> None:
    """Write the package of a case into a seekable file; the same state gives the same bytes.

    Raises:
        CaseError: ``not_found`` (404), ``nothing_sealed`` (409), ``erased`` (410).
        StoreError: the store is away, or what it has is not what was stored.
    """
    key = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)
    await services.run(lambda unit: note_key(unit.tx, key, unit.now))
    async with services.database.read() as tx:
        try:
            contents = await _gather(services, tx, case_id, page)
        except KeyDestroyed as error:
            raise CaseError("erased", "This evidence was erased.", status=410) from error
    writer = PackageWriter(file)
    total = sum(one.size for one in contents.media)
    await asyncio.to_thread(add_files, writer, contents.files)
    await add_report(services, writer, contents.story, contents.printed, contents.photographs)
    done = 0
    for media in contents.media:
        with writer.recording(media.path, media.size) as part:
            await asyncio.to_thread(part.write, media.source.init)
            async for content in _fragments(services, media):
                await asyncio.to_thread(part.write, content)
                done += len(content)
                await progress(done, total)
    await add_photographs(services, writer, contents.photographs)
    statement = rfc8785.dumps({**contents.statement, "files": writer.files})
    jws = key.sign(statement, formats.PACKAGE_TYPE).encode()
    await asyncio.to_thread(writer.close, formats.PACKAGE_PATH, jws)


async def _gather(services: Evidence, tx: AsyncSession, case_id: str, page: bytes) -> _Contents:
    case = await tx.get(Case, case_id)
    if case is None:
        raise not_found()
    sealed = await sealed_sessions(tx, case_id)
    if not sealed:
        raise CaseError("nothing_sealed", "Nothing of this case has been sealed yet.")
    files = [(formats.PAGE_PATH, page), (formats.KEYS_PATH, await published_keys(tx))]
    media: list[_Media] = []
    photographs: list[Photograph] = []
    session_keys = [await services.keys.session_key(tx, session.id) for session, _ in sealed]
    for (session, manifests), session_key in zip(sealed, session_keys, strict=True):
        files.append((formats.log_path(session.id), await _log(tx, session, session_key)))
        checkpoints = rfc8785.dumps(
            {
                "format": formats.CHECKPOINTS_FORMAT,
                "session_id": session.id,
                "checkpoints": [one.shown for one in await checkpoints_of(tx, session.id)],
            }
        )
        files.append((formats.checkpoints_path(session.id), checkpoints))
        files += manifest_files(manifests)
        stated = _stated_fragments(manifests[-1])
        for recorded in await recorded_of(tx, session.id):
            if recorded.row.id not in stated:
                continue
            one = Recorded(recorded.row, recorded.fragments[: stated[recorded.row.id]])
            table = formats.table_path(session.id, one.row.id)
            files.append((table, rfc8785.dumps(fragment_table(one))))
            media.append(await _media(services, tx, session, one))
        stills = stated_in(manifests[-1])["stills"]
        photographs += await photographs_of(tx, session.id, stills, session_key)
    files += await time_stamp_files(tx, [session.id for session, _ in sealed])
    text = await text_of(tx, services.keys, case)
    story, printed = await gather_story(tx, case, text, sealed, session_keys, keys_url(services))
    return _Contents(
        files=files,
        media=media,
        photographs=photographs,
        story=story,
        printed=printed,
        statement={
            "format": formats.PACKAGE_FORMAT,
            "case_id": case_id,
            "as_of": rfc3339(max(found[-1].created_at for _, found in sealed)),
            "sessions": [
                {"session_id": session.id, "manifests": len(found)} for session, found in sealed
            ],
        },
    )


def _stated_fragments(manifest: Manifest) -> dict[str, int]:
    body = stated_in(manifest)
    return {one["recording_id"]: one["fragments"] for one in body["recordings"]}


async def _media(
    services: Evidence, tx: AsyncSession, session: Session, recorded: Recorded
) -> _Media:
    recording = await tx.get_one(Recording, recorded.row.id)
    path = formats.recording_path(session.id, recording.id, recording.container)
    return _Media(path, recorded, await load_source(tx, services.keys, recording))


async def _fragments(services: Evidence, media: _Media) -> AsyncIterator[bytes]:
    """The stated fragments' bytes, a segment's at a time."""
    stated = len(media.recorded.fragments)
    for row in media.source.segments:
        wanted = sum(one.size_bytes for one in row.fragments if one.number <= stated)
        if wanted:
            plain = await services.playback.segment(media.source.key, row)
            yield plain[:wanted]


async def _log(tx: AsyncSession, session: Session, key: bytes) -> bytes:
    openings = await read_openings(
        tx, log=LogKind.SESSION, subject_id=session.id, key=key, visibilities=_OPEN
    )
    log: dict[str, Any] = {
        "format": formats.LOG_FORMAT,
        "session_id": session.id,
        "events": [shown_event(one) for one in openings],
    }
    return rfc8785.dumps(log)
