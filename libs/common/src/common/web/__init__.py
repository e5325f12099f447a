"""The HTTP edge of a service."""

from common.web.app import build_app
from common.web.deps import (
    Caller,
    ClockDep,
    ConsistencyDep,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    IfMatchDep,
    IfNoneMatchDep,
    LastEventIdDep,
    PageLimit,
    WriterDep,
    page_limit,
    public,
    requires,
)
from common.web.docs import docs_routes
from common.web.health import Check, database_check, health_routes
from common.web.metrics import metrics_route
from common.web.openapi import Example, examples, tag
from common.web.problems import HttpError, RejectedItem
from common.web.state import AppState, app_state, part_of, part_state

__all__ = [
    "AppState",
    "Caller",
    "Check",
    "ClockDep",
    "ConsistencyDep",
    "CursorParameter",
    "CursorsDep",
    "DatabaseDep",
    "Example",
    "HttpError",
    "IfMatchDep",
    "IfNoneMatchDep",
    "LastEventIdDep",
    "PageLimit",
    "RejectedItem",
    "WriterDep",
    "app_state",
    "build_app",
    "database_check",
    "docs_routes",
    "examples",
    "health_routes",
    "metrics_route",
    "page_limit",
    "part_of",
    "part_state",
    "public",
    "requires",
    "tag",
]
