"""Derived copies of recordings: films drawn from them, and originals with content credentials."""
