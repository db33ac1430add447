"""PURE. What a person would call the device behind a User-Agent."""

from __future__ import annotations

from typing import Final

_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_MACHINES: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("CrOS", "Chromebook"), ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def device_words(user_agent: str) -> str:
    """Like ``Chrome · Android``; ``?`` for what is not known."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "?")
    machine = next((name for sign, name in _MACHINES if sign in user_agent), "?")
    return f"{browser} · {machine}" if (browser, machine) != ("?", "?") else "?"
