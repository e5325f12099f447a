"""OpenTelemetry traces: one trace runs from the HTTP call over outbox and Kafka to the consumer.

Only W3C ``traceparent`` text travels between processes; it is what the outbox row stores.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import Link, Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from common.telemetry.logs import describe

_W3C = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("threadline")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def configure(*, service: str, otlp_endpoint: str | None) -> None:
    """Create spans from now on, and send them to ``otlp_endpoint`` (OTLP over HTTP) if given.

    Without an end point, spans record nothing but still have ids, for logs and events. Traces that
    begin here are then marked as not sampled; those of callers keep their mark.
    """
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}),
        sampler=None if otlp_endpoint else ParentBased(ALWAYS_OFF),
    )
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


def current_traceparent() -> str | None:
    """Return the W3C header of the current span, or None if there is no span."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def well_formed(traceparent: str | None) -> str | None:
    """Return ``traceparent`` if it is well formed, else None; nothing else may reach the logs."""
    return traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None


def context_of(traceparent: str | None) -> Context:
    """Return the context that ``traceparent`` names; without a valid one, a new trace begins."""
    return _W3C.extract({"traceparent": traceparent} if traceparent else {})


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: str | None = None,
    links: list[str] | None = None,
) -> Iterator[Span]:
    """Run a block as a span; ``parent`` and ``links`` are W3C traceparent texts."""
    context = context_of(parent) if parent else None
    linked = [link for text in links or [] for link in _link(text)]
    with _TRACER.start_as_current_span(
        name,
        context=context,
        kind=kind,
        links=linked,
        # Both would keep the error's message, which may quote data.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_status(StatusCode.ERROR, describe(error))
            raise


def _link(traceparent: str) -> list[Link]:
    target = trace.get_current_span(context_of(traceparent)).get_span_context()
    return [Link(target)] if target.is_valid else []
