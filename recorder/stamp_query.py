"""PURE. The question to a time-stamping authority (TimeStampReq, RFC 3161, section 2.4.1)."""

from __future__ import annotations

from typing import Final

NONCE_BITS: Final = 63

# version 1; SHA-256 without parameters but NULL (RFC 5754); then the digest itself.
_VERSION: Final = bytes.fromhex("020101")
_ALGORITHM: Final = bytes.fromhex("300d06096086480165030402010500")
_CERTIFICATES_PLEASE: Final = bytes.fromhex("0101ff")
_SEQUENCE: Final = 0x30
_OCTETS: Final = 0x04
_INTEGER: Final = 0x02


def stamp_query(imprint: str, nonce: int) -> bytes:
    """Ask for a time-stamp of a SHA-256 (hex), with the certificates that prove it.

    ``nonce`` is not negative and has at most ``NONCE_BITS`` bits.
    """
    number = nonce.to_bytes(nonce.bit_length() // 8 + 1)
    stamped = _value(_SEQUENCE, _ALGORITHM + _value(_OCTETS, bytes.fromhex(imprint)))
    return _value(_SEQUENCE, _VERSION + stamped + _value(_INTEGER, number) + _CERTIFICATES_PLEASE)


def _value(tag: int, content: bytes) -> bytes:
    assert len(content) < 0x80, "all of it is short"
    return bytes([tag, len(content)]) + content
