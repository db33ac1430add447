"""PURE. Quick phrases for the moments of an inspection, in every shipped language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "turn_over": {
        "en": "Please turn it over slowly.",
        "zh-Hans": "请慢慢把它翻过来。",
        "es": "Dele la vuelta despacio, por favor.",
        "de": "Bitte drehen Sie es langsam um.",
        "ar": "من فضلك اقلبه ببطء.",
    },
    "serial_number": {
        "en": "Please show me the serial number.",
        "zh-Hans": "请给我看一下序列号。",
        "es": "Enséñeme el número de serie, por favor.",
        "de": "Bitte zeigen Sie mir die Seriennummer.",
        "ar": "من فضلك أرني الرقم التسلسلي.",
    },
    "closer": {
        "en": "Please come a little closer with the camera.",
        "zh-Hans": "请把镜头再靠近一点。",
        "es": "Acerque un poco más la cámara, por favor.",
        "de": "Bitte gehen Sie mit der Kamera etwas näher heran.",
        "ar": "من فضلك قرّب الكاميرا قليلًا.",
    },
    "hold_still": {
        "en": "Please hold still for a moment.",
        "zh-Hans": "请保持不动一会儿。",
        "es": "No se mueva un momento, por favor.",
        "de": "Bitte halten Sie einen Moment still.",
        "ar": "من فضلك اثبت للحظة.",
    },
    "more_light": {
        "en": "Please switch on a light, or go to a window.",
        "zh-Hans": "请开一下灯，或者走到窗边。",
        "es": "Encienda una luz o acérquese a una ventana, por favor.",
        "de": "Bitte machen Sie Licht an oder gehen Sie ans Fenster.",
        "ar": "من فضلك أشعل الضوء أو اقترب من النافذة.",
    },
    "switch_on": {
        "en": "Please switch the device on.",
        "zh-Hans": "请打开设备电源。",
        "es": "Encienda el aparato, por favor.",
        "de": "Bitte schalten Sie das Gerät ein.",
        "ar": "من فضلك شغّل الجهاز.",
    },
    "packaging": {
        "en": "Please show me the packaging and the shipping label.",
        "zh-Hans": "请给我看一下包装和快递面单。",
        "es": "Enséñeme el embalaje y la etiqueta de envío, por favor.",
        "de": "Bitte zeigen Sie mir die Verpackung und das Versandetikett.",
        "ar": "من فضلك أرني التغليف وملصق الشحن.",
    },
    "everything_in_box": {
        "en": "Please show me everything that was in the box.",
        "zh-Hans": "请给我看一下盒子里的所有东西。",
        "es": "Enséñeme todo lo que venía en la caja, por favor.",
        "de": "Bitte zeigen Sie mir alles, was im Karton war.",
        "ar": "من فضلك أرني كل ما كان في الصندوق.",
    },
}
