"""The thread of a case: what buyer and staff write to each other outside a call, and notes.

Messages are events of the case log, encrypted with the case's key and chained like all
others; what was said in a call stays in its session's log, and the reader shows both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StrictBool, StringConstraints
from sqlalchemy import func, select

from cases import case_words, deadlines, links, log
from cases.access_policy import Action
from cases.actor import Actor, BuyerActor
from cases.arranging import wake
from cases.case_access import load_case, not_found
from cases.commands import Command, Locale, prose
from cases.deadline_plan import DeadlineKind
from cases.links import DeviceFound
from cases.log import LoggedEvent, LogKind, Visibility
from cases.reply_words import left_in
from cases.states import AttachmentState, Refusal
from cases.tables import Attachment, Case, Event, ThreadRead
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import CaseId, JoinLinkId

MESSAGE: Final = "message"
NOTE: Final = "note"
TRANSLATION: Final = "translation"
BUYER: Final = "buyer"
MOST_ATTACHED: Final = 10
_MOST_IN_A_MINUTE: Final = 30
_ANSWERED: Final = {DeadlineKind.FIRST_ANSWER, DeadlineKind.SIMPLE}
_BEFORE_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(prose)]
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
AttachmentId = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[A-Za-z0-9]{1,40}$")]


class Translated(Command):
    """The same words in another language."""

    locale: Locale
    text: Text


class Say(Command):
    """A message; a repeat with the same ``client_id`` is told the first again."""

    client_id: ClientId
    text: Text
    locale: Locale
    translation: Translated | None = None
    attachments: Annotated[tuple[AttachmentId, ...], Field(max_length=MOST_ATTACHED)] = ()

    def payload(self) -> dict[str, object]:
        """What the log keeps of it."""
        said: dict[str, object] = {"text": self.text, "locale": self.locale}
        if self.translation is not None:
            said["translation"] = self.translation.model_dump(mode="json")
        if self.attachments:
            said["attachments"] = list(self.attachments)
        return said


class RefusedFile(Command):
    """A file that came with a message and was not taken."""

    name: str
    reason: Refusal


class SayByMail(Say):
    """A message that came by mail: it may be files alone, some of which were refused."""

    text: Annotated[str, StringConstraints(max_length=4000), AfterValidator(prose)]
    refused: tuple[RefusedFile, ...] = ()

    def payload(self) -> dict[str, object]:
        """What the log keeps of it, with the names of what was refused."""
        said = super().payload()
        if self.refused:
            said["refused"] = [one.model_dump(mode="json") for one in self.refused]
        return said


class SayAsStaff(Say):
    """What staff say; an internal note is never the buyer's to read."""

    internal: StrictBool = False
    anyway: StrictBool = False
    """Send it although a placeholder stands in it unfilled."""
    asks: StrictBool = False
    """The seller's deadlines stand still until the buyer answers."""


async def say(unit: Unit, actor: Actor, case_id: str, message: SayAsStaff) -> LoggedEvent:
    """Write to the buyer, or a note for the staff alone; the first message is the first answer.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``placeholder_left`` or, for one that is not
            the case's, ``attachment_unknown`` (422).
    """
    case = await load_case(unit.tx, actor, case_id, Action.WRITE, lock=True)
    refuse_unfilled(message)
    event = await _append(unit, actor, case, message, internal=message.internal)
    if not message.internal:
        await deadlines.end(unit.tx, case, _ANSWERED, unit.now)
        # A repeat of what was asked before stops nothing again: the buyer may have answered.
        if message.asks and event.at == unit.now:
            await deadlines.pause(unit.tx, case, unit.now)
    return event


def refuse_unfilled(message: SayAsStaff) -> None:
    """Refuse words for the buyer in which a placeholder still stands.

    Raises:
        CaseError: ``placeholder_left`` (422).
    """
    left = left_in(message.text)
    if left and not message.internal and not message.anyway:
        raise CaseError(
            "placeholder_left",
            f"Fill in {{{left[0]}}} before you send this, or say that it goes out as it is.",
            status=422,
        )


async def enter_as_buyer(
    unit: Unit, token: str, secret: str | None, user_agent: str
) -> tuple[BuyerActor, DeviceFound]:
    """The buyer behind a link; as with the tap, whoever enters first is bound to it.

    Raises:
        CaseError: the link's own errors, ``other_device`` (409), ``device_refused`` (403).
    """
    link = await links.find_link(unit.tx, token, unit.now)
    device = await links.bind_device(
        unit.tx,
        unit.keys,
        link.link_id,
        secret,
        user_agent=user_agent,
        public_key=None,
        now=unit.now,
    )
    actor = BuyerActor(CaseId(link.case_id), JoinLinkId(link.link_id), device.device_id)
    return actor, device


async def say_as_buyer(unit: Unit, actor: BuyerActor, message: Say) -> LoggedEvent:
    """Write to the seller, whose deadlines go on if they stood still for this.

    A case that was snoozed is seen again.

    Raises:
        CaseError: ``not_found``, ``attachment_unknown`` (422), or ``slow_down`` (429) after
            thirty messages in a minute.
    """
    case = await load_case(unit.tx, actor, actor.case_id, Action.TAKE_PART, lock=True)
    await refuse_haste(unit, actor)
    await deadlines.resume(unit.tx, case, unit.now)
    await wake(unit.tx, case.id)
    return await _append(unit, actor, case, message, internal=False)


