"""``GET /v1/changes``: everything that was written, in order, from any point on."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from common.jsons import Encoded, loads
from common.web import Caller, examples, page_limit, part_of, requires, tag
from common.web.requests import Sequence64
from common.web.responses import Masker, json_answer
from interactions.context.http.examples import LIST_CHANGES
from interactions.context.http.schemas import ChangesResponse
from interactions.context.http.state import ContextState
from interactions.context.store.change_feed import ShownChange, list_changes

router = APIRouter(tags=[tag("changes", "The feed of everything that was written.")])

_AFTER = "The `sequence` of the last change already seen; 0 begins at the first change."


@router.get(
    "/v1/changes",
    operation_id="list_changes",
    openapi_extra=examples(*LIST_CHANGES),
    summary="List changes",
    response_model=ChangesResponse,
)
async def get_changes(
    request: Request,
    caller: Annotated[Caller, requires("context:read")],
    limit: Annotated[int, page_limit(default=100, maximum=500)],
    after: Annotated[Sequence64, Query(description=_AFTER)] = 0,
) -> Response:
    """Return the changes after ``after``; nothing is ever added before a change already visible.

    ``next`` is what to give as ``after`` the next time, at the end of the feed too.
    """
    state = part_of(request, ContextState)
    safe = await state.horizon.safe_sequence()
    changes = await state.database.read(
        list_changes, tenant_id=caller.tenant_id, after=after, safe=safe, limit=limit
    )
    masker = Masker(caller.sees_pii)
    last = changes[-1][0] if changes else after
    return json_answer({"items": [_shown(item, masker) for _, item in changes], "next": last})


def _shown(item: str, masker: Masker) -> Any:
    return Encoded(item) if masker.sees_pii else ShownChange.masked(loads(item), masker)
