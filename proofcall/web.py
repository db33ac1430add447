"""The web and jobs processes: services opened, durable work and HTTP attached to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from cases.adopting import adopt_older_keys
from cases.case_words import index_missing
from cases.errands import RUN as RUN_ERRAND
from cases.mail import SEND_MAIL
from cases.notices import SEND_NOTICE
from proofcall.jobs import DbosOutbox, JobRunner, prepare_jobs
from proofcall.preflight import check_credentials
from proofcall.roles import JOBS_SOCKET
from recorder.derived.making import MAKE_COPY, make_copy
from recorder.packaging import MAKE_PACKAGE, make_package
from recorder.person_export.making import MAKE_EXPORT, make_export
from recorder.sealing import seal_at_hang_up, seal_session
from recorder.stamp_orders import ASK as ASK_TIME_STAMP
from recorder.still_cutting import cut_still
from recorder.time_stamping import TimeStamping
from runtime.control import ControlServer, Json, load_control_secret
from runtime.settings import Settings
from signaling.mail_work import send_mail
from signaling.notice_work import send_notice
from signaling.port_work import run_errand
from signaling.services import Services
from signaling.smtp import smtp_server
from signaling.web_process import serve_http, web_services
from signaling.webhook_work import deliver_webhook
from signaling.work_looks import look_for_work


async def run_web_role(settings: Settings, *, serve: bool, work: bool) -> None:
    """Run until cancelled: pages and API (``serve``), durable work (``work``), or both."""
    outbox = DbosOutbox(settings)
    try:
        async with AsyncExitStack() as stack:
            services = await stack.enter_async_context(web_services(settings, outbox))
            await asyncio.to_thread(prepare_jobs, settings)
            if work:
                # A certificate that cannot sign is told at the start, not at the first film.
                await asyncio.to_thread(check_credentials, settings)
                stamping = TimeStamping(services)
                runner = JobRunner(
                    settings,
                    {
                        "cut_still": partial(cut_still, services),
                        "deliver_webhook": partial(deliver_webhook, services),
                        MAKE_COPY: partial(make_copy, services),
                        MAKE_EXPORT: partial(make_export, services),
                        MAKE_PACKAGE: partial(make_package, services),
                        "seal_at_hang_up": partial(seal_at_hang_up, services),
                        ASK_TIME_STAMP: stamping.ask,
                        RUN_ERRAND: partial(run_errand, services),
                        "seal_session": partial(seal_session, services),
                        SEND_MAIL: partial(
                            send_mail, services, smtp_server(settings, services.clock)
                        ),
                        SEND_NOTICE: partial(send_notice, services),
                    },
                    executor_id="jobs",
                )
                await runner.start()
                stack.push_async_callback(runner.close)
                await stack.enter_async_context(_telling(services, runner, stamping))
                look_for_work(services)
                services.tasks.once(
                    "keys of older cases", adopt_older_keys(services.database, services.keys)
                )
                services.tasks.once(
                    "words of older cases", index_missing(services.database, services.keys)
                )
            if serve:
                await stack.enter_async_context(serve_http(services))
            await asyncio.Event().wait()
    finally:
        outbox.close()


@asynccontextmanager
async def _telling(
    services: Services, runner: JobRunner, stamping: TimeStamping
) -> AsyncIterator[None]:
    """Serve ``GET /status`` of the durable work on ``jobs.sock``, for ``/metrics``."""
    settings = services.settings

    async def status(_: Mapping[str, str], __: Json) -> Json:
        stamps = {("time_stamp", result): count for result, count in stamping.results.items()}
        tries = [
            {"work": work, "result": result, "count": count}
            for (work, result), count in sorted({**runner.tries, **stamps}.items())
        ]
        return {"tries": tries, **services.vitals.fields()}

    secret = await asyncio.to_thread(load_control_secret, settings.keys_dir)
    server = ControlServer(f"unix://{settings.run_dir / JOBS_SOCKET}", secret)
    server.query("/status", status)
    await server.start()
    try:
        yield
    finally:
        await server.close()
