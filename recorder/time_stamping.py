"""Durable work: a time-stamping authority is asked for what manifests want (RFC 3161)."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from cryptography import x509

from cases.keys import KeyDestroyed
from cases.unit import Unit
from recorder import stamp_orders
from recorder.port import Evidence
from recorder.proof.manifest_timestamps import (
    MAX_TIMESTAMP_BYTES,
    check_stamp,
    load_authorities,
)
from recorder.proof.timestamp import BadTimestamp, Timestamp, check_chain, read_timestamp
from recorder.stamp_orders import Wanted
from recorder.stamp_query import NONCE_BITS, stamp_query
from runtime import outgoing
from runtime.errors import ProofcallError

log = structlog.get_logger()

_OK: Final = 200
_TIMEOUT_S: Final = 20.0


class NotStamped(ProofcallError):  # noqa: N818 - says what came of it
    """The authority gave nothing that a verifier would take; ``why`` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def look_for_time_stamps(services: Evidence) -> datetime | None:
    """Order what is due; says when the next was due, None without an authority to ask."""
    if services.settings.tsa_url is None:
        return None
    async with services.database.read() as tx:
        due_at = await stamp_orders.next_due(tx)
    if due_at is not None and due_at <= services.clock.now():
        await services.run(lambda unit: stamp_orders.order_due(unit.tx, unit.outbox, unit.now))
    return due_at


class TimeStamping:
    """Asks the authority that is set, and keeps only what the verifier takes."""

    def __init__(self, services: Evidence) -> None:
        self._services = services
        self.results: Counter[str] = Counter()
        """How many tries came to what: ``kept``, or why not."""

    async def ask(self, subject: str) -> None:
        """Make one try; whatever the authority does, it ends here and is written down."""
        wanted = await self._services.run(partial(stamp_orders.take, subject=subject))
        if wanted is None:
            return
        try:
            response, stamp, authority = await self._stamped(wanted)
        except NotStamped as error:
            self._tell(subject, error.why)
            await self._services.run(partial(stamp_orders.again, subject=subject, words=error.why))
            return

        async def keep(unit: Unit) -> None:
            await stamp_orders.keep(unit, subject, response, stamp, authority)

        try:
            await self._services.run(keep)
        except KeyDestroyed:
            self._tell(subject, "erased")
            await self._services.run(partial(stamp_orders.give_up, subject=subject, words="erased"))
            return
        self._tell(subject, "kept")

    def _tell(self, subject: str, result: str) -> None:
        self.results[result] += 1
        say = log.info if result == "kept" else log.warning
        say("time-stamp asked for", session_id=subject.partition(":")[0], subject=subject,
            result=result)  # fmt: skip

    async def _stamped(self, wanted: Wanted) -> tuple[bytes, Timestamp, x509.Certificate]:
        nonce = secrets.randbits(NONCE_BITS)
        authorities = await self._authorities()
        response = await self._answer(stamp_query(wanted.imprint, nonce))
        now = self._services.clock.now()
        try:
            return response, *await asyncio.to_thread(
                believe, response, wanted, nonce, authorities, now
            )
        except BadTimestamp as error:
            raise NotStamped(error.code) from error

    async def _authorities(self) -> Sequence[x509.Certificate]:
        path = self._services.settings.tsa_ca
        assert path is not None, "the settings go together"
        try:
            return load_authorities(await asyncio.to_thread(path.read_bytes))
        except (OSError, BadTimestamp) as error:
            raise NotStamped("bad_tsa_ca") from error

    async def _answer(self, query: bytes) -> bytes:
        settings = self._services.settings
        headers = {"Content-Type": "application/timestamp-query"}
        if settings.tsa_authorization is not None:
            headers["Authorization"] = settings.tsa_authorization.get_secret_value()
        outcome = await outgoing.ask(
            "POST",
            settings.tsa_url or "",
            headers,
            body=query,
            private=True,
            timeout_s=_TIMEOUT_S,
        )
        if outcome.failure is not None:
            raise NotStamped(outcome.failure)
        if outcome.status != _OK:
            raise NotStamped(f"status_{outcome.status}")
        if len(outcome.answer) > MAX_TIMESTAMP_BYTES:
            raise NotStamped("too_large")
        return outcome.answer


def believe(
    response: bytes,
    wanted: Wanted,
    nonce: int,
    authorities: Sequence[x509.Certificate],
    now: datetime,
) -> tuple[Timestamp, x509.Certificate]:
    """The time-stamp, and the authority under which it stands, as the verifier sees it.

    Raises:
        BadTimestamp: the verifier's codes, and ``tsa_nonce``; ``tsa_no_later`` for a renewal
            that would end no later than what it renews.
    """
    stamp = read_timestamp(response)
    check_stamp(stamp, wanted.imprint, wanted.before, now)
    if stamp.nonce != nonce:
        raise BadTimestamp("tsa_nonce")
    if stamp.until < now:
        raise BadTimestamp("tsa_validity")
    if wanted.before is not None and stamp.until <= wanted.before.until:
        raise BadTimestamp("tsa_no_later")
    for authority in authorities:
        try:
            check_chain(stamp, [authority])
        except BadTimestamp:
            continue
        return stamp, authority
    raise BadTimestamp("tsa_chain")
