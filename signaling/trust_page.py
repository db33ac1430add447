"""The page by plain HTTP on which a phone fetches the LAN's certificate and reads how to use it."""

from __future__ import annotations

import ssl
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Final

from aiohttp import web

from runtime.settings import Settings
from signaling.trust_words import WORDS, TrustWords

_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 0 auto; padding: 24px 16px }
a.get { display: block; text-align: center; padding: 18px; border-radius: 10px; font-weight: 600;
  background: #0b6e5a; color: #fff; text-decoration: none; margin: 24px 0 }
code { font: 15px/1.7 ui-monospace, monospace; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.2 } h2 { font-size: 1.1rem; margin: 24px 0 4px }
ol { padding-inline-start: 1.4em; margin: 0 } p.quiet { opacity: .75 }
a.go { display: block; padding: 14px 0 }
"""
_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + b64encode(sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def build_trust_app(settings: Settings) -> web.Application:
    """An application of two answers: the page, and the authority's certificate (DER)."""
    certificate = _der(settings.lan_ca)
    app = web.Application()

    async def page(request: web.Request) -> web.Response:
        words = WORDS[_language(request.headers.get("Accept-Language", ""))]
        text = _page(words, _fingerprint(certificate), settings.public_url)
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    async def file(_request: web.Request) -> web.Response:
        return web.Response(
            body=certificate, content_type="application/x-x509-ca-cert", headers=_HEADERS
        )

    app.router.add_get("/", page)
    app.router.add_get("/trust", page)
    app.router.add_get("/proofcall-lan.crt", file)
    return app


def _page(words: TrustWords, fingerprint: str, address: str) -> str:
    guides = "".join(
        f"<h2>{escape(guide.device)}</h2><ol>"
        + "".join(f"<li>{escape(step)}</li>" for step in guide.steps)
        + "</ol>"
        for guide in words.guides
    )
    return f"""<!doctype html>
<html lang="{words.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(words.title)}</title><style>{_STYLE}</style></head><body><main>
<h1>{escape(words.title)}</h1><p>{escape(words.why)}</p>
<p>{escape(words.compare)}</p><p><code>{fingerprint}</code></p>
<a class="get" href="/proofcall-lan.crt" download="proofcall-lan.crt">{escape(words.download)}</a>
{guides}
<h2>{escape(words.then)}</h2><a class="go" href="{escape(address)}/">{escape(address)}</a>
<p class="quiet">{escape(words.limits)}</p>
</main></body></html>
"""


def _language(accepted: str) -> str:
    """The first language of the header that the page has; browsers list the preferred first."""
    for part in accepted.lower().split(","):
        tag = part.partition(";")[0].strip().partition("-")[0]
        if tag in WORDS:
            return tag
    return "en"


def _der(certificate: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


def _fingerprint(der: bytes) -> str:
    text = sha256(der).hexdigest().upper()
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2))
