"""The QR codes that a hand holds before a test camera, and their only reader.

A code of 20 mm held 25 cm before a phone whose picture is 52° wide: 1280 pixels then show
2 · 250 mm · tan 26° = 244 mm, so a millimetre is 5.25 pixels and the code 105 pixels wide.
It is a version 2 symbol, as a serial number of a dozen letters needs: 25 modules of 4.2
pixels. The hand trembles by ``SWING_PX``, and every second it holds another code.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import segno
import zxingcpp

CODE_PX = 105
MODULES = 25
SWING_PX = 8
CODES = 120
EVERY_MS = 1000
_PREFIX = "PROOFCALL-"


@cache
def drawing() -> dict[str, Any]:
    """What ``synced_source.js`` draws, in the units of a 1280 × 720 picture."""
    return {
        "codes": [_dots(number) for number in range(CODES)],
        "modules": MODULES,
        "codeWidth": CODE_PX,
        "margin": 20,
        "labelWidth": 300,
        "labelHeight": 175,
        "x": 110,
        "y": 330,
        "swing": SWING_PX,
        "everyMs": EVERY_MS,
    }


def held_at(clock_ms: int) -> int:
    """The number of the code that was held at a Unix time."""
    return clock_ms // EVERY_MS % CODES


def read_held(luma: npt.NDArray[np.uint8]) -> int | None:
    """The number of the code in a picture, (height, width) luma, or None if none can be read."""
    for found in zxingcpp.read_barcodes(luma, formats=zxingcpp.BarcodeFormat.QRCode):
        if found.text.startswith(_PREFIX):
            return int(found.text.removeprefix(_PREFIX))
    return None


def _dots(number: int) -> str:
    code = segno.make(f"{_PREFIX}{number:06d}", version=2, error="m", boost_error=False)
    return "".join(str(int(dot)) for row in code.matrix for dot in row)
