"""The web application: every route and socket of the web process, wired together."""

from __future__ import annotations

from aiohttp import web

from signaling import (
    access_routes,
    account_routes,
    api_cases,
    api_staff,
    appointment_routes,
    arranging_routes,
    attachment_routes,
    bench_routes,
    bulk_routes,
    channel_routes,
    consent_routes,
    derived_routes,
    evidence_note_routes,
    evidence_routes,
    figures_routes,
    filing_routes,
    filter_routes,
    handover_routes,
    health_routes,
    held_routes,
    host_routes,
    hours_routes,
    inbound_routes,
    join_routes,
    keeping_routes,
    key_routes,
    key_use,
    move_routes,
    network_routes,
    notice_routes,
    observer_routes,
    openapi,
    opt_out_page,
    pages,
    people_routes,
    person_export_routes,
    policy_routes,
    port_routes,
    problems,
    proof_routes,
    reason_routes,
    scan_routes,
    script_routes,
    session_routes,
    settle_routes,
    share_routes,
    shared_routes,
    storage_routes,
    thread_routes,
    upload_routes,
    webhook_routes,
    whip_routes,
)
from signaling.services import SERVICES, Services


def build_app(services: Services) -> web.Application:
    """An application that serves everything of docs/protocol.md."""
    app = web.Application(
        client_max_size=problems.MAX_BODY_BYTES, middlewares=[problems.middleware]
    )
    app[SERVICES] = services
    settings = services.settings
    app.on_response_prepare.append(problems.secure_headers(settings.public_url, lan=settings.lan))
    app.on_response_prepare.append(key_use.tell_allowance)
    api_staff.add_routes(app)
    account_routes.add_routes(app)
    consent_routes.add_routes(app)
    people_routes.add_routes(app)
    access_routes.add_routes(app)
    api_cases.add_routes(app)
    move_routes.add_routes(app)
    thread_routes.add_routes(app)
    script_routes.add_routes(app)
    filter_routes.add_routes(app)
    arranging_routes.add_routes(app)
    held_routes.add_routes(app)
    bulk_routes.add_routes(app)
    reason_routes.add_routes(app)
    policy_routes.add_routes(app)
    join_routes.add_routes(app)
    host_routes.add_routes(app)
    session_routes.add_routes(app)
    bench_routes.add_routes(app)
    whip_routes.add_routes(app)
    hours_routes.add_routes(app)
    keeping_routes.add_routes(app)
    appointment_routes.add_routes(app)
    network_routes.add_routes(app)
    observer_routes.add_routes(app)
    handover_routes.add_routes(app)
    evidence_routes.add_routes(app)
    proof_routes.add_routes(app)
    derived_routes.add_routes(app)
    person_export_routes.add_routes(app)
    evidence_note_routes.add_routes(app)
    share_routes.add_routes(app)
    shared_routes.add_routes(app)
    storage_routes.add_routes(app)
    key_routes.add_routes(app)
    webhook_routes.add_routes(app)
    figures_routes.add_routes(app)
    filing_routes.add_routes(app)
    upload_routes.add_routes(app)
    attachment_routes.add_routes(app)
    port_routes.add_routes(app)
    scan_routes.add_routes(app)
    settle_routes.add_routes(app)
    notice_routes.add_routes(app)
    channel_routes.add_routes(app)
    inbound_routes.add_routes(app)
    opt_out_page.add_routes(app)
    openapi.add_routes(app)
    health_routes.add_routes(app)
    pages.add_routes(app)
    services.hub.attach(app, services)
    return app
