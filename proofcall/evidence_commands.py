"""``proofcall verify`` and ``proofcall export``: a package is checked, and made."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from proofcall.copy_check import verify_copy
from proofcall.preflight import check_data_directory, load_settings
from recorder.proof.bytes import FileBytes
from recorder.proof.formats import PAGE_PATH
from recorder.proof.manifest_timestamps import GivenTimestamps
from recorder.proof.page import shipped_page
from recorder.proof.part_scope import log_time
from recorder.proof.report import ANSWER_WORDS, EXIT_STATUS, GapFound, PartFound, Report
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import BadZip, read_entries
from runtime.errors import CaseError, SetupError
from runtime.settings import Settings

_MAX_GIVEN_BYTES = 1024 * 1024


def verify(
    package: Annotated[Path, typer.Argument(help="The evidence package, a ZIP.")],
    receipt: Annotated[
        Path | None, typer.Option(help="The receipt that was given at the end of the call.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="The operator's published keys (JSON), or a file with a key's name."),
    ] = None,
    timestamp: Annotated[
        list[Path] | None,
        typer.Option(help="An authority's answer (.tsr, RFC 3161) for a manifest; repeatable."),
    ] = None,
    tsa_ca: Annotated[
        Path | None, typer.Option(help="The certificates (PEM) of authorities that are trusted.")
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option(help="The signed statement of a derived copy, which PACKAGE then is."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines.")] = False,
) -> None:
    """Check an evidence package, or a derived copy by its statement; needs no network.

    Exits with 0 (verified), 3 (verified with gaps), 5 (consistent, but nothing outside the
    package vouches for the key) or 4 (not verified).
    """
    given_receipt = _given(receipt)
    given_key = _given(key)
    if statement is not None:
        verify_copy(package, _given(statement) or b"", given_key, as_json=as_json)
    given_timestamps = GivenTimestamps(
        [_given(one) or b"" for one in timestamp or ()], _given(tsa_ca), datetime.now(UTC)
    )
    try:
        content = FileBytes(package)
    except OSError as error:
        raise SetupError(f"Cannot read {package}: {error.strerror}.") from error
    with content:
        report = verify_package(
            content, receipt=given_receipt, key=given_key, timestamps=given_timestamps
        )
        is_shipped = _has_shipped_page(content)
    if as_json:
        print(json.dumps({**report.as_json(), "page_is_shipped": is_shipped}))
    else:
        _tell(report, is_shipped)
    sys.exit(EXIT_STATUS[report.answer])


def export(
    case: Annotated[str, typer.Argument(help="The case's id.")],
    output: Annotated[Path, typer.Option("--output", help="The package to write.")],
    start: Annotated[
        str | None, typer.Option("--from", help="Where a part begins: a time, or seconds.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Where it ends, as 2026-11-28T09:00:22Z or 22.5.")
    ] = None,
    session: Annotated[
        str | None, typer.Option(help="The inspection that a part is of, if there are several.")
    ] = None,
    participant: Annotated[
        list[str] | None, typer.Option(help="Whose recordings a part has; repeatable.")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="The data directory.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML settings file.")] = None,
) -> None:
    """Write a case's evidence package, or with --from and --to that of a part of an inspection."""
    part = _part_wanted(start, end, session, participant or [])
    settings = load_settings(data=data, config=config)
    check_data_directory(settings.data)
    page = shipped_page()
    try:
        descriptor, aside = tempfile.mkstemp(dir=output.parent)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                asyncio.run(_export(settings, case, part, file, page))
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(output)
        finally:
            Path(aside).unlink(missing_ok=True)
    except CaseError as error:
        raise SetupError(f"{case}: {error.message}") from error
    except OSError as error:
        raise SetupError(f"Cannot write {output}: {error.strerror or error}.") from error
    print(output)


@dataclass(frozen=True, slots=True)
class _Part:
    """What the command line says of a part."""

    session_id: str | None
    participants: Sequence[str]
    start: datetime | timedelta
    end: datetime | timedelta


def _part_wanted(
    start: str | None, end: str | None, session: str | None, participants: Sequence[str]
) -> _Part | None:
    if start is None and end is None and session is None and not participants:
        return None
    if start is None or end is None:
        raise SetupError("A part needs both --from and --to.")
    return _Part(session, participants, _moment_given(start), _moment_given(end))


