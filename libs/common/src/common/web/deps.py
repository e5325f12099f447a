"""What routers ask for, as annotated types."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query
from starlette.requests import Request

from common.db import Clock, Database
from common.web.auth import Caller, caller_of, route_template
from common.web.requests import ConsistencyToken, PageLimit, get_consistency, page_limit
from common.web.requirements import public, requires
from common.web.responses import (
    IfMatch,
    IfNoneMatch,
    Part,
    get_if_match,
    get_if_none_match,
    get_last_event_id,
)
from common.web.state import (
    AppState,
    app_state,
    get_clock,
    get_database,
    get_state,
    part_of,
    part_state,
)
from common.web.writes import Writer, get_writer

__all__ = [
    "AppStateDep",
    "Caller",
    "ClockDep",
    "ConsistencyDep",
    "CursorParameter",
    "Cursors",
    "CursorsDep",
    "DatabaseDep",
    "IfMatchDep",
    "IfNoneMatchDep",
    "LastEventIdDep",
    "PageLimit",
    "WriterDep",
    "page_limit",
    "part_of",
    "part_state",
    "public",
    "requires",
]  # fmt: skip


T = TypeVar("T")


class Cursors:
    """Cursors of the requested list: bound to the caller's tenant, the route and the filters."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._signer = app_state(request).cursors

    def read(self, token: str | None, filters: Any = None) -> tuple[Part, ...] | None:
        """Return the position behind ``token``, None for the first page; HttpError 400."""
        if token is None:
            return None
        return self._signer.decode(token, filters=filters, **self._bound())

    def write(self, position: tuple[Part, ...] | None, filters: Any = None) -> str | None:
        """Return the cursor of the next page, None when there is no position to continue from."""
        if position is None:
            return None
        return self._signer.encode(position, filters=filters, **self._bound())

    def page(
        self,
        rows: Sequence[T],
        limit: int,
        *,
        position: Callable[[T], tuple[Part, ...]],
        filters: Any = None,
    ) -> tuple[Sequence[T], str | None]:
        """Return the first ``limit`` rows, and the cursor of the next page if there are more."""
        page = rows[:limit]
        return page, self.write(position(page[-1]) if len(rows) > limit else None, filters)

    def _bound(self) -> dict[str, str]:
        tenant_id = caller_of(self._request).tenant_id
        return {"tenant_id": tenant_id, "route": route_template(self._request.scope)}


async def get_cursors(request: Request) -> Cursors:
    """Dependency: the cursors of the requested list."""
    return Cursors(request)


AppStateDep = Annotated[AppState, Depends(get_state)]
DatabaseDep = Annotated[Database, Depends(get_database)]
CursorParameter = Annotated[
    str | None,
    Query(
        description="The ``next`` of the page before, with the same filters; absent for the first"
        " page.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]{1,1024}$"},
    ),
]
ClockDep = Annotated[Clock, Depends(get_clock)]
ConsistencyDep = Annotated[ConsistencyToken | None, Depends(get_consistency)]
CursorsDep = Annotated[Cursors, Depends(get_cursors)]
IfMatchDep = Annotated[IfMatch, Depends(get_if_match)]
IfNoneMatchDep = Annotated[IfNoneMatch, Depends(get_if_none_match)]
LastEventIdDep = Annotated[str | None, Depends(get_last_event_id)]
WriterDep = Annotated[Writer, Depends(get_writer)]
