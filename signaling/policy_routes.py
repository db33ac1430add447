"""The policy routes of ``/api/v1``: versions, their check, preview, trial and publication."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from cases import policies, policy_words
from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.policies import policy_tenant
from cases.policy_check import check
from cases.policy_engine import sentence_of
from cases.policy_preview import Preview, preview
from cases.policy_rules import PolicyDraft
from cases.policy_starters import NO_ADVICE, starters
from cases.policy_views import (
    Effect,
    PolicyPage,
    PolicyView,
    effect_view,
    list_policies,
    policy_view,
)
from cases.tables import Policy
from cases.unit import Unit
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body, parse_query
from signaling.etags import etag_of, wanted_version
from signaling.once import IDEMPOTENCY_HEADER, Made, answer_once
from signaling.openapi import route
from signaling.policy_models import (
    Checked,
    NewPolicy,
    PilotWanted,
    PoliciesWanted,
    PreviewWanted,
    PublishWanted,
    RuleWords,
    StarterList,
    StarterView,
)
from signaling.services import SERVICES

_IF_MATCH = {"If-Match": "The ETag of the policy as it was read; required."}
_UNMATCHED = {428: "if_match_required"}


def add_routes(app: web.Application) -> None:
    """Serve the policy routes."""
    openapi.register(
        app,
        [
            get_policies,
            create_policy,
            get_policy_starters,
            check_policy,
            get_policy,
            save_policy,
            preview_policy,
            publish_policy,
            withdraw_policy,
            start_policy_pilot,
            end_policy_pilot,
            get_policy_effect,
            roll_back_policy,
        ],
    )


@route(
    "GET",
    "/api/v1/policies",
    "The versions of the seller's return policy, newest first",
    query=PoliciesWanted,
    answers={200: PolicyPage},
)
async def get_policies(request: web.Request) -> web.Response:
    """One page of versions."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    wanted = parse_query(request, PoliciesWanted)
    async with services.database.read() as tx:
        page = await list_policies(
            tx, actor, before=wanted.cursor, limit=wanted.limit, now=services.clock.now()
        )
    return web.json_response(page.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/policies",
    "Save rules as a new version that answers nothing yet",
    body=NewPolicy,
    headers=IDEMPOTENCY_HEADER,
    answers={201: PolicyView},
)
async def create_policy(request: web.Request) -> web.Response:
    """A new draft; rules that contradict or never answer are refused."""
    actor = await require_key_or_staff(request)
    policy_tenant(actor, Action.WRITE_POLICIES)
    body = await parse_body(request, NewPolicy)
    draft = PolicyDraft(title=body.title, rules=body.rules, otherwise=body.otherwise)

    async def act(unit: Unit) -> Policy:
        return await policies.create_draft(unit, actor, draft, body.based_on)

    return await _made(request, actor, act)


@route(
    "GET",
    "/api/v1/policy-starters",
    "Policies to begin with; no legal advice",
    answers={200: StarterList},
)
async def get_policy_starters(request: web.Request) -> web.Response:
    """All of them, rules included."""
    actor = await require_key_or_staff(request)
    policy_tenant(actor, Action.READ_POLICIES)
    answer = StarterList(
        notice=NO_ADVICE,
        items=[
            StarterView(key=one.key, title=one.title, words=one.words, policy=one.draft)
            for one in starters()
        ],
    )
    return web.json_response(answer.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/policies/check",
    "Say what is wrong with rules, and what buyers would read, without saving",
    repeat="nothing is saved.",
    body=PolicyDraft,
    answers={200: Checked},
)
async def check_policy(request: web.Request) -> web.Response:
    """Findings, empty when the rules may be saved."""
    actor = await require_key_or_staff(request)
    policy_tenant(actor, Action.WRITE_POLICIES)
    draft = await parse_body(request, PolicyDraft)
    answer = Checked(
        findings=await asyncio.to_thread(check, draft),
        words=[
            RuleWords(rule=rule.name, sentences=policy_words.sentences(*sentence_of(rule)))
            for rule in draft.rules
            if policy_words.is_known(sentence_of(rule)[0])
        ],
    )
    return web.json_response(answer.model_dump(mode="json"))


@route("GET", "/api/v1/policies/{id}", "One version", answers={200: PolicyView})
async def get_policy(request: web.Request) -> web.Response:
    """One version with its rules, and its revision as ``ETag``."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        view = await policy_view(tx, actor, request.match_info["id"], services.clock.now())
    return _policy(view)


@route(
    "PUT",
    "/api/v1/policies/{id}",
    "Save a draft",
    body=PolicyDraft,
    headers=_IF_MATCH,
    errors=_UNMATCHED,
    answers={200: PolicyView},
)
async def save_policy(request: web.Request) -> web.Response:
    """Replace a draft's rules; a version that was used stays as it is (``policy_fixed``)."""
    actor = await require_key_or_staff(request)
    policy_tenant(actor, Action.WRITE_POLICIES)
    draft = await parse_body(request, PolicyDraft)
    version = wanted_version(request, "policy")
    policy_id = request.match_info["id"]

    async def act(unit: Unit) -> Policy:
        return await policies.save_draft(unit, actor, policy_id, draft, version)

    return await _changed(request, act)


