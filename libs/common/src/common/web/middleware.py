"""The outermost layer of every request: limits, trace, security headers, metrics, access log.

Pure ASGI, so nothing here can cancel a handler or buffer a stream. The log contains the route's
template, never the path or the query, which may contain what a customer typed.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus

from opentelemetry.trace import Span, SpanKind
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import ServiceError
from common.runtime import Shares, resting_beside_others
from common.settings import HttpSettings
from common.telemetry import get_logger, tracing
from common.web import metrics
from common.web.auth import Authenticator, Exchange, Place, exchange_of, route_template
from common.web.problems import HttpError, Problem, of_service_error, of_status
from common.web.requests import refuse_credentials, sender_of

MAX_HEADER_BYTES = 32_768
MAX_HEADERS = 100
MAX_URL_BYTES = 8_192
_UNCOUNTED = frozenset({"/livez", "/readyz", "/metrics"})
"""Health must respond even when all other requests are refused."""
SHARED_PLACES = 16
"""Places for all tenants together while several are active: less than the database connections of
a process, so that nobody waits long for one."""
LEAST_PLACES = 2
"""Each active tenant's, however many there are."""
PARTY_PLACES = 8
"""The same for each customer or contact, of whichever tenant."""
LOT_PLACES = max(1, min(8, (os.cpu_count() or 1) // 2))
"""Those that crowd get at once what half of the machine's cores can work on, beside others."""
TOO_MANY_SECONDS = 0.25
"""How long a 429 is held back, so that a sender that does not wait costs little."""
_NO_ANSWER = 499
"""Logged when the client disconnected before the answer."""

_DEFAULTS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""Headers of every answer that does not set them itself."""

_log = get_logger(__name__)


class Edge:
    """Wraps the application once."""

    def __init__(
        self, app: ASGIApp, *, service: str, settings: HttpSettings, authenticator: Authenticator
    ) -> None:
        self._app = app
        self._service = service
        self._trusted_proxies = settings.trusted_proxies
        self._authenticator = authenticator
        most = settings.max_in_flight
        self._tenants = Shares(
            most,
            shared=SHARED_PLACES,
            least=LEAST_PLACES,
            lot=LOT_PLACES,
            on_change=metrics.IN_FLIGHT.labels(service).set,
        )
        self._parties = Shares(most, shared=most, least=PARTY_PLACES, lot=LOT_PLACES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = exchange_of(scope)
        parent, links = await self._trace(scope, _header(scope, b"traceparent"))
        with tracing.span(
            scope["method"], kind=SpanKind.SERVER, parent=parent, links=links
        ) as span:
            exchange.trace_id = _trace_id(span)
            answer = _Answer(send, exchange)
            try:
                await self._limited(scope, receive, answer)
            finally:
                self._finish(scope, exchange, answer, span)

    async def _trace(
        self, scope: Scope, traceparent: str | None
    ) -> tuple[str | None, list[str] | None]:
        """Return the trace to continue, and those to link to.

        Only a caller with a good credential chooses the trace, and so the request's id and whether
        it is recorded; anybody else's is linked to.
        """
        if traceparent is None:
            return None, None
        authenticator = self._authenticator
        credential = authenticator.credential_of(scope)
        good = await authenticator.is_known(credential) or (
            await authenticator.is_good(credential, sender=self._sender(scope))
        )
        return (traceparent, None) if good else (None, [traceparent])

    async def _admit(self, scope: Scope) -> None:
        """Let strangers in by turns, before their credential or their body costs anything."""
        if not await self._authenticator.is_known(self._authenticator.credential_of(scope)):
            exchange = exchange_of(scope)
            exchange.member = self._sender(scope)
            await exchange.enter()

    def _sender(self, scope: Scope) -> str:
        return sender_of(scope, self._trusted_proxies)

    async def _limited(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        exchange = exchange_of(scope)
        if scope["path"] not in _UNCOUNTED:
            exchange.place, exchange.turn = Place(self._tenants), Place(self._parties)
        answer.on_stream = exchange.finish
        try:
            with resting_beside_others(lambda: self._tenants.has_modest_beside(exchange.owner)):
                await self._guarded(scope, receive, answer)
        finally:
            exchange.finish()

    async def _guarded(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            check_head(scope)
            await self._admit(scope)
            await self._app(scope, receive, answer)
        except HttpError as error:
            await _refuse(error.problem, scope, receive, answer)
        except ServiceError as error:
            await _refuse(of_service_error(error), scope, receive, answer)
        except Exception:
            _log.exception("http.request_failed", route=route_template(scope))
            if answer.status is not None:
                raise
            await _refuse(of_status(500, "an internal error occurred"), scope, receive, answer)

    def _finish(self, scope: Scope, exchange: Exchange, answer: "_Answer", span: Span) -> None:
        method, route = _known_method(scope["method"]), route_template(scope)
        status = answer.status or _NO_ANSWER
        seconds = (answer.began_at or time.perf_counter()) - answer.received_at
        count, histogram = _series(self._service, method, route, status)
        count.inc()
        histogram.observe(seconds)
        if span.is_recording():
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", status)
        if scope["path"] not in _UNCOUNTED:
            _log.info(
                "http.request_answered",
                service=self._service,
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 2),
                request_id=exchange.trace_id,
                tenant=exchange.caller.tenant_id if exchange.caller else None,
            )


class _Answer:
    """The ``send`` of one request: records the status and time, and adds the common headers."""

    def __init__(self, send: Send, exchange: Exchange) -> None:
        self._send = send
        self._exchange = exchange
        self.received_at = time.perf_counter()
        self.began_at: float | None = None
        self.status: int | None = None
        self.on_stream = _nothing

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began_at = time.perf_counter()
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self._added(message["headers"])]
        await self._send(message)

    def _added(self, headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
        present = dict(headers)
        kind = present.get(b"content-type", b"")
        if kind.startswith(b"text/event-stream"):
            self.on_stream()
        yield (b"x-request-id", self._exchange.trace_id.encode())
        for name, value in _DEFAULTS:
            if name not in present:
                yield (name, value)
        yield from self._exchange.rate_headers


def check_head(scope: Scope) -> None:
    """Refuse oversized heads and credentials in the URL. Raises HttpError."""
    size = sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HEADER_BYTES or len(scope["headers"]) > MAX_HEADERS:
        raise HttpError(431, "the request headers are too large")
    query = scope.get("query_string", b"")
    if len(scope.get("raw_path") or b"") + len(query) > MAX_URL_BYTES:
        raise HttpError(414, "the URL is too long")
    if "\x00" in scope["path"]:
        raise HttpError(404, "not found")
    if scope.get("http_version") == "1.1" and _header(scope, b"host") is None:
        raise HttpError(400, "the Host header is missing")
    refuse_credentials(query)


async def _refuse(problem: Problem, scope: Scope, receive: Receive, answer: "_Answer") -> None:
    if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        exchange_of(scope).finish()
        await asyncio.sleep(TOO_MANY_SECONDS)
    await problem.response(exchange_of(scope).instance)(scope, receive, answer)


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def _trace_id(span: Span) -> str:
    """Return the trace's id, or a random one without a tracer: problems need an id."""
    context = span.get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else secrets.token_hex(16)


@lru_cache(maxsize=4_096)
def _series(service: str, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Return the series of one route and status; looking them up costs more than counting."""
    return (
        metrics.REQUESTS.labels(service, method, route, status),
        metrics.REQUEST_SECONDS.labels(service, method, route),
    )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _known_method(method: str) -> str:
    return method if method in _METHODS else "OTHER"


def _nothing() -> None:
    """Do nothing."""
