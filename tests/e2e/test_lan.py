"""``--lan``: a phone on another network segment trusts the machine's authority and is in a call."""

from __future__ import annotations

import ssl
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Error

from infra.local.process import find_binary
from proofcall.lan import lan_addresses
from proofcall.lan_certificates import LanFiles, LanNames, ensure_certificates, fingerprint
from tests.support.cameras import Camera
from tests.support.chromium import PHONE, chromium, chromium_path
from tests.support.far_browsers import meeting, office
from tests.support.journeys import by, light_camera
from tests.support.machine import Machine, free_port, running_machine
from tests.support.namespaces import Namespace, Network, network
from tests.support.servers import start_or_skip

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]


@pytest.fixture
def net() -> Iterator[Network]:
    """A network to build; skips without root."""
    with ExitStack() as stack:
        yield start_or_skip(lambda: stack.enter_context(network()))


@asynccontextmanager
async def lan_machine(data: Path) -> AsyncIterator[Machine]:
    """A machine started with ``--lan``, its links by its own address."""
    address, port = lan_addresses()[0], free_port()
    async with running_machine(
        data, lan=True, lan_port=port, base_url=f"https://{address}:{port}"
    ) as machine:
        yield machine


def trusting_browser(folder: Path, guest: Namespace, ca: Path) -> Path:
    """Chromium in a namespace, with one authority installed as a person would install it."""
    certutil = start_or_skip(lambda: find_binary("certutil", "libnss3-tools"))
    home = folder / f"home-{ca.parent.parent.name}"
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for words in (
        ("-N", "--empty-password"),
        ("-A", "-n", "Proofcall LAN", "-t", "C,,", "-i", str(ca)),
    ):
        subprocess.run([certutil, "-d", f"sql:{store}", *words], check=True, capture_output=True)
    path = folder / f"chromium-{home.name}"
    inside = " ".join(guest.prefix)
    path.write_text(f'#!/bin/sh\nHOME={home} exec {inside} {chromium_path()} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.timeout(180)
async def test_a_phone_that_trusts_the_authority_is_in_a_call(net: Network, tmp_path: Path) -> None:
    """No warning, a secure context with camera, cookies marked secure; no HSTS is left behind."""
    guest = office(net, "10.78.3.2/24", "10.78.3.1/24")
    async with lan_machine(tmp_path / "data") as machine:
        phone = trusting_browser(tmp_path, guest, machine.settings.lan_ca)
        async with meeting(machine, phone, host_at=phone) as held:
            assert urlsplit(held.join_url).netloc == urlsplit(machine.url).netloc
            assert held.join_url.startswith("https://")
            assert await held.buyer_page.evaluate("isSecureContext")
            cookies = await held.buyer.context.cookies()
            assert cookies
            assert all(cookie["secure"] and cookie["httpOnly"] for cookie in cookies)
            await held.mark()
            await held.end()
            await by(held.buyer_page, "ended").wait_for(timeout=15_000)
            assert held.buyer.console_errors == []


@pytest.mark.timeout(120)
async def test_a_phone_that_trusts_another_authority_is_warned(
    net: Network, tmp_path: Path
) -> None:
    """Neither nothing installed nor somebody else's authority lets the page open."""
    guest = office(net, "10.78.4.2/24", "10.78.4.1/24")
    async with lan_machine(tmp_path / "data") as machine:
        keys = tmp_path / "other" / "keys"
        other = LanFiles(*(keys / name for name in ("ca.pem", "ca.key", "leaf", "leaf.key")))
        ensure_certificates(
            other, LanNames(tuple(lan_addresses()), ("x.local",)), datetime.now(UTC)
        )
        for browser in (guest.browser(tmp_path), trusting_browser(tmp_path, guest, other.ca)):
            with pytest.MonkeyPatch.context() as patched:
                patched.setenv("CHROMIUM", str(browser))
                async with chromium(light_camera(Camera.BUYER), viewport=PHONE) as running:
                    page = await running.context.new_page()
                    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                        await page.goto(f"{machine.url}/console")


@pytest.mark.timeout(120)
async def test_plain_http_hands_out_the_certificate_and_nothing_else(tmp_path: Path) -> None:
    """The trust page's certificate is the authority's; the pages are on HTTPS and on localhost."""
    async with lan_machine(tmp_path / "data") as machine:
        settings = machine.settings
        host = urlsplit(machine.url).hostname
        trust = f"http://{host}:{settings.trust_port}"
        pem = settings.lan_ca.read_text()
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{trust}/", headers={"Accept-Language": "de-AT,en"}) as page:
                text = await page.text()
                assert fingerprint(settings.lan_ca) in text
                assert 'lang="de"' in text
                assert machine.url in text
                assert "Set-Cookie" not in page.headers
                assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
            async with http.get(f"{trust}/proofcall-lan.crt") as file:
                der = await file.read()
                assert file.content_type == "application/x-x509-ca-cert"
                assert der == ssl.PEM_cert_to_DER_cert(pem)
                assert sha256(der).hexdigest().upper() == fingerprint(settings.lan_ca).replace(
                    ":", ""
                )
            for path in ("/inspect", "/api/v1/cases", "/proofcall-lan.key", "/healthz"):
                async with http.get(trust + path) as refused:
                    assert refused.status == 404
            async with http.post(f"{trust}/", data=b"x") as refused:
                assert refused.status == 405
            # The whole of Proofcall in plain text is for this machine alone.
            with pytest.raises(aiohttp.ClientConnectorError):
                await http.get(f"http://{host}:{settings.http_port}/healthz")
            context = ssl.create_default_context(cafile=str(settings.lan_ca))
            async with http.get(f"{machine.url}/console", ssl=context) as page:
                assert page.status == 200
                assert "Strict-Transport-Security" not in page.headers
            with pytest.raises(aiohttp.ClientError):
                await http.get(f"{machine.url}/console", ssl=only_old_tls())


def only_old_tls() -> ssl.SSLContext:
    """A client that knows TLS 1.1 at most."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    return old
