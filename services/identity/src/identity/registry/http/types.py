"""``/v1/identities/types``: types of identifiers of a tenant's own."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.errors import NotFoundError
from common.jsons import describe_pattern
from common.web import (
    Caller,
    ClockDep,
    DatabaseDep,
    IfMatchDep,
    IfNoneMatchDep,
    WriterDep,
    examples,
    requires,
    tag,
)
from common.web.requests import json_body
from common.web.responses import json_answer, strong_etag
from identifiers import TYPE_PATTERN
from identity.registry.domain.registered_type import Category, Comparison, RegisteredType, Scope
from identity.registry.http.examples import LIST_TYPES, PUT_TYPE, READ_TYPE
from identity.registry.http.schemas import TypeList, TypeRequest, TypeResponse
from identity.registry.store.registered_types import find_types, list_types
from identity.registry.usecases.register_type import RegisterType, etag_parts, register_type

router = APIRouter(
    prefix="/v1/identities/types",
    tags=[tag("types", "Types of identifiers beside those that are built in.")],
)

TypeName = Annotated[
    str,
    Path(
        pattern=describe_pattern(
            TYPE_PATTERN.replace("$", r"\z"),
            "must be 1 to 32 lower-case letters, digits or _, beginning with a letter, such as"
            " badge",
        ),
        description="The ``type`` of the identifiers: 1 to 32 lower-case letters, digits or `_`,"
        " beginning with a letter.",
    ),
]
_BUILT_IN_OR_USED: dict[int | str, Any] = {
    409: {
        "description": "The type is built in, or customers have identifiers of it, and how they are"
        " compared or what they stand for would change."
    }
}


@router.get(
    "",
    response_model=TypeList,
    operation_id="list_identifier_types",
    summary="List the registered types of identifiers",
    openapi_extra=examples(*LIST_TYPES),
)
async def list_registered(
    caller: Annotated[Caller, requires("identity:admin")], database: DatabaseDep
) -> Response:
    """List the types that the tenant has registered; those that are built in are not listed."""
    types = await database.read(list_types, caller.tenant_id)
    return json_answer(TypeList(items=[_response(registered) for registered in types]))


@router.get(
    "/{type}",
    response_model=TypeResponse,
    operation_id="read_identifier_type",
    summary="Read a registered type of identifiers",
    openapi_extra=examples(*READ_TYPE),
)
async def read_registered(
    type: TypeName,  # noqa: A002 - the name of the parameter in the API
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    if_none_match: IfNoneMatchDep,
) -> Response:
    """Read a type that the tenant has registered, in its current version."""
    types = await database.read(find_types, caller.tenant_id, [type])
    if type not in types:
        raise NotFoundError("this type is not registered")
    etag = strong_etag(*etag_parts(caller.tenant_id, types[type]))
    return if_none_match.not_modified(etag) or json_answer(_response(types[type]), etag=etag)


@router.put(
    "/{type}",
    response_model=TypeResponse,
    operation_id="put_identifier_type",
    summary="Register a type of identifiers",
    openapi_extra=examples(*PUT_TYPE),
    responses=_BUILT_IN_OR_USED,
)
async def put_registered(
    type: TypeName,  # noqa: A002 - the name of the parameter in the API
    caller: Annotated[Caller, requires("identity:admin")],
    body: Annotated[TypeRequest, json_body(TypeRequest)],
    if_match: IfMatchDep,
    *,
    clock: ClockDep,
    write: WriterDep,
) -> Response:
    """Register a type of identifiers; saving it again makes its next version.

    It applies from the next request on. With ``If-Match``, only a type with that ETag is replaced;
    none is created.
    """
    draft = RegisteredType(
        type=type,
        name=body.name,
        comparison=Comparison(body.comparison),
        scope=Scope(body.scope),
        category=Category(body.category),
        registered_at=clock.now(),
        registered_by=caller.principal_id,
    )
    command = RegisterType(caller.tenant_id, draft, if_match.expected())

    def answer(saved: RegisteredType) -> tuple[int, TypeResponse, dict[str, str]]:
        etag = strong_etag(*etag_parts(caller.tenant_id, saved))
        return 200, _response(saved), {"ETag": etag}

    return await write(register_type, command, answer=answer)


def _response(registered: RegisteredType) -> TypeResponse:
    members = asdict(registered)
    del members["registered_by"]
    return TypeResponse.model_validate(members, strict=False)
