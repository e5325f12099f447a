"""``/v1/identities/rules``: what decides who is whom, in versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BeforeValidator
from starlette.responses import Response

from common.db import ReadConnection
from common.errors import NotFoundError
from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    WriterDep,
    examples,
    requires,
    tag,
)
from common.web.requests import PageLimit, json_body
from common.web.responses import json_answer
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level
from identity.registry.domain.blocked import BlockedValue, Match
from identity.registry.domain.rule_set import RuleSet, TypeSettings
from identity.registry.store.rule_sets import InForce, find_in_force, find_rules, list_rules
from identity.rules.http.examples import LIST_RULES, READ_RULES, READ_VERSION, SAVE_RULES
from identity.rules.http.schemas import RulesList, RulesRequest, RulesResponse, TypeSettingsBody
from identity.rules.http.state import RulesStateDep
from identity.rules.usecases.save_rules import SavedRules, SaveRules, save_rules

AFTER_ALL = 2**31 - 1

RULES = tag("rules", "What decides who is whom: limits, types, blocked values, in versions.")
router = APIRouter(prefix="/v1/identities/rules", tags=[RULES])


def _only_digits(value: str) -> str:
    """Refuse other spellings of a number, so that a version has one address."""
    if str(int(value)) != value:
        raise ValueError("must be digits only, without zeros in front")
    return value


Version = Annotated[
    int,
    Path(ge=0, le=AFTER_ALL, description="The number of a version; 0 for the settings."),
    BeforeValidator(_only_digits),
]


@router.get(
    "",
    response_model=RulesResponse,
    operation_id="read_rules",
    summary="Read the rules in force",
    openapi_extra=examples(*READ_RULES),
)
async def read_rules(
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    state: RulesStateDep,
) -> Response:
    """Read the rules by which requests are decided now."""
    rules, in_force = await database.read(_find, caller.tenant_id, None, state.service)
    return json_answer(_response(rules, in_force))


@router.post(
    "",
    status_code=201,
    response_model=RulesResponse,
    operation_id="save_rules",
    summary="Save a version of the rules",
    openapi_extra=examples(*SAVE_RULES),
    responses={
        200: {
            "model": RulesResponse,
            "description": "The latest version says the same, and is the answer.",
        },
        409: {"description": "The tenant has as many versions as it may keep."},
    },
)
async def save(
    caller: Annotated[Caller, requires("identity:admin")],
    body: Annotated[RulesRequest, json_body(RulesRequest)],
    state: RulesStateDep,
    database: DatabaseDep,
    *,
    write: WriterDep,
) -> Response:
    """Save the next version of the rules. It decides nothing until it is applied."""
    in_force = await database.read(find_in_force, caller.tenant_id)
    draft = _draft(body, state.service, caller.principal_id)

    def answer(saved: SavedRules) -> tuple[int, RulesResponse]:
        return (201 if saved.is_new else 200), _response(saved.rules, in_force)

    command = SaveRules(caller.tenant_id, draft, state.service)
    return await write(save_rules, command, answer=answer)


@router.get(
    "/versions",
    response_model=RulesList,
    operation_id="list_rules",
    summary="List the versions of the rules",
    openapi_extra=examples(*LIST_RULES),
)
async def list_versions(
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List the versions that the tenant has saved, the latest first."""
    position = cursors.read(cursor)
    before = position[0] if position and isinstance(position[0], int) else AFTER_ALL
    in_force = await database.read(find_in_force, caller.tenant_id)
    versions = await database.read(list_rules, caller.tenant_id, before=before, limit=limit + 1)
    page, following = cursors.page(versions, limit, position=lambda rules: (rules.version,))
    items = [_response(rules, in_force) for rules in page]
    return json_answer(RulesList(items=items, next=following))


@router.get(
    "/versions/{version}",
    response_model=RulesResponse,
    operation_id="read_rules_version",
    summary="Read a version of the rules",
    openapi_extra=examples(*READ_VERSION),
)
async def read_version(
    version: Version,
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    state: RulesStateDep,
) -> Response:
    """Read a version of the rules, whether or not it was ever applied."""
    rules, in_force = await database.read(_find, caller.tenant_id, version, state.service)
    return json_answer(_response(rules, in_force))


async def _find(
    connection: ReadConnection, tenant_id: str, version: int | None, service: CustomerLimits
) -> tuple[RuleSet, InForce]:
    in_force = await find_in_force(connection, tenant_id)
    wanted = in_force.version if version is None else version
    if wanted == 0:
        return RuleSet.of_service(service), in_force
    rules = await find_rules(connection, tenant_id, wanted)
    if rules is None:
        raise NotFoundError("there is no such version of the rules")
    return rules, in_force


def _draft(body: RulesRequest, service: CustomerLimits, actor: str) -> RuleSet:
    settings = RuleSet.of_service(service)
    return RuleSet(
        max_identifiers=body.max_identifiers or settings.max_identifiers,
        max_neighbours=body.max_neighbours or settings.max_neighbours,
        claim_days=body.claim_days or settings.claim_days,
        types={kind: _settings(entry) for kind, entry in body.types.items()},
        blocked=tuple(
            BlockedValue(entry.type, Match(entry.match), entry.value) for entry in body.blocked
        ),
        note=body.note,
        created_by=actor,
    )


def _settings(body: TypeSettingsBody) -> TypeSettings:
    members = body.model_dump()
    level = members["default_level"]
    members["default_level"] = None if level is None else Level.parse(level)
    return TypeSettings(**members)


def _response(rules: RuleSet, in_force: InForce) -> RulesResponse:
    is_in_force = rules.version == in_force.version
    members: dict[str, Any] = {
        **rules.body(),
        "version": rules.version,
        "in_force": is_in_force,
        "in_force_since": in_force.since if is_in_force else None,
        "note": rules.note,
        "created_at": rules.created_at,
        "created_by": rules.created_by,
    }
    return RulesResponse.model_validate(members, strict=False)
