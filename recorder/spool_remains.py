"""What a stop or a crash has left of a session in the spool, read back and not yet touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from recorder.fragment_record import encode_fragment, last_ticks, segment_index
from recorder.fragments import Fragment
from recorder.held import decode_held, rest_of
from recorder.journal import Journal, JournalRecord, read_journal
from recorder.open_segment import OpenSegment
from recorder.sample_index import join_tables, read_table
from recorder.spool_facts import Gap
from recorder.spool_state import RecordingState, SessionState

log = structlog.get_logger()


@dataclass(slots=True)
class Remains:
    """By recording what was ``open``, and the gaps that nothing has told of.

    ``sealed_journals`` hold nothing that is not in a segment; ``kept`` is what waited
    behind holes, which is in ``open`` as well and goes when that is sealed.
    """

    open: dict[str, OpenSegment] = field(default_factory=dict)
    sealed_journals: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    untold: list[Gap] = field(default_factory=list)


def read_remains(directory: Path, state: SessionState) -> Remains:
    """Read journals and what was kept, as far as they fit the session's state.

    Raises:
        OSError: something could not be read.
    """
    remains = Remains()
    _read_journals(directory, state, remains)
    _read_kept(directory, state, remains)
    _read_untold(state, remains)
    return remains


def _read_journals(directory: Path, state: SessionState, remains: Remains) -> None:
    for path in sorted(directory.glob("*.journal")):
        recording_id, _, number = path.name.removesuffix(".journal").rpartition(".")
        recording = state.recordings.get(recording_id)
        if recording is None or not number.isdigit() or int(number) > recording.next_segment:
            log.error("journal of an unknown segment left alone", path=str(path))
            continue
        records = (
            list(_consecutive(read_journal(path), recording.next_fragment))
            if int(number) == recording.next_segment
            else []
        )
        if not records:
            # Its fact is written, or nothing in it was ever whole.
            remains.sealed_journals.append(path)
            continue
        opened = OpenSegment(Journal(path), records[0].header["fact"]["wall_ns"])
        for record in records:
            opened.add(record.header, record.body)
        remains.open[recording_id] = opened


def _consecutive(records: list[JournalRecord], number: int) -> Iterator[JournalRecord]:
    for record in records:
        if record.header["fact"]["no"] != number:
            return
        yield record
        number += 1


def _read_kept(directory: Path, state: SessionState, remains: Remains) -> None:
    """Take what waited behind a hole as the last fragment of its open segment."""
    for path in sorted(directory.glob("*.held")):
        recording = state.recordings.get(path.stem)
        try:
            held = decode_held(path.read_bytes())
        except ValueError as error:
            log.error("what was kept is left alone", path=str(path), error=repr(error))
            continue
        if recording is not None and not recording.closed:
            _append_kept(directory, recording, held, remains)
        remains.kept.append(path)


def _append_kept(
    directory: Path, recording: RecordingState, held: Fragment, remains: Remains
) -> None:
    opened = remains.open.get(recording.recording_id)
    headers = opened.headers if opened is not None else []
    ticks, durable = recording.last_ticks, join_tables([])
    if headers:
        index = segment_index(headers)
        ticks, durable = last_ticks(ticks, index), read_table(index)
    fragment = rest_of(held, ticks, durable)
    if fragment is None:
        return
    if opened is None:
        opened = OpenSegment.begin(directory, recording, fragment.wall_ns)
        remains.open[recording.recording_id] = opened
    number = recording.next_fragment + len(opened.headers)
    header, body = encode_fragment(recording.container, number, fragment)
    before_ns = opened.headers[-1]["last_wall_ns"] if opened.headers else 0
    header["last_wall_ns"] = max(header["last_wall_ns"], before_ns)
    opened.add(header, body)


def _read_untold(state: SessionState, remains: Remains) -> None:
    for recording_id, recording in state.recordings.items():
        opened = remains.open.get(recording_id)
        for loss in recording.untold if opened is None else opened.untold(recording):
            span = (loss.from_ns, loss.to_ns, "packet_loss", loss.packets)
            remains.untold.append(Gap(recording.participant_id, recording_id, *span))
