"""SRTP in place: libsrtp called through pylibsrtp's own binding, without copies.

``pylibsrtp.Session.protect`` copies a packet in and out and allocates; calling the
same library on one shared buffer costs half. The binding is private to pylibsrtp:
``tests/contract/test_aiortc_hooks.py`` holds it.
"""

from __future__ import annotations

from typing import Any

from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

Pointer = Any
"""A cffi pointer; the binding has no types."""

HEADROOM = 16
"""Bytes kept free before a received packet, so that a longer header fits in its place."""
MAX_PACKET = 2048
_TRAILER = 160

protect_rtp = lib.srtp_protect
unprotect_rtp = lib.srtp_unprotect
_protect_rtcp = lib.srtp_protect_rtcp
_unprotect_rtcp = lib.srtp_unprotect_rtcp


class PacketBuffer:
    """One datagram's memory, seen by Python (``view``) and by libsrtp (``pointer``)."""

    __slots__ = ("length", "pointer", "view")

    def __init__(self) -> None:
        self.pointer: Pointer = ffi.new("char[]", HEADROOM + MAX_PACKET + _TRAILER)
        self.view = memoryview(ffi.buffer(self.pointer))
        self.length: Pointer = ffi.new("int *")


class SrtpContext:
    """One direction of one peer; keeps the session alive as long as its pointer is used."""

    __slots__ = ("_session", "pointer")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.pointer: Pointer = session._srtp[0]

    def protect(self, packet: bytes, buffer: PacketBuffer, *, rtcp: bool) -> memoryview | None:
        """The protected packet inside ``buffer``, None if libsrtp refuses it."""
        return self._run(_protect_rtcp if rtcp else protect_rtp, packet, buffer)

    def unprotect(self, packet: bytes, buffer: PacketBuffer, *, rtcp: bool) -> memoryview | None:
        """The clear packet inside ``buffer``, None if it is forged, repeated or malformed."""
        return self._run(_unprotect_rtcp if rtcp else unprotect_rtp, packet, buffer)

    def _run(self, function: Pointer, packet: bytes, buffer: PacketBuffer) -> memoryview | None:
        size = len(packet)
        if size > MAX_PACKET:
            return None
        buffer.view[:size] = packet
        buffer.length[0] = size
        if function(self.pointer, buffer.pointer, buffer.length):
            return None
        return buffer.view[: buffer.length[0]]
