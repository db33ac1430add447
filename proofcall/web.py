"""The web and jobs processes: services opened, durable work and HTTP attached to them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from proofcall.jobs import DbosOutbox, JobRunner, prepare_jobs
from recorder.sealing import seal_session
from recorder.still_cutting import cut_still
from runtime.settings import Settings
from signaling.web_process import serve_http, web_services


async def run_web_role(settings: Settings, *, serve: bool, work: bool) -> None:
    """Run until cancelled: pages and API (``serve``), durable work (``work``), or both."""
    outbox = DbosOutbox(settings)
    try:
        async with AsyncExitStack() as stack:
            services = await stack.enter_async_context(web_services(settings, outbox))
            await asyncio.to_thread(prepare_jobs, settings)
            if work:
                runner = JobRunner(
                    settings,
                    {
                        "cut_still": partial(cut_still, services),
                        "seal_session": partial(seal_session, services),
                    },
                    executor_id="jobs",
                )
                await runner.start()
                stack.push_async_callback(runner.close)
            if serve:
                await stack.enter_async_context(serve_http(services))
            await asyncio.Event().wait()
    finally:
        outbox.close()
