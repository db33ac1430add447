"""A case's searchable words, kept in the commit that adds them."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_text import open_case_text
from cases.database import Database
from cases.keys import KeyDestroyed, KeyRing
from cases.log import LoggedEvent, LogKind, opened
from cases.parcel_words import tracking_numbers
from cases.search_terms import field_pieces, number_piece, prose_pieces, terms_of
from cases.tables import Case, CaseWords, Event, ItemLine, Session

SPOKEN = frozenset({"message", "note", "translation"})
"""The kinds of entries whose words count, in the case's log and in those of its calls."""
_MOST_TERMS = 10_000  # 80 kB: a flood of messages must not make every next one slow
_AT_ONCE = 200


async def index_case(tx: AsyncSession, keys: KeyRing, case: Case) -> None:
    """Make a new case's row from what is known of it; the case and its lines are written.

    Raises:
        KeyDestroyed: its tenant was erased.
    """
    tx.add(await _whole_row(tx, keys, case))
    await tx.flush()


async def add_words(tx: AsyncSession, keys: KeyRing, case: Case, event: LoggedEvent) -> None:
    """What somebody wrote is found from now on; the event is written.

    Raises:
        KeyDestroyed: the case's tenant was erased.
    """
    row = await _row(tx, keys, case)
    words = await keys.word_keys(tx, case.tenant_id)
    _add(row, words.everybody, *(prose_pieces(text) for text in said_in(event)))
    await tx.flush()


async def add_number(tx: AsyncSession, keys: KeyRing, case: Case, number: str | None) -> None:
    """A parcel's number: the case is found by it, and stands first when it is asked for whole.

    Raises:
        KeyDestroyed: the case's tenant was erased.
    """
    if number is None:
        return
    row = await _row(tx, keys, case)
    words = await keys.word_keys(tx, case.tenant_id)
    _add(row, words.everybody, number_pieces(number))
    await tx.flush()


async def index_missing(database: Database, keys: KeyRing) -> int:
    """Give every case that has none its row, and say how many; an erased case gets an empty one.

    Several processes may do this at once, and it may be killed: a batch is one commit.
    """
    done, after = 0, ""
    while True:
        async with database.read() as tx:
            missing = list(
                await tx.scalars(
                    select(Case.id)
                    .where(
                        Case.id > after,
                        ~exists().where(
                            CaseWords.tenant_id == Case.tenant_id, CaseWords.case_id == Case.id
                        ),
                    )
                    .order_by(Case.id)
                    .limit(_AT_ONCE)
                )
            )
        for case_id in missing:
            async with database.begin() as tx:
                case = await tx.get_one(Case, case_id, with_for_update=True)
                await _row(tx, keys, case)
        if not missing:
            return done
        done, after = done + len(missing), missing[-1]


def said_in(event: LoggedEvent) -> list[str]:
    """The words of a message, a note or a translation."""
    said = event.payload or {}
    first = said.get("translation")
    return [
        str(text)
        for text in (said.get("text"), first.get("text") if isinstance(first, dict) else None)
        if text
    ]


def number_pieces(number: str) -> set[str]:
    """What a number or an address is found by: whole, in parts and by their beginnings."""
    return field_pieces(number) | {number_piece(number)}


async def _row(tx: AsyncSession, keys: KeyRing, case: Case) -> CaseWords:
    """The case's row, held until the commit; a case from before there were any gets it now."""
    name = (case.tenant_id, case.id)
    row = await tx.get(CaseWords, name, with_for_update=True)
    if row is None:
        # Whoever opened the case or holds it is alone; others find the row after the commit.
        await tx.execute(select(Case.id).where(Case.id == case.id).with_for_update())
        row = await tx.get(CaseWords, name)
    if row is None:
        try:
            row = await _whole_row(tx, keys, case)
        except KeyDestroyed:
            row = CaseWords(tenant_id=case.tenant_id, case_id=case.id, terms=frozenset())
        tx.add(row)
        await tx.flush()
    return row


async def _whole_row(tx: AsyncSession, keys: KeyRing, case: Case) -> CaseWords:
    words = await keys.word_keys(tx, case.tenant_id)
    key = await keys.key_of(tx, case)
    text = open_case_text(key, case)
    row = CaseWords(tenant_id=case.tenant_id, case_id=case.id, terms=frozenset())
    lines = await tx.execute(
        select(ItemLine.sku, ItemLine.listing).where(ItemLine.case_id == case.id)
    )
    fields = [text.buyer_name, *(text for sku, one in lines for text in (sku, one["title"]))]
    numbers = [case.order_number]
    numbers += await tracking_numbers(tx, key, case.id)
    _add(
        row,
        words.everybody,
        *(number_pieces(one) for one in numbers),
        *(field_pieces(one) for one in fields),
        field_pieces(text.claim_words),
        {number_piece(case.id)},
    )
    if text.buyer_email:
        # As in every view: a warehouse is not told the buyer's address, nor by guessing it.
        _add(row, words.seller, number_pieces(text.buyer_email))
    calls = select(Session.id).where(Session.case_id == case.id)
    events = await tx.scalars(
        select(Event).where(
            Event.kind.in_(SPOKEN),
            ((Event.log == LogKind.CASE) & (Event.subject_id == case.id))
            | ((Event.log == LogKind.SESSION) & Event.subject_id.in_(calls)),
        )
    )
    for event in events:
        if event.log == LogKind.SESSION:
            try:
                event_key = await keys.session_key(tx, event.subject_id)
            except KeyDestroyed:
                continue
        else:
            event_key = key
        said = said_in(opened(event, event_key))
        _add(row, words.everybody, *(prose_pieces(text) for text in said))
    return row


def _add(row: CaseWords, key: bytes, *pieces: set[str]) -> None:
    """Take up pieces, as long as there is room: what a case was opened with comes first."""
    room = _MOST_TERMS - len(row.terms)
    new = sorted(terms_of(key, set().union(*pieces)) - row.terms)[: max(0, room)]
    if new:
        row.terms = row.terms | set(new)
