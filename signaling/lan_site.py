"""HTTPS to the LAN beside the plain address of this machine, and the page that hands out trust."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from runtime.errors import SetupError
from runtime.settings import Settings
from signaling.trust_page import build_trust_app

log = structlog.get_logger()

_ALL_INTERFACES = "0.0.0.0"  # noqa: S104  Phones are meant to reach it.


@asynccontextmanager
async def serve_lan(settings: Settings, runner: web.AppRunner) -> AsyncIterator[None]:
    """Serve the runner's application by HTTPS, and the trust page, until the block ends.

    The site itself ends with its runner. The trust page is there only for a generated
    authority and carries nothing else: no cookie, no page of ours, no API.

    Raises:
        SetupError: a port is taken or the certificate cannot be used.
    """
    context = await asyncio.to_thread(https_context, settings)
    await _listen(web.TCPSite(runner, _ALL_INTERFACES, settings.lan_port, ssl_context=context))
    trust: web.AppRunner | None = None
    if settings.tls_cert is None:
        trust = web.AppRunner(build_trust_app(settings), access_log=None)
        await trust.setup()
    try:
        if trust is not None:
            await _listen(web.TCPSite(trust, _ALL_INTERFACES, settings.trust_port))
        log.info("web serves the network", port=settings.lan_port)
        yield
    finally:
        if trust is not None:
            await trust.cleanup()


def https_context(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 or newer with the certificate that the settings name.

    Raises:
        SetupError: it cannot be read, or does not belong to its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    certificate, key = settings.https_files
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise SetupError(
            f"the certificate {certificate} cannot be used ({error.strerror or error}): "
            "mend PROOFCALL_TLS_CERT and PROOFCALL_TLS_KEY"
        ) from error
    return context


async def _listen(site: web.TCPSite) -> None:
    try:
        await site.start()
    except OSError as error:
        raise SetupError(
            f"Cannot listen on {site.name}: {error.strerror or error}. "
            "Set PROOFCALL_LAN_PORT to another one."
        ) from error
