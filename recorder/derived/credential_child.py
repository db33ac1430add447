"""The process that puts content credentials into a film: bounded, and without the key.

Standard input gives the claim, the algorithm and the certificates; what is to be signed goes
to standard output, the signature comes back. The film is read from the open file whose number
is the first argument, and written with its credentials to that of the second.
"""

from __future__ import annotations

import json
import os
import sys
from base64 import b64decode, b64encode
from typing import Final

from c2pa import Builder, C2paSigningAlg, Context, Signer

from runtime.confined import confine

_MEMORY_BYTES: Final = 2 * 1024**3
_CPU_S: Final = 300
_ROOM_BYTES: Final = 1024 * 1024
_SETTINGS: Final = {
    # What was written is read again, and a signature or certificate that readers refuse found.
    "verify": {
        "verify_after_sign": True,
        "verify_trust": False,
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
    },
    "builder": {"thumbnail": {"enabled": False}},
}


def _ask(content: bytes) -> bytes:
    sys.stdout.write(json.dumps({"sign": b64encode(content).decode()}) + "\n")
    sys.stdout.flush()
    return b64decode(sys.stdin.buffer.readline())


def main() -> int:
    """The child."""
    os.nice(5)
    wanted = json.loads(sys.stdin.buffer.readline())
    with os.fdopen(int(sys.argv[1]), "rb") as film, os.fdopen(int(sys.argv[2]), "r+b") as signed:
        size = film.seek(0, os.SEEK_END)
        film.seek(0)
        confine(_MEMORY_BYTES, cpu_s=_CPU_S, file_bytes=size + _ROOM_BYTES)
        algorithm = C2paSigningAlg[wanted["algorithm"].upper()]
        signer = Signer.from_callback(_ask, algorithm, wanted["chain"], None)
        builder = Builder(wanted["claim"], Context.from_dict(_SETTINGS))
        builder.sign(signer, "video/mp4", film, signed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
