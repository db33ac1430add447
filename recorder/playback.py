"""Serving a recording from the store: a virtual file read by ranges, decrypted as needed.

What is served was compared with the ledger's digests, segment and fragments both; bytes
that differ are never given out.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncIterator
from hashlib import sha256
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from recorder.crypt import open_sealed
from recorder.ledger import RecordingSource, SegmentRow
from recorder.sample_index import (
    KEYFRAME,
    VIDEO,
    SampleTable,
    fragment_numbers,
    join_tables,
    read_table,
    sample_offsets,
)
from recorder.store import ObjectStore
from recorder.virtual_file import BodyRange, Layout, lay_out
from runtime.errors import StoreError

DEFAULT_CACHE_BYTES = 64 * 1024 * 1024
_REMEMBERED_FILES = 8
_CHUNK_BYTES = 256 * 1024


class Playback:
    """Opens recordings over one store; keeps a bounded number of decrypted segments."""

    def __init__(self, store: ObjectStore, *, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._store = store
        self._cache_bytes = cache_bytes
        self._segments: OrderedDict[str, bytes] = OrderedDict()
        self._held_bytes = 0
        self._locks: dict[str, asyncio.Lock] = {}
        self._files: OrderedDict[str, VirtualFile] = OrderedDict()

    async def open(self, source: RecordingSource, only: range | None = None) -> VirtualFile:
        """The playable file of a recording as far as it is stored.

        With ``only`` it holds the fragments of these numbers and no others; their pictures
        keep the times that they have in the whole.

        Raises:
            StoreError: a segment is missing or altered, or the ledger does not fit itself.
        """
        etag = _etag(source, only)
        known = self._files.get(etag)
        if known is not None:
            self._files.move_to_end(etag)
            return known
        try:
            table, offsets = await asyncio.to_thread(_read_tables, source, only)
            file = VirtualFile(self, source, etag, table, offsets, only)
            keyframe = await file._first_keyframe()
            await asyncio.to_thread(file._lay_out, keyframe)
        except ValueError as error:
            raise StoreError(f"{source.recording_id}: {error}", retryable=False) from error
        self._files[etag] = file
        while len(self._files) > _REMEMBERED_FILES:
            self._files.popitem(last=False)
        return file

    async def segment(self, key: bytes, row: SegmentRow) -> bytes:
        """A segment's plain bytes, compared with the ledger.

        Raises:
            StoreError: it is missing (perhaps not yet stored) or altered.
        """
        name = row.object_key
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with lock:
                plain = self._segments.get(name)
                if plain is not None:
                    self._segments.move_to_end(name)
                    return plain
                stored = await self._store.get(name, version_id=row.version_id)
                plain = await asyncio.to_thread(_open_segment, key, row, stored)
                self._keep(name, plain)
                return plain
        finally:
            if not lock.locked():
                self._locks.pop(name, None)

    def _keep(self, name: str, plain: bytes) -> None:
        self._segments[name] = plain
        self._held_bytes += len(plain)
        while self._held_bytes > self._cache_bytes and len(self._segments) > 1:
            _, gone = self._segments.popitem(last=False)
            self._held_bytes -= len(gone)


class VirtualFile:
    """One recording as a file: ``size``, ``etag`` (without quotes), ``content_type``, ranges."""

    def __init__(
        self,
        playback: Playback,
        source: RecordingSource,
        etag: str,
        table: SampleTable,
        offsets: NDArray[np.int64],
        only: range | None,
    ) -> None:
        self._playback = playback
        self._source = source
        self._ends = list(accumulate(row.plain_bytes for row in source.segments))
        rows = [fragment for row in source.segments for fragment in row.fragments]
        self._fragments = [row for row in rows if only is None or row.number in only]
        self._fragment_ends = list(accumulate(row.size_bytes for row in self._fragments))
        self._skipped = sum(row.size_bytes for row in rows if only and row.number < only.start)
        self._layout = Layout(b"", 0, b"")
        self.etag = etag
        self.table = table
        """All samples, for whoever looks up a picture."""
        self._offsets = offsets

    @property
    def source(self) -> RecordingSource:
        """What it was opened from."""
        return self._source

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._layout.size

    @property
    def content_type(self) -> str:
        """``video/mp4`` or ``video/webm``."""
        return self._source.container.content_type

    def moments(self, start: int, end: int) -> tuple[int, int] | None:
        """The span of the recording's time, in ms, of which these bytes hold something."""
        pieces = self._layout.pieces(start, end)
        body = [piece for piece in pieces if isinstance(piece, BodyRange)]
        if not body:
            return None
        first = self._fragments[bisect_right(self._fragment_ends, body[0].start)]
        last = self._fragments[bisect_right(self._fragment_ends, body[-1].end - 1)]
        return first.start_ms, last.start_ms + last.duration_ms

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes ``start`` (included) to ``end`` (excluded), in chunks.

        Raises:
            ValueError: the range is not inside the file.
            StoreError: a segment is missing or altered; what was given before is right.
        """
        for piece in self._layout.pieces(start, end):
            if isinstance(piece, BodyRange):
                begin = piece.start + self._skipped
                async for part in self._body(begin, piece.end + self._skipped):
                    yield part
            else:
                yield piece

    async def sample(self, row: int) -> bytes:
        """The bytes of one sample of ``table``."""
        start = int(self._offsets[row])
        size = int(self.table["size"][row])
        return b"".join([part async for part in self._body(start, start + size)])

    async def _body(self, start: int, end: int) -> AsyncIterator[bytes]:
        at = bisect_right(self._ends, start)
        while start < end:
            row = self._source.segments[at]
            segment_start = self._ends[at] - row.plain_bytes
            plain = await self._playback.segment(self._source.key, row)
            stop = min(end, self._ends[at])
            while start < stop:
                following = min(stop, start + _CHUNK_BYTES)
                yield plain[start - segment_start : following - segment_start]
                start = following
            at += 1

    async def _first_keyframe(self) -> bytes | None:
        wanted = (self.table["track"] == VIDEO) & ((self.table["flags"] & KEYFRAME) != 0)
        rows = np.flatnonzero(wanted)
        return await self.sample(int(rows[0])) if len(rows) else None

    def _lay_out(self, first_keyframe: bytes | None) -> None:
        source = self._source
        self._layout = lay_out(
            source.container,
            source.init,
            [fragment.size_bytes for fragment in self._fragments],
            self.table,
            t0_ns=source.t0_ns,
            first_keyframe=first_keyframe,
        )


def _fragment_sizes(source: RecordingSource) -> list[int]:
    return [fragment.size_bytes for row in source.segments for fragment in row.fragments]


def _read_tables(
    source: RecordingSource, only: range | None
) -> tuple[SampleTable, NDArray[np.int64]]:
    """The samples wanted, and where each begins in the fragments of the whole recording."""
    table = join_tables([read_table(row.index) for row in source.segments])
    offsets = sample_offsets(table, _fragment_sizes(source), source.container.header_bytes)
    if only is None:
        return table, offsets
    # Fragments count from 1, without a hole, as the ledger's rows do.
    numbers = fragment_numbers(table) + 1
    wanted = (numbers >= only.start) & (numbers < only.stop)
    return table[wanted], offsets[wanted]


def _etag(source: RecordingSource, only: range | None) -> str:
    digest = sha256(source.init + f"{only}".encode())
    for row in source.segments:
        digest.update(bytes.fromhex(row.stored_sha256))
    return digest.hexdigest()[:32]


def _open_segment(key: bytes, row: SegmentRow, stored: bytes) -> bytes:
    if len(stored) != row.stored_bytes or sha256(stored).hexdigest() != row.stored_sha256:
        raise StoreError(f"{row.object_key} is not what was stored", retryable=False)
    plain = open_sealed(key, row.object_key, stored)
    at = 0
    for fragment in row.fragments:
        digest = sha256(plain[at : at + fragment.size_bytes]).hexdigest()
        if digest != fragment.sha256:
            raise StoreError(
                f"fragment {fragment.number} is not what was recorded", retryable=False
            )
        at += fragment.size_bytes
    if at != len(plain) or at != row.plain_bytes:
        raise StoreError(f"{row.object_key} has another length than recorded", retryable=False)
    return plain