@route(
    "POST",
    "/api/v1/policies/{id}/preview",
    "What these rules would have answered to past cases",
    repeat="nothing is made; the version is previewed, as it was.",
    body=PreviewWanted,
    answers={200: Preview},
)
async def preview_policy(request: web.Request) -> web.Response:
    """Past cases under these rules and under those in force; it opens the way to publishing."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    policy_tenant(actor, Action.WRITE_POLICIES)
    wanted = await parse_body(request, PreviewWanted)
    policy_id = request.match_info["id"]
    async with services.database.read() as tx:
        found = await preview(tx, actor, policy_id, wanted.cases, services.clock.now())

    async def act(unit: Unit) -> None:
        await policies.note_preview(unit, actor, policy_id, found.revision)

    await services.run(act)
    return web.json_response(found.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/policies/{id}/publish",
    "Put a version in force, now or from a date on",
    body=PublishWanted,
    headers=_IF_MATCH,
    errors=_UNMATCHED,
    answers={200: PolicyView},
)
async def publish_policy(request: web.Request) -> web.Response:
    """Publish a version that was previewed."""
    actor = await require_key_or_staff(request)
    policy_tenant(actor, Action.WRITE_POLICIES)
    wanted = await parse_body(request, PublishWanted)
    version = wanted_version(request, "policy")
    policy_id = request.match_info["id"]

    async def act(unit: Unit) -> Policy:
        return await policies.publish(unit, actor, policy_id, wanted.effective_from, version)

    return await _changed(request, act)


@route(
    "DELETE",
    "/api/v1/policies/{id}/publish",
    "Take back a version whose date has not come",
    headers=_IF_MATCH,
    errors=_UNMATCHED,
    answers={200: PolicyView},
)
async def withdraw_policy(request: web.Request) -> web.Response:
    """A version in force cannot be taken back: roll back to another."""
    actor = await require_key_or_staff(request)
    version = wanted_version(request, "policy")
    policy_id = request.match_info["id"]

    async def act(unit: Unit) -> Policy:
        return await policies.withdraw(unit, actor, policy_id, version)

    return await _changed(request, act)


@route(
    "POST",
    "/api/v1/policies/{id}/pilot",
    "Let a version answer a category, a market or a share of cases first",
    body=PilotWanted,
    headers=_IF_MATCH,
    errors=_UNMATCHED,
    answers={200: PolicyView},
)
async def start_policy_pilot(request: web.Request) -> web.Response:
    """One version at a time is tried."""
    actor = await require_key_or_staff(request)
    policy_tenant(actor, Action.WRITE_POLICIES)
    wanted = await parse_body(request, PilotWanted)
    version = wanted_version(request, "policy")
    policy_id = request.match_info["id"]

    async def act(unit: Unit) -> Policy:
        return await policies.start_pilot(unit, actor, policy_id, wanted.scope, version)

    return await _changed(request, act)


@route(
    "DELETE",
    "/api/v1/policies/{id}/pilot",
    "End a trial",
    headers=_IF_MATCH,
    errors=_UNMATCHED,
    answers={200: PolicyView},
)
async def end_policy_pilot(request: web.Request) -> web.Response:
    """From now on the version in force answers those cases too."""
    actor = await require_key_or_staff(request)
    version = wanted_version(request, "policy")
    policy_id = request.match_info["id"]

    async def act(unit: Unit) -> Policy:
        return await policies.end_pilot(unit, actor, policy_id, version)

    return await _changed(request, act)


@route(
    "GET",
    "/api/v1/policies/{id}/effect",
    "A trial beside all other cases of the same time",
    answers={200: Effect},
)
async def get_policy_effect(request: web.Request) -> web.Response:
    """What was answered and decided on both sides."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        effect = await effect_view(tx, actor, request.match_info["id"], services.clock.now())
    return web.json_response(effect.model_dump(mode="json"))


@route(
    "POST",
    "/api/v1/policies/{id}/roll-back",
    "Put an earlier version's rules in force again, as a new version",
    headers=IDEMPOTENCY_HEADER,
    answers={201: PolicyView},
)
async def roll_back_policy(request: web.Request) -> web.Response:
    """At once, without a preview: these rules were in force before."""
    actor = await require_key_or_staff(request)
    policy_id = request.match_info["id"]

    async def act(unit: Unit) -> Policy:
        return await policies.roll_back(unit, actor, policy_id)

    return await _made(request, actor, act)


async def _made(
    request: web.Request,
    actor: StaffActor | KeyActor,
    act: Callable[[Unit], Awaitable[Policy]],
) -> web.Response:
    """Make a version, once, and answer with it."""

    async def act_and_view(unit: Unit) -> Made:
        policy = await act(unit)
        view = await policy_view(unit.tx, actor, policy.id, unit.now)
        return Made(201, view, {"ETag": etag_of(view.revision)})

    return await answer_once(request, actor, actor.tenant_id, act_and_view)


async def _changed(request: web.Request, act: Callable[[Unit], Awaitable[Policy]]) -> web.Response:
    """Carry out a change and answer with the version as it then is."""
    actor = await require_key_or_staff(request)

    async def act_and_view(unit: Unit) -> PolicyView:
        policy = await act(unit)
        return await policy_view(unit.tx, actor, policy.id, unit.now)

    return _policy(await request.app[SERVICES].run(act_and_view))


def _policy(view: PolicyView) -> web.Response:
    return web.json_response(view.model_dump(mode="json"), headers={"ETag": etag_of(view.revision)})
