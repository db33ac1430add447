"""The demo's return cases: what buyers in four languages sent back, with drawn listing pictures."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np

Json = dict[str, Any]
_AA = cv2.LINE_AA


@dataclass(frozen=True, slots=True)
class DemoCase:
    """A case to open, and what has become of it since."""

    body: Json
    verdict: Json | None = None
    invited: bool = True
    closed: bool = False


def _data_url(picture: np.ndarray[Any, Any]) -> str:
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()


def _backdrop(light: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    rows = np.linspace(1.0, 0.88, 640)[:, None, None]
    return (np.array(light) * rows * np.ones((640, 640, 1))).astype(np.uint8)


@cache
def _jacket() -> str:
    p = _backdrop((238, 240, 242))
    olive, dark = (58, 96, 92), (40, 70, 66)
    body = np.array([[210, 150], [430, 150], [470, 560], [170, 560]])
    cv2.fillPoly(
        p, [np.array([[215, 155], [110, 250], [80, 480], [150, 500], [205, 300]])], dark, _AA
    )
    cv2.fillPoly(
        p, [np.array([[425, 155], [530, 250], [560, 480], [490, 500], [435, 300]])], dark, _AA
    )
    cv2.fillPoly(p, [body], olive, _AA)
    cv2.fillPoly(
        p,
        [np.array([[250, 150], [320, 230], [390, 150], [350, 120], [290, 120]])],
        (36, 60, 84),
        _AA,
    )
    cv2.line(p, (320, 230), (320, 560), dark, 4, _AA)
    for y in range(270, 560, 70):
        cv2.circle(p, (334, y), 7, (60, 150, 190), -1, _AA)
    for x in (215, 355):
        cv2.rectangle(p, (x, 420), (x + 75, 500), dark, 3, _AA)
    return _data_url(p)


@cache
def _lamp() -> str:
    p = _backdrop((236, 238, 240))
    cv2.ellipse(p, (320, 570), (130, 24), 0, 0, 360, (60, 60, 60), -1, _AA)
    cv2.line(p, (320, 560), (250, 340), (80, 80, 84), 16, _AA)
    cv2.line(p, (250, 340), (400, 200), (80, 80, 84), 16, _AA)
    cv2.fillPoly(
        p, [np.array([[360, 150], [460, 200], [470, 330], [330, 260]])], (72, 120, 196), _AA
    )
    cv2.ellipse(p, (402, 296), (80, 26), 27, 0, 360, (190, 240, 255), -1, _AA)
    return _data_url(p)


@cache
def _rug() -> str:
    p = _backdrop((228, 232, 236))
    cv2.rectangle(p, (110, 90), (530, 550), (70, 70, 140), -1, _AA)
    for inset, colour in ((24, (200, 210, 225)), (40, (70, 70, 140)), (90, (170, 185, 205))):
        cv2.rectangle(p, (110 + inset, 90 + inset), (530 - inset, 550 - inset), colour, 8, _AA)
    for y in range(220, 440, 44):
        for x in range(230, 430, 44):
            cv2.ellipse(p, (x, y), (14, 14), 45, 0, 360, (170, 185, 205), 3, _AA)
    return _data_url(p)


@cache
def _headphones() -> str:
    p = _backdrop((240, 240, 238))
    cv2.ellipse(p, (320, 330), (190, 210), 0, 180, 360, (50, 50, 54), 30, _AA)
    for x in (130, 510):
        cv2.ellipse(p, (x, 390), (58, 92), 0, 0, 360, (40, 40, 44), -1, _AA)
        cv2.ellipse(p, (x, 390), (34, 64), 0, 0, 360, (150, 110, 70), -1, _AA)
    return _data_url(p)


@cache
def _kettle() -> str:
    p = _backdrop((240, 240, 240))
    body = np.array([[200, 540], [240, 180], [420, 180], [470, 540]])
    cv2.fillPoly(p, [body], (176, 172, 166), _AA)
    cv2.fillPoly(
        p, [np.array([[300, 540], [310, 180], [350, 180], [360, 540]])], (214, 212, 208), _AA
    )
    cv2.ellipse(p, (330, 180), (90, 18), 0, 0, 360, (66, 62, 60), -1, _AA)
    cv2.circle(p, (330, 160), 18, (40, 40, 40), -1, _AA)
    cv2.ellipse(p, (480, 340), (62, 120), 0, -95, 95, (46, 44, 42), 24, _AA)
    cv2.fillPoly(p, [np.array([[236, 220], [160, 260], [230, 320]])], (150, 146, 140), _AA)
    return _data_url(p)


def _case(
    order: str,
    buyer: tuple[str, str, str],
    claim: tuple[str, str],
    item: tuple[str, str, str, str, dict[str, str]],
    currency: str = "EUR",
) -> Json:
    name, email, locale = buyer
    reason, words = claim
    sku, title, price, picture, properties = item
    return {
        "order_number": order,
        "buyer": {"name": name, "email": email, "locale": locale},
        "currency": currency,
        "direction": "buyer_shows",
        "warehouse_id": None,
        "claim": {"reason": reason, "words": words, "locale": locale},
        "items": [
            {
                "sku": sku,
                "quantity": 1,
                "price": price,
                "listing": {"title": title, "pictures": [picture], "properties": properties},
            }
        ],
    }


CASES = (
    DemoCase(
        _case(
            "10482",
            ("Ana Martín", "ana@example.com", "es"),
            ("colour_differs", "Es mucho más marrón que en la foto."),
            (
                "JK-OL-M",
                "Waxed jacket, olive, M",
                "148.00",
                _jacket(),
                {"Colour": "Olive", "Size": "M", "Material": "Waxed cotton"},
            ),
        )
    ),
    DemoCase(
        _case(
            "10467",
            ("李雯", "liwen@example.com", "zh-Hans"),
            ("defective", "台灯打不开，换了灯泡也不亮。"),
            (
                "LP-204",
                "Desk lamp, brass arm",
                "59.90",
                _lamp(),
                {"Bulb": "E14, included", "Height": "48 cm"},
            ),
        ),
        invited=False,
    ),
    DemoCase(
        _case(
            "10391",
            ("Layla Haddad", "layla@example.com", "en"),
            ("size_fit", "It is 10 cm shorter than the listing says."),
            (
                "RG-160",
                "Wool rug, 160 × 230 cm",
                "219.00",
                _rug(),
                {"Size": "160 × 230 cm", "Pile": "Wool"},
            ),
        ),
        {
            "outcome": "resolved_without_return",
            "disposition": None,
            "liability": "description",
            "note": "Listing measured with fringe. Kept with 20 % back; listing corrected.",
        },
    ),
    DemoCase(
        _case(
            "10388",
            ("Jürgen Köhler", "juergen@example.com", "de"),
            ("changed_mind", "Gefällt mir doch nicht, nach fünf Wochen."),
            (
                "HP-70",
                "Over-ear headphones",
                "89.00",
                _headphones(),
                {"Driver": "40 mm", "Cable": "1.5 m"},
            ),
        ),
        {
            "outcome": "reject",
            "disposition": None,
            "liability": "buyer",
            "note": "Outside the 14-day window, no fault found in the description.",
        },
        closed=True,
    ),
)

RECORDED_CASE = _case(
    "10317",
    ("Tomi Okafor", "tomi@example.com", "en"),
    ("damaged", "The kettle arrived with a dent, the box was crushed."),
    (
        "NK-170-S",
        "Kettle 1.7 l, brushed steel",
        "64.50",
        _kettle(),
        {"Volume": "1.7 l", "Power": "2200 W", "Finish": "Brushed steel"},
    ),
)

POLICY: Json = {
    "title": "Nordhaus returns",
    "rules": [
        {
            "name": "Missing parts are sent",
            "when": [{"fact": "reason", "values": ["missing_parts"]}],
            "answer": {"kind": "offer", "offer": "spare_part"},
        },
        {
            "name": "Cheap damage: keep it",
            "when": [
                {"fact": "reason", "values": ["damaged"]},
                {"fact": "value", "currency": "EUR", "at_most": "25.00"},
            ],
            "answer": {"kind": "offer", "offer": "discount", "percent": 40},
        },
        {
            "name": "What is wrong is shown",
            "when": [{"fact": "reason", "match": "none_of", "values": ["changed_mind", "other"]}],
            "answer": {"kind": "inspect_by_video"},
            "because": "fault",
        },
    ],
    "otherwise": {"kind": "ask_a_person"},
}
