"""The page behind "no more of these": one click by RFC 8058, or a choice by group; no script."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from aiohttp import web

from cases import opt_outs
from cases.notice_kinds import NoticeGroup
from cases.opt_outs import OPTIONAL, OptOutLink
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.opt_out_words import WORDS, OptOutWords
from signaling.services import SERVICES

_STYLE: Final = """
body { font: 17px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 0 auto; padding: 24px 16px;
  background: #f7f7f4; color: #14191f }
h1 { font-size: 1.5rem; line-height: 1.25 }
ul { list-style: none; margin: 24px 0; padding: 0 }
li { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center;
  justify-content: space-between; padding: 8px 0; border-top: 1px solid #d9dbd6 }
form { margin: 0; margin-inline-start: auto }
button { font: inherit; font-weight: 600; min-height: 48px; min-width: 8rem; padding: 0 18px;
  border-radius: 10px; border: 1px solid #0b6e5a; background: #fff; color: #0b6e5a }
button:focus-visible { outline: 3px solid #14191f; outline-offset: 2px }
p.done { background: #e2f0ec; border-inline-start: 4px solid #0b6e5a; padding: 12px 16px }
p.quiet { color: #4a535d; font-size: 15px }
"""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'sha256-"
    + b64encode(sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Robots-Tag": "noindex",
}


def add_routes(app: web.Application) -> None:
    """Serve the page and what its buttons and a mail program's button send."""
    app.router.add_get("/out/{token}", _show)
    app.router.add_post("/out/{token}", _change)


async def _show(request: web.Request) -> web.Response:
    """A GET changes nothing: mail scanners follow every link."""
    services = request.app[SERVICES]
    link = opt_outs.read_token(services.keys, request.match_info["token"])
    return await _page(request, link, "")


async def _change(request: web.Request) -> web.Response:
    """``List-Unsubscribe=One-Click`` ends the mail's own group; the form names one.

    Raises:
        CaseError: ``link_unknown`` (404), ``invalid`` (422) for a form that is not ours.
    """
    services = request.app[SERVICES]
    link = opt_outs.read_token(services.keys, request.match_info["token"])
    sent = await request.post()
    is_back = sent.get("wanted") == "again"
    if sent.get("List-Unsubscribe") == "One-Click":
        group, is_back = link.group, False
    else:
        found = [one for one in OPTIONAL if one == sent.get("group")]
        if not found or sent.get("wanted") not in ("again", "no_more"):
            raise CaseError("invalid", "This form is not ours.", status=422)
        group = found[0]

    async def act(unit: Unit) -> None:
        await opt_outs.seller_name(unit.tx, link)
        if is_back:
            await opt_outs.opt_in(unit.tx, link, group)
        else:
            await opt_outs.opt_out(unit.tx, link, group, unit.now)

    await services.run(act)
    words = _words(link)
    return await _page(request, link, words.back if is_back else words.done)


def _words(link: OptOutLink) -> OptOutWords:
    return WORDS.get(link.locale, WORDS["en"])


async def _page(request: web.Request, link: OptOutLink, done: str) -> web.Response:
    services = request.app[SERVICES]
    async with services.database.read() as tx:
        seller = await opt_outs.seller_name(tx, link)
        stopped = await opt_outs.opted_out(tx, link)
    words = _words(link)
    title = escape(words.title.replace("{seller}", seller))
    rows = "".join(_row(words, group, group in stopped) for group in OPTIONAL)
    told = f'<p class="done" role="status">{escape(done)}</p>' if done else ""
    direction = "rtl" if link.locale == "ar" else "ltr"
    text = f"""<!doctype html>
<html lang="{escape(link.locale)}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{_STYLE}</style></head><body><main>
<h1>{title}</h1>{told}<p>{escape(words.intro)}</p><ul>{rows}</ul>
<p class="quiet">{escape(words.always)}</p>
</main></body></html>
"""
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)


def _row(words: OptOutWords, group: NoticeGroup, is_stopped: bool) -> str:
    name = escape(words.groups[group])
    label = words.want if is_stopped else words.stop
    wanted = "again" if is_stopped else "no_more"
    return (
        f'<li><span id="{group}">{name}</span><form method="post">'
        f'<input type="hidden" name="group" value="{group}">'
        f'<button name="wanted" value="{wanted}" aria-describedby="{group}">'
        f"{escape(label)}</button></form></li>"
    )
