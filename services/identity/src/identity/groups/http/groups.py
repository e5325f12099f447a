"""Households and accounts: saved by their id elsewhere, read, listed, looked up, removed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from common.errors import NotFoundError
from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    IfMatchDep,
    IfNoneMatchDep,
    PageLimit,
    WriterDep,
    examples,
    requires,
    tag,
)
from common.web.requests import json_body
from common.web.responses import Masker, json_answer, strong_etag
from identifiers import Rules
from identity.groups.domain.contact_points import (
    PresentedContactPoint,
    read_contact_points,
    read_external_id,
    read_key,
)
from identity.groups.domain.groups import Group, GroupDraft, GroupKind
from identity.groups.http.examples import (
    LIST_GROUPS,
    LOOK_UP_GROUPS,
    READ_GROUP,
    REMOVE_GROUP,
    SAVE_GROUP,
)
from identity.groups.http.masks import group_response
from identity.groups.http.schemas import (
    ContactPointBody,
    GroupList,
    GroupLookupRequest,
    GroupRequest,
    GroupResponse,
)
from identity.groups.http.state import GroupsStateDep
from identity.groups.store.groups import find_group, list_groups, list_groups_by_key
from identity.groups.usecases.remove_group import RemoveGroup, remove_group
from identity.groups.usecases.save_group import SaveGroup, save_group

BEFORE_ALL = UUID(int=0)

GROUPS = tag("groups", "Households and accounts, which customers belong to.")
router = APIRouter(prefix="/v1/groups", tags=[GROUPS])

GroupIdParameter = Annotated[UUID, Path(description="Id of the group.")]


@router.put(
    "",
    response_model=GroupResponse,
    operation_id="save_group",
    summary="Save a group by its external id",
    openapi_extra=examples(*SAVE_GROUP),
)
async def save(
    caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[GroupRequest, json_body(GroupRequest)],
    if_match: IfMatchDep,
    state: GroupsStateDep,
    write: WriterDep,
) -> Response:
    """Save a group by its ``external_id``: create it, or replace all of it except its members.

    With ``If-Match``, only a group with that ETag is replaced; none is created.
    """
    command = SaveGroup(
        tenant_id=caller.tenant_id,
        draft=_draft(body, body.default_region or state.default_region),
        expected=if_match.expected(caller.sees_pii),
    )

    def answer(group: Group) -> tuple[int, GroupResponse, dict[str, str]]:
        masked = group_response(group, Masker(caller.sees_pii))
        return 200, masked, {"ETag": _etag(group, caller)}

    return await write(save_group, command, answer=answer)


@router.get(
    "",
    response_model=GroupList,
    operation_id="list_groups",
    summary="List groups",
    openapi_extra=examples(*LIST_GROUPS),
)
async def list_all(
    *,
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    kind: Annotated[
        GroupKind | None,
        Query(description="Only ``household`` or only ``account``; groups of any kind if absent."),
    ] = None,
    cursor: CursorParameter = None,
) -> Response:
    """List groups in the order of their creation."""
    filters = {"kind": kind.value if kind else None}
    groups = await database.read(
        list_groups,
        caller.tenant_id,
        kind=kind,
        after=_position(cursors, cursor, filters),
        limit=limit + 1,
    )
    return _page(groups, limit, cursors, filters, caller)


@router.post(
    "/lookup",
    response_model=GroupList,
    operation_id="look_up_groups",
    summary="Look groups up by a contact point",
    openapi_extra=examples(*LOOK_UP_GROUPS),
)
async def look_up(
    *,
    caller: Annotated[Caller, requires("context:read")],
    body: Annotated[GroupLookupRequest, json_body(GroupLookupRequest)],
    state: GroupsStateDep,
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List the groups that have a contact point, or the one that has an external id."""
    rules = Rules(region=body.default_region or state.default_region)
    key = read_key(_presented(body.identifier), rules, "/identifier")
    filters = {"key": list(key)}
    groups = await database.read(
        list_groups_by_key,
        caller.tenant_id,
        key,
        after=_position(cursors, cursor, filters),
        limit=limit + 1,
    )
    return _page(groups, limit, cursors, filters, caller)


@router.get(
    "/{group_id:uuid}",
    response_model=GroupResponse,
    summary="Read a group",
    openapi_extra=examples(*READ_GROUP),
)
async def read_group(
    group_id: GroupIdParameter,
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    if_none_match: IfNoneMatchDep,
) -> Response:
    """Read a group; its members have a list of their own."""
    group = await database.read(find_group, caller.tenant_id, group_id)
    if group is None:
        raise NotFoundError("there is no such group")
    etag = _etag(group, caller)
    body = group_response(group, Masker(caller.sees_pii))
    return if_none_match.not_modified(etag) or json_answer(body, etag=etag)


@router.delete(
    "/{group_id:uuid}",
    status_code=204,
    response_class=Response,
    operation_id="remove_group",
    summary="Remove a group",
    openapi_extra=examples(*REMOVE_GROUP),
)
async def remove(
    group_id: GroupIdParameter,
    caller: Annotated[Caller, requires("identity:write")],
    if_match: IfMatchDep,
    write: WriterDep,
) -> Response:
    """Remove a group with its memberships; removing it again changes nothing.

    Its customers stay. Its external id is free for a new group.
    """
    command = RemoveGroup(caller.tenant_id, group_id, if_match.expected(caller.sees_pii))
    return await write(remove_group, command, answer=lambda _: (204, None))


def _draft(body: GroupRequest, region: str | None) -> GroupDraft:
    external_id = read_external_id(body.external_id.source, body.external_id.id)
    rules = Rules(region=region, source=external_id.source)
    return GroupDraft(
        kind=GroupKind(body.kind),
        external_id=external_id,
        name=body.name,
        attributes={
            name: value for name, value in sorted(body.attributes.items()) if value is not None
        },
        contact_points=read_contact_points(map(_presented, body.contact_points), rules),
    )


def _presented(body: ContactPointBody) -> PresentedContactPoint:
    return PresentedContactPoint(body.type, body.value, body.scope)


def _position(cursors: CursorsDep, cursor: str | None, filters: object) -> UUID:
    position = cursors.read(cursor, filters)
    return position[0] if position and isinstance(position[0], UUID) else BEFORE_ALL


def _page(
    groups: list[Group], limit: int, cursors: CursorsDep, filters: object, caller: Caller
) -> Response:
    page, following = cursors.page(
        groups, limit, position=lambda group: (group.id,), filters=filters
    )
    masker = Masker(caller.sees_pii)
    items = [group_response(group, masker) for group in page]
    return json_answer(GroupList(items=items, next=following))


def _etag(group: Group, caller: Caller) -> str:
    return strong_etag(str(group.id), group.version, caller.sees_pii)
