"""PURE. The short text that goes into the buyer's chat together with the join link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEFAULT_LOCALE: Final = "en"

_TEXTS: Final[Mapping[str, str]] = {
    "en": (
        "Hello {buyer}, about your return {order} ({title}): tap here to show it to us on a "
        "short video call. No app, no account: {url}"
    ),
    "zh-Hans": (
        "{buyer}，您好！关于您的退货 {order}（{title}）：点击链接即可通过视频让我们看看商品，"
        "无需下载应用，无需注册：{url}"
    ),
    "es": (
        "Hola {buyer}: sobre su devolución {order} ({title}), pulse aquí para enseñárnosla en "
        "una breve videollamada. Sin aplicación ni cuenta: {url}"
    ),
    "de": (
        "Guten Tag {buyer}, zu Ihrer Rücksendung {order} ({title}): Tippen Sie hier, um sie "
        "uns in einem kurzen Videoanruf zu zeigen. Ohne App, ohne Konto: {url}"
    ),
}
_TEXTS_WAREHOUSE_SHOWS: Final[Mapping[str, str]] = {
    "en": (
        "Hello {buyer}, your return {order} ({title}) has reached us: tap here to see it with "
        "us on a short video call. No app, no account: {url}"
    ),
    "zh-Hans": (
        "{buyer}，您好！您的退货 {order}（{title}）已送达：点击链接即可通过视频与我们一起查看，"
        "无需下载应用，无需注册：{url}"
    ),
    "es": (
        "Hola {buyer}: hemos recibido su devolución {order} ({title}). Pulse aquí para verla "
        "con nosotros en una breve videollamada. Sin aplicación ni cuenta: {url}"
    ),
    "de": (
        "Guten Tag {buyer}, Ihre Rücksendung {order} ({title}) ist bei uns: Tippen Sie hier, "
        "um sie in einem kurzen Videoanruf mit uns anzusehen. Ohne App, ohne Konto: {url}"
    ),
}
_MAX_TITLE_CHARS: Final = 60


@dataclass(frozen=True, slots=True)
class Invitation:
    """A text ready to paste, and the locale it is written in."""

    locale: str
    text: str


def closest_locale(wanted: str) -> str:
    """The locale of ours that serves a reader of ``wanted`` best (a BCP 47 tag)."""
    language = wanted.partition("-")[0].lower()
    # Readers of traditional characters read simplified ones more easily than English.
    ours = {"en": "en", "zh": "zh-Hans", "es": "es", "de": "de"}
    return ours.get(language, DEFAULT_LOCALE)


def invitation(
    *,
    locale: str,
    buyer_name: str,
    order_number: str,
    title: str,
    warehouse_shows: bool,
    url: str,
) -> Invitation:
    """The invitation in the buyer's language, or in English when we have no other."""
    ours = closest_locale(locale)
    texts = _TEXTS_WAREHOUSE_SHOWS if warehouse_shows else _TEXTS
    shown = title if len(title) <= _MAX_TITLE_CHARS else title[: _MAX_TITLE_CHARS - 1] + "…"
    # One replacement after the other would let a title that contains "{url}" move the link.
    text = texts[ours].format(buyer=buyer_name, order=order_number, title=shown, url=url)
    return Invitation(ours, text)
