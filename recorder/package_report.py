"""The printed report of a package, or of a part: what a person can read of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from recorder.pdf_report.composing import compose
from recorder.pdf_report.printing import print_apart
from recorder.pdf_report.story import Story
from recorder.port import Evidence
from recorder.proof import formats
from recorder.proof.package_writer import PackageWriter
from recorder.sealed_evidence import Photograph, read_photograph


async def add_report(
    services: Evidence,
    writer: PackageWriter,
    story: Story,
    printed: Sequence[str],
    photographs: Sequence[Photograph],
) -> None:
    """Write it into a package; evidence does not wait for one that cannot be printed.

    ``printed`` are the paths of the photographs that it shows, in the order of their numbers.

    Raises:
        StoreError: the store is away, or what it has is not what was stored.
    """
    document = compose(story, ZoneInfo(story.zone))
    by_path = {one.path: one for one in photographs}
    jpegs = [await read_photograph(services, by_path[path]) for path in printed]
    report = await print_apart(document, jpegs)
    if report is not None:
        await asyncio.to_thread(writer.add, formats.REPORT_PATH, report)


def keys_url(services: Evidence) -> str:
    """Where the operator publishes its keys."""
    return f"{services.settings.public_url}/.well-known/proofcall-keys.json"
