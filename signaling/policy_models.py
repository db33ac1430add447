"""What the policy routes are asked and answer, as the API describes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from cases.commands import Command
from cases.policy_check import Finding
from cases.policy_engine import PilotScope
from cases.policy_preview import MOST_PREVIEWED
from cases.policy_rules import PolicyDraft
from cases.view import View


class NewPolicy(PolicyDraft):
    """A new version, and which one it began as."""

    based_on: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class RuleWords(View):
    """What a buyer will read when a rule fires, by locale; ``…`` is filled from the case."""

    rule: str
    sentences: dict[str, str]


class Checked(View):
    """What is wrong with rules, and what they will say."""

    findings: list[Finding]
    words: list[RuleWords]


class StarterView(View):
    """A policy to begin with."""

    key: str
    title: str
    words: str
    policy: PolicyDraft


class StarterList(View):
    """All policies to begin with; ``notice`` says what they are not."""

    notice: str
    items: list[StarterView]


class PreviewWanted(Command):
    """How many past cases are looked at."""

    cases: Annotated[int, Field(ge=1, le=MOST_PREVIEWED, strict=True)] = 200


class PublishWanted(Command):
    """From when on; now when it is not said."""

    effective_from: Annotated[AwareDatetime, Field(strict=True)] | None = None


class PilotWanted(Command):
    """Which cases are answered first."""

    scope: PilotScope


class PoliciesWanted(Command):
    """Which part of the list."""

    cursor: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