def _moment_given(text: str) -> datetime | timedelta:
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise SetupError(f"{text} is neither a time nor a number of seconds.") from error
    if at.tzinfo is None:
        raise SetupError(f"{text} does not say its time zone: end it with Z for UTC.")
    return at


async def _export(
    settings: Settings, case_id: str, part: _Part | None, file: BinaryIO, page: bytes
) -> None:
    # Imported here: whoever only verifies needs neither database nor store.
    from proofcall.jobs import DbosOutbox, prepare_jobs
    from recorder.export import export_case
    from recorder.part_export import export_part
    from recorder.part_order import find_part
    from signaling.web_process import web_services

    outbox = DbosOutbox(settings)
    try:
        async with web_services(settings, outbox) as services:
            await asyncio.to_thread(prepare_jobs, settings)
            if part is None:
                await export_case(services, case_id, file, page, _show_progress)
                return
            async with services.database.read() as tx:
                order = await find_part(
                    tx, case_id, part.session_id, part.participants, part.start, part.end
                )
            await export_part(services, case_id, order, file, page, _show_progress)
    finally:
        outbox.close()


async def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done >= total else ""
        print(f"\r{done / max(total, 1):4.0%}", end=end, file=sys.stderr, flush=True)


def _given(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        if path.stat().st_size > _MAX_GIVEN_BYTES:
            return b""
        return path.read_bytes()
    except OSError as error:
        raise SetupError(f"Cannot read {path}: {error.strerror}.") from error


def _has_shipped_page(content: FileBytes) -> bool | None:
    """Whether the package's page is the one that this version ships; None without either."""
    try:
        shipped = shipped_page()
        entries = {entry.name: entry for entry in read_entries(content.read, content.size)}
    except (SetupError, BadZip):
        return None
    page = entries.get(PAGE_PATH)
    if page is None or page.size != len(shipped):
        return False
    return sha256(content.read(page.start, page.end)).digest() == sha256(shipped).digest()


def _tell(report: Report, is_shipped: bool | None) -> None:
    words = ANSWER_WORDS[report.answer].capitalize()
    print(words if report.part is None else f"{words}: a part of {report.part.session_id}")
    if report.part is not None:
        _tell_part(report.part)
    for session in report.sessions:
        print(
            f"  {session.session_id}: {session.recordings} recordings of {session.fragments} "
            f"fragments, {session.stills} photographs, {session.events} events "
            f"({session.withheld} withheld), {session.checkpoints} checkpoints"
        )
        for person, count in sorted(session.countersigned.items()):
            print(f"    {person} countersigned {count} of {session.checkpoints}")
    for gap in report.gaps:
        print(f"  gap: {_gap_words(gap)}")
    for problem in report.problems:
        print(f"  {problem.words}")
    for stamped in report.timestamps:
        print(f"  {stamped.words}")
    if report.signed_by:
        print(f"  signed by {', '.join(report.signed_by)}")
    if report.confirmed_by:
        print(f"  confirmed by the {' and the '.join(report.confirmed_by)} given")
    elif not report.problems:
        print("  nothing outside the package says whose key that is: give --receipt or --key")
    if is_shipped is False:
        print("  its page is not the one that this version ships: believe this line, not the page")


def _tell_part(part: PartFound) -> None:
    print(f"  asked for {_moment(part.from_ms)} to {_moment(part.to_ms)}")
    for one in part.covered:
        print(
            f"  {one.participant_id}, {one.recording_id}: "
            f"{_moment(one.from_ms)} to {_moment(one.to_ms)}"
        )


def _moment(at_ms: int) -> str:
    return f"{log_time(at_ms)[:-4]}Z"


def _gap_words(gap: GapFound) -> str:
    if not gap.from_ns:
        return f"{gap.session_id}: what was still on its way never arrived"
    if not (gap.from_ns.isdecimal() and gap.to_ns.isdecimal()):
        return f"{gap.session_id}: {gap.cause}"
    start, end = int(gap.from_ns), int(gap.to_ns)
    at = datetime.fromtimestamp(start // 1_000_000_000 % 2**33, UTC)
    length = f"{(end - start) / 1e9:.1f} s"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC, {length}, {gap.participant_id}: {gap.cause}"
