"""PURE. What stands in a buyer's calendar, in the buyer's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CalendarWords:
    """``summary`` has room for the seller's name and the order number."""

    summary: str
    description: str


_WORDS: Final = {
    "en": CalendarWords(
        "Video call with {seller} about order {order}",
        "Have the item at hand. When it is time, open this link and tap the button:",
    ),
    "zh": CalendarWords(
        "与 {seller} 的视频通话(订单 {order})",
        "请把商品放在手边。到时间后打开此链接并点击按钮:",
    ),
    "es": CalendarWords(
        "Videollamada con {seller} sobre el pedido {order}",
        "Tenga el artículo a mano. A la hora acordada, abra este enlace y toque el botón:",
    ),
    "de": CalendarWords(
        "Videoanruf mit {seller} zur Bestellung {order}",
        "Legen Sie den Artikel bereit. Öffnen Sie zur vereinbarten Zeit diesen Link und "
        "tippen Sie auf die Schaltfläche:",
    ),
    "ar": CalendarWords(
        "مكالمة فيديو مع {seller} بخصوص الطلب {order}",
        "جهّز المنتج أمامك. عند حلول الموعد افتح هذا الرابط واضغط على الزر:",
    ),
}


def words_for(locale: str) -> CalendarWords:
    """The words of a locale; English for one that has none."""
    return _WORDS.get(locale.partition("-")[0], _WORDS["en"])
