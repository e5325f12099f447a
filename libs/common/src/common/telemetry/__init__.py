"""Logs, metrics and traces."""

from common.telemetry import logs, metrics, tracing
from common.telemetry.logs import describe, get_logger
from common.telemetry.tracing import current_traceparent, span, well_formed

__all__ = [
    "current_traceparent",
    "describe",
    "get_logger",
    "logs",
    "metrics",
    "span",
    "tracing",
    "well_formed",
]
