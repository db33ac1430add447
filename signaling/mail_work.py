"""The durable work that sends a mail, at least once, under one Message-ID."""

from __future__ import annotations

from urllib.parse import urlsplit

from cases import mail
from cases.mail import MailFailed, MailRefused, MailServer, MailState
from signaling.services import Services


async def send_mail(services: Services, server: MailServer | None, mail_id: str) -> None:
    """Hand a mail to the server and write down how it went; one that was sent stays sent.

    Raises:
        MailFailed: try again later.
    """
    host = urlsplit(services.settings.public_url).hostname or "localhost"
    async with services.database.read() as tx:
        envelope = await mail.envelope_of(tx, services.keys, mail_id, host)
    if envelope is None:
        return
    if server is None:
        await _note(services, mail_id, MailState.NO_SERVER, "")
        return
    state, words = MailState.SENT, ""
    try:
        await server.send(envelope)
    except MailRefused as error:
        state, words = MailState.REFUSED, str(error)
    except MailFailed as error:
        state, words = MailState.QUEUED, str(error)
    await _note(services, mail_id, state, words)
    if state is MailState.QUEUED:
        # The server's words may repeat the address: they are not for logs nor for the queue.
        raise MailFailed("The mail server did not take it yet.")


async def _note(services: Services, mail_id: str, state: MailState, words: str) -> None:
    async with services.database.begin() as tx:
        await mail.note_try(tx, services.keys, mail_id, state, words, services.clock.now())
