"""The durable work behind notices: what is due goes on its way, each order is one try."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import DBAPIError

from cases import notice_tries, notices
from cases.channel_rules import Result
from cases.notice_tries import Post
from cases.notices import Sender
from cases.unit import Unit
from runtime.errors import ProofcallError
from runtime.outgoing import post
from signaling.messengers import result_of, sending_of
from signaling.services import Services

log = structlog.get_logger()


async def order_due_notices(services: Services) -> int:
    """Send on its way what is due now, each in its own transaction; says how many that were."""
    sender, done = Sender.of(services.settings), 0
    async with services.database.read() as tx:
        due = await notices.due_notices(tx, services.clock.now())
    for notice_id in due:

        async def act(unit: Unit, notice_id: str = notice_id) -> bool:
            return await notices.look_at(unit, sender, notice_id) is not None

        try:
            done += await services.run(act)
        except (ProofcallError, DBAPIError) as error:
            log.warning("notice is postponed", notice_id=notice_id, error=type(error).__name__)

            async def later(unit: Unit, notice_id: str = notice_id) -> None:
                await notices.postpone(unit, notice_id)

            await services.run(later)
    return done


async def send_notice(services: Services, subject: str) -> None:
    """Make one try over a messenger and keep what came of it."""
    sender = Sender.of(services.settings)
    async with services.database.read() as tx:
        found = await notice_tries.prepare(tx, services.keys, sender, subject, services.clock.now())
    if found is None:
        return
    result = await hand_over(services, found) if isinstance(found, Post) else found
    log.info("notice tried", notice=subject, came=result.came)

    async def act(unit: Unit) -> None:
        await notice_tries.settle(unit.tx, unit.keys, subject, result, unit.now)

    await services.run(act)


async def hand_over(services: Services, message: Post) -> Result:
    """One POST to the messenger."""
    sending = sending_of(message, int(services.clock.now().timestamp()))
    outcome = await post(
        sending.url,
        sending.body,
        sending.headers,
        private=services.settings.webhooks_to_private,
    )
    return result_of(message.account.kind, outcome)
