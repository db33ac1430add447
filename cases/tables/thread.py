"""Beside the thread, whose words stand in the logs: how far each has read, and reply scripts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class ThreadRead(Base):
    """How far somebody has read in a case's thread."""

    __tablename__ = "thread_reads"
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    reader: Mapped[str] = mapped_column(primary_key=True)  # buyer, or an actor's label
    read_to: Mapped[datetime]  # the time of the newest message that was read


class ReplyScript(Base):
    """A tenant's own words for a reply in one language, or its change of a shipped one."""

    __tablename__ = "reply_scripts"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    scene: Mapped[str]  # Scene
    title: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
