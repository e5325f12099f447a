"""Structured logs: one JSON object per line, with the trace id of its cause.

Events are dotted and in the past tense (``relay.batch_published``). Payloads and personal data are
never logged, nor are driver messages, which quote the values that they refuse.
"""

import logging
import sys
from asyncio import AbstractEventLoop
from typing import Any, TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, FilteringBoundLogger, Processor


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger that adds the module's name to every line."""
    logger: FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def configure(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all logs, those of libraries included, to ``stream`` as JSON lines."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.StackInfoRenderer(),
            _add_traceback,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _drop_foreign_exception,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _add_trace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


def _add_traceback(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Keep where an exception happened, not its message: messages quote the data they refuse."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = info if isinstance(info, BaseException) else sys.exc_info()[1]
    if error is not None:
        event["error"] = describe(error)
        event["stack"] = _frames(error)
    return event


def report_failures() -> None:
    """Log the error that ends the process, without its message, which Python would print."""
    sys.excepthook = _log_failure


def _log_failure(_kind: object, error: BaseException, _traceback: object) -> None:
    configure()
    get_logger(__name__).critical("process.failed", exc_info=error)


def log_unhandled(_loop: AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log errors that no task awaits. asyncio's own handler would show the error and the task."""
    get_logger(__name__).error(
        "loop.failed", reason=context["message"], exc_info=context.get("exception")
    )


def describe(error: BaseException) -> str:
    """Return a name for ``error`` that quotes no data: class, and SQLSTATE where there is one."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    name = type(error).__name__
    return f"{name}[{state}]" if state else name


def _frames(error: BaseException) -> list[str]:
    frames = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        frames.append(f"{code.co_filename}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return frames[-12:]


def _drop_foreign_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    info = event.pop("exc_info", None)
    if info and info[1] is not None:
        event["error"] = describe(info[1])
        event["stack"] = _frames(info[1])
    return event
