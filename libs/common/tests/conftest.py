"""Logs of these tests, as the processes write them: one line, no quoted values."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from common.telemetry import logs
from common.web.auth import register_scopes

register_scopes(["context:read", "identity:write", "identity:admin", "privacy:admin", "sla:read"])


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            logs._add_traceback,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    yield
    logs.configure(level="WARNING")
