"""Prometheus metrics of the HTTP side. Labels come from closed sets: templates, codes, reasons."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.runtime import Memo

REQUESTS = Counter(
    "threadline_http_requests_total",
    "Requests by route template and status.",
    ["service", "method", "route", "status"],
)
REQUEST_SECONDS = Histogram(
    "threadline_http_request_seconds",
    "Time until the answer began.",
    ["service", "method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT = Gauge(
    "threadline_http_in_flight", "Requests that have no answer yet; streams apart.", ["service"]
)
AUTHENTICATION_FAILURES = Counter(
    "threadline_http_authentication_failures_total", "Credentials refused.", ["reason"]
)
IDEMPOTENT_REPLAYS = Counter(
    "threadline_http_idempotent_replays_total", "Answers repeated for an Idempotency-Key."
)
GROUP_SIZE = Histogram(
    "threadline_http_group_size",
    "Writes that were committed together.",
    ["work"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 100),
)
OPEN_STREAMS = Gauge("threadline_http_open_streams", "Server-sent event streams open now.")
STREAM_RESETS = Counter(
    "threadline_http_stream_resets_total", "Streams whose reader was too slow and lost events."
)


def metrics_route(refresh: Callable[[], Awaitable[None]]) -> Route:
    """Return ``/metrics`` in Prometheus' text format; ``refresh`` reads gauges before.

    However often it is asked for, it takes a tenth of a core at most.
    """
    text = Memo(_render, factor=9, most_seconds=5.0)

    async def metrics(_request: Request) -> Response:
        await refresh()
        return Response(await text.get(), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)


async def _render() -> bytes:
    return await asyncio.to_thread(generate_latest)
