"""The customers of a group, and the groups of a customer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    PageLimit,
    WriterDep,
    examples,
    requires,
)
from common.web.requests import Slug, Timestamp, json_body
from common.web.responses import Masker, json_answer
from identity.groups.domain.members import Membership
from identity.groups.http.examples import (
    LIST_CUSTOMER_GROUPS,
    LIST_MEMBERS,
    REMOVE_MEMBER,
    SAVE_MEMBER,
)
from identity.groups.http.groups import BEFORE_ALL, GROUPS, GroupIdParameter
from identity.groups.http.masks import customer_group_response
from identity.groups.http.schemas import (
    CustomerGroupList,
    MemberList,
    MemberRequest,
    MemberResponse,
)
from identity.groups.http.state import GroupsStateDep
from identity.groups.store.members import ShownMember, list_groups_of_customer, list_members
from identity.groups.usecases.remove_member import RemoveMember, remove_member
from identity.groups.usecases.save_member import SaveMember, save_member

router = APIRouter(tags=[GROUPS])

CustomerIdParameter = Annotated[
    UUID, Path(description="Any id ever issued for the customer, also an absorbed one.")
]
AtParameter = Annotated[
    Timestamp | None,
    Query(
        description="Only memberships that are valid at this time; all, ended ones too, if absent."
    ),
]


@router.get(
    "/v1/groups/{group_id:uuid}/members",
    response_model=MemberList,
    operation_id="list_group_members",
    summary="List the members of a group",
    openapi_extra=examples(*LIST_MEMBERS),
)
async def list_of_group(
    *,
    group_id: GroupIdParameter,
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    at: AtParameter = None,
    cursor: CursorParameter = None,
) -> Response:
    """List the members of a group, each by the canonical id of the customer."""
    filters = {"group_id": group_id.hex, "at": _text(at)}
    position = cursors.read(cursor, filters)
    members = await database.read(
        list_members,
        caller.tenant_id,
        group_id,
        at=at,
        after=_member_position(position),
        limit=limit + 1,
    )
    page, following = cursors.page(
        members, limit, position=lambda member: member.membership.key, filters=filters
    )
    return json_answer(MemberList(items=[_response(member) for member in page], next=following))


@router.put(
    "/v1/groups/{group_id:uuid}/members/{customer_id:uuid}",
    response_model=MemberResponse,
    operation_id="save_group_member",
    summary="Save a member of a group",
    openapi_extra=examples(*SAVE_MEMBER),
    responses={409: {"description": "The group has as many members as it may have."}},
)
async def save(
    *,
    group_id: GroupIdParameter,
    customer_id: CustomerIdParameter,
    caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[MemberRequest, json_body(MemberRequest)],
    state: GroupsStateDep,
    write: WriterDep,
) -> Response:
    """Give a customer a role in a group, or replace the period and source of that role.

    The membership belongs to the id in the path: a merge makes it the survivor's, and undoing the
    merge gives it back.
    """
    command = SaveMember(
        tenant_id=caller.tenant_id,
        group_id=group_id,
        membership=Membership(
            customer_id, body.role, body.valid_from, body.valid_until, body.source
        ),
        max_members=state.max_members,
    )
    return await write(save_member, command, answer=lambda member: (200, _response(member)))


@router.delete(
    "/v1/groups/{group_id:uuid}/members/{customer_id:uuid}",
    status_code=204,
    response_class=Response,
    operation_id="remove_group_member",
    summary="Remove a member of a group",
    openapi_extra=examples(*REMOVE_MEMBER),
)
async def remove(
    group_id: GroupIdParameter,
    customer_id: CustomerIdParameter,
    caller: Annotated[Caller, requires("identity:write")],
    write: WriterDep,
    role: Annotated[
        Slug | None, Query(description="Only this role of the customer; every role if absent.")
    ] = None,
) -> Response:
    """Remove a customer from a group, as if it had never been a member."""
    command = RemoveMember(caller.tenant_id, group_id, customer_id, role)
    return await write(remove_member, command, answer=lambda _: (204, None))


@router.get(
    "/v1/customers/{customer_id:uuid}/groups",
    response_model=CustomerGroupList,
    operation_id="list_customer_groups",
    summary="List the groups of a customer",
    openapi_extra=examples(*LIST_CUSTOMER_GROUPS),
)
async def list_of_customer(
    *,
    customer_id: CustomerIdParameter,
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    at: AtParameter = None,
    cursor: CursorParameter = None,
) -> Response:
    """List the groups that a customer belongs to, under whichever of its ids it was added."""
    filters = {"customer_id": customer_id.hex, "at": _text(at)}
    position = cursors.read(cursor, filters)
    groups = await database.read(
        list_groups_of_customer,
        caller.tenant_id,
        customer_id,
        at=at,
        after=_group_position(position),
        limit=limit + 1,
    )
    page, following = cursors.page(
        groups,
        limit,
        position=lambda shown: (shown.member.group_id, *shown.member.membership.key),
        filters=filters,
    )
    masker = Masker(caller.sees_pii)
    items = [customer_group_response(shown, masker) for shown in page]
    return json_answer(CustomerGroupList(items=items, next=following))


def _member_position(position: tuple[object, ...] | None) -> tuple[UUID, str]:
    match position:
        case (UUID() as customer_id, str() as role):
            return customer_id, role
    return BEFORE_ALL, ""


def _group_position(position: tuple[object, ...] | None) -> tuple[UUID, UUID, str]:
    match position:
        case (UUID() as group_id, UUID() as customer_id, str() as role):
            return group_id, customer_id, role
    return BEFORE_ALL, BEFORE_ALL, ""


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _response(member: ShownMember) -> MemberResponse:
    membership = member.membership
    return MemberResponse(
        group_id=member.group_id,
        customer_id=member.customer_id,
        added_as=membership.customer_id,
        role=membership.role,
        valid_from=membership.valid_from,
        valid_until=membership.valid_until,
        source=membership.source,
    )
