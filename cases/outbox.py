"""The port through which a commit also orders the work that must follow it."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession


class Outbox(Protocol):
    """Enqueues durable work in the caller's own transaction: both happen or neither."""

    async def enqueue(
        self, tx: AsyncSession, workflow: str, workflow_id: str, *arguments: str
    ) -> None:
        """Order ``workflow`` once per ``workflow_id``; a second order changes nothing."""
        ...