async def refuse_haste(unit: Unit, actor: BuyerActor) -> None:
    """Refuse what a buyer writes once they wrote thirty messages in a minute.

    Raises:
        CaseError: ``slow_down`` (429).
    """
    lately = await unit.tx.scalar(
        select(func.count())
        .select_from(Event)
        .where(
            Event.log == LogKind.CASE,
            Event.subject_id == actor.case_id,
            Event.actor == actor.label,
            Event.at > unit.now - timedelta(minutes=1),
        )
    )
    if (lately or 0) >= _MOST_IN_A_MINUTE:
        raise CaseError("slow_down", "Please wait a minute before you write more.", status=429)


async def say_objection(unit: Unit, actor: BuyerActor, case: Case, words: str) -> None:
    """An objection stands in the thread, where whoever decides again reads it and answers."""
    await deadlines.resume(unit.tx, case, unit.now)
    await wake(unit.tx, case.id)
    said = {"text": words, "locale": case.buyer_locale}
    await _write(unit, actor, case, MESSAGE, said, Visibility.PARTIES, None)


async def translate(
    unit: Unit, actor: Actor, case_id: str, message_id: str, words: Translated
) -> LoggedEvent:
    """Add a translation to a message; the newest of a language is shown, the log keeps all.

    Raises:
        CaseError: ``not_found``, also for a message of another case; ``forbidden``.
    """
    case = await load_case(unit.tx, actor, case_id, Action.WRITE)
    event = await _event(unit, case, message_id)
    return await _write(
        unit,
        actor,
        case,
        TRANSLATION,
        {"message_id": message_id, "locale": words.locale, "text": words.text},
        Visibility(event.visibility),
        None,
    )


async def mark_read(unit: Unit, actor: Actor, case_id: str, read_to: datetime) -> None:
    """Note how far somebody has read; it never goes back, nor beyond now.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    buyer = isinstance(actor, BuyerActor)
    case = await load_case(unit.tx, actor, case_id, Action.TAKE_PART if buyer else Action.VIEW_CASE)
    reader = BUYER if buyer else actor.label
    read_to = max(_BEFORE_ALL, min(read_to, unit.now))
    known = await unit.tx.get(ThreadRead, (case.id, reader), with_for_update=True)
    if known is None:
        unit.tx.add(ThreadRead(case_id=case.id, reader=reader, read_to=read_to))
    elif known.read_to < read_to:
        known.read_to = read_to
    else:
        return
    _hint(unit, case)
    await unit.tx.flush()


async def tell_typing(unit: Unit, actor: Actor, case_id: str) -> None:
    """Somebody is writing: a hint to the desks, kept nowhere.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    buyer = isinstance(actor, BuyerActor)
    case = await load_case(unit.tx, actor, case_id, Action.TAKE_PART if buyer else Action.WRITE)
    unit.changes.typing.append((case.id, BUYER if buyer else "staff", _desks(case)))


async def _append(
    unit: Unit, actor: Actor, case: Case, message: Say, *, internal: bool
) -> LoggedEvent:
    await _refuse_strange(unit, case, message.attachments)
    kind, visibility = (NOTE, Visibility.SELLER) if internal else (MESSAGE, Visibility.PARTIES)
    return await _write(unit, actor, case, kind, message.payload(), visibility, message.client_id)


async def _refuse_strange(unit: Unit, case: Case, named: Sequence[str]) -> None:
    """Let a message name only what is whole and the case's own."""
    if not named:
        return
    kept = await unit.tx.scalars(
        select(Attachment.id).where(
            Attachment.case_id == case.id,
            Attachment.id.in_(named),
            Attachment.state == AttachmentState.KEPT,
        )
    )
    if set(named) - set(kept):
        raise CaseError(
            "attachment_unknown", "This case has no such photograph or clip.", status=422
        )


async def _write(
    unit: Unit,
    actor: Actor,
    case: Case,
    kind: str,
    payload: Mapping[str, object],
    visibility: Visibility,
    client_id: str | None,
) -> LoggedEvent:
    event = await log.append(
        unit.tx,
        log=LogKind.CASE,
        subject_id=case.id,
        kind=kind,
        payload=payload,
        visibility=visibility,
        actor=actor.label,
        key=await unit.keys.key_of(unit.tx, case),
        at=unit.now,
        client_id=client_id,
    )
    await case_words.add_words(unit.tx, unit.keys, case, event)
    _hint(unit, case)
    return event


async def _event(unit: Unit, case: Case, message_id: str) -> Event:
    """A message of the case's own log."""
    place, _, number = message_id.rpartition(":")
    event = None
    if place == case.id and number.isascii() and number.isdecimal() and len(number) < 10:
        event = await unit.tx.get(Event, (LogKind.CASE, case.id, int(number)))
    if event is None or event.kind not in (MESSAGE, NOTE):
        raise not_found()
    return event


def _hint(unit: Unit, case: Case) -> None:
    unit.changes.threads[case.id] = _desks(case)


def _desks(case: Case) -> frozenset[str]:
    return frozenset(one for one in (case.tenant_id, case.warehouse_id) if one is not None)
