"""The one way in which a route notes an access to evidence; see ``cases.access_log``."""

from __future__ import annotations

from cases.access_log import Access, Deed, Span, note_access
from cases.actor import Actor
from cases.tables import Case, Session
from recorder.made_kinds import MadeFile, tenant_of
from signaling.services import Services


async def note(
    services: Services,
    actor: Actor,
    of: Case | Session,
    deed: Deed,
    what: str,
    subject_id: str,
    *,
    spans: tuple[Span, ...] = (),
    report_id: str | None = None,
) -> None:
    """Write down what somebody does with evidence of a case, before it is given to them.

    Call it outside any transaction. ``what`` names the kind of thing, ``subject_id`` the thing.
    """
    case_id = of.id if isinstance(of, Case) else of.case_id
    now = services.clock.now()
    access = Access(actor, of.tenant_id, case_id, deed, what, subject_id, now, spans, report_id)
    await note_access(services.database, services.keys, access)


async def note_made(
    services: Services, actor: Actor, made: MadeFile, deed: Deed, what: str
) -> None:
    """The same of a file that was made; of a warehouse's people no seller keeps a log."""
    async with services.database.read() as tx:
        tenant_id = await tenant_of(tx, made)
    if tenant_id is not None:
        now = services.clock.now()
        access = Access(actor, tenant_id, made.case_id, deed, what, made.id, now)
        await note_access(services.database, services.keys, access)
