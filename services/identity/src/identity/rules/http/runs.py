"""``/v1/identities/rules/…``: simulate a version of the rules, or apply it."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.errors import NotFoundError
from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    WriterDep,
    examples,
    requires,
)
from common.web.requests import PageLimit, json_body
from common.web.responses import json_answer
from identity.rules.domain.effects import COUNTED
from identity.rules.domain.runs import Kind, Run
from identity.rules.http.examples import (
    APPLY_RULES,
    LIST_EFFECTS,
    LIST_RUNS,
    READ_RUN,
    SIMULATE_RULES,
)
from identity.rules.http.rules import RULES
from identity.rules.http.run_schemas import (
    ApplicationRequest,
    EffectBody,
    EffectList,
    RunList,
    RunResponse,
    SimulationRequest,
)
from identity.rules.http.state import RulesStateDep
from identity.rules.store.runs import find_run, list_effects, list_runs
from identity.rules.usecases.start_run import StartRun, start_run

BEFORE_ALL = UUID(int=0)
AFTER_ALL = UUID(int=2**128 - 1)

router = APIRouter(prefix="/v1/identities/rules", tags=[RULES])

RunId = Annotated[UUID, Path(description="Id of the run.")]
_NO_VERSION: dict[int | str, Any] = {404: {"description": "There is no such version."}}
_OTHER_IN_FORCE: dict[int | str, Any] = _NO_VERSION | {
    409: {"description": "Another version than ``expected_version`` is in force."}
}


@router.post(
    "/simulations",
    status_code=202,
    response_model=RunResponse,
    operation_id="simulate_rules",
    summary="Simulate a version of the rules",
    openapi_extra=examples(*SIMULATE_RULES),
    responses=_NO_VERSION,
)
async def simulate(
    caller: Annotated[Caller, requires("identity:admin")],
    body: Annotated[SimulationRequest, json_body(SimulationRequest)],
    state: RulesStateDep,
    write: WriterDep,
) -> Response:
    """Find out what a version would do to the customers that are stored, and change nothing.

    A worker looks at all of them; read the run to see how far it is. Another simulation takes its
    place.
    """
    command = StartRun(
        tenant_id=caller.tenant_id,
        version=body.version,
        kind=Kind.SIMULATION,
        actor=caller.principal_id,
        service=state.service,
    )
    return await write(start_run, command, answer=lambda run: (202, _response(run)))


@router.post(
    "/applications",
    status_code=202,
    response_model=RunResponse,
    operation_id="apply_rules",
    summary="Apply a version of the rules",
    openapi_extra=examples(*APPLY_RULES),
    responses=_OTHER_IN_FORCE,
)
async def apply(
    caller: Annotated[Caller, requires("identity:admin")],
    body: Annotated[ApplicationRequest, json_body(ApplicationRequest)],
    state: RulesStateDep,
    write: WriterDep,
) -> Response:
    """Put a version into force, and bring the customers that are stored into line with it.

    Requests are decided by it at once; a worker merges, splits and moves what is stored, with
    events. Applying another version, such as the one before, takes the run's place.
    """
    command = StartRun(
        tenant_id=caller.tenant_id,
        version=body.version,
        kind=Kind.APPLICATION,
        actor=caller.principal_id,
        service=state.service,
        expected_version=body.expected_version,
    )
    return await write(start_run, command, answer=lambda run: (202, _response(run)))


@router.get(
    "/runs",
    response_model=RunList,
    operation_id="list_rules_runs",
    summary="List simulations and applications",
    openapi_extra=examples(*LIST_RUNS),
)
async def list_all(
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List the tenant's simulations and applications, the latest first."""
    position = cursors.read(cursor)
    before = UUID(str(position[0])) if position else AFTER_ALL
    runs = await database.read(list_runs, caller.tenant_id, before=before, limit=limit + 1)
    page, following = cursors.page(runs, limit, position=lambda run: (str(run.id),))
    return json_answer(RunList(items=[_response(run) for run in page], next=following))


@router.get(
    "/runs/{run_id}",
    response_model=RunResponse,
    operation_id="read_rules_run",
    summary="Read a simulation or an application",
    openapi_extra=examples(*READ_RUN),
)
async def read_run(
    run_id: RunId, caller: Annotated[Caller, requires("identity:admin")], database: DatabaseDep
) -> Response:
    """Read how far a simulation or an application is, and what it counts."""
    run = await database.read(find_run, caller.tenant_id, run_id)
    if run is None:
        raise NotFoundError("there is no such run")
    return json_answer(_response(run))


@router.get(
    "/runs/{run_id}/effects",
    response_model=EffectList,
    operation_id="list_rules_effects",
    summary="List what rules do to customers",
    openapi_extra=examples(*LIST_EFFECTS),
)
async def list_effects_of_run(
    *,
    run_id: RunId,
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List the customers who are out of bounds, merge, split or change, by the run up to now."""
    filters = {"run_id": str(run_id)}
    position = cursors.read(cursor, filters)
    after = (UUID(str(position[0])), str(position[1])) if position else (BEFORE_ALL, "")
    if await database.read(find_run, caller.tenant_id, run_id) is None:
        raise NotFoundError("there is no such run")
    rows = await database.read(list_effects, caller.tenant_id, run_id, after=after, limit=limit + 1)
    page, following = cursors.page(
        rows, limit, position=lambda row: (str(row.customer_id), row.phase), filters=filters
    )
    items = [
        EffectBody.model_validate(
            {"customer_id": row.customer_id, "phase": row.phase, **row.change}, strict=False
        )
        for row in page
    ]
    return json_answer(EffectList(items=items, next=following))


def _response(run: Run) -> RunResponse:
    members = asdict(run)
    for name in ("tenant_id", "position", "failures"):
        del members[name]
    members["counts"] = {name: run.counts[name] for name in COUNTED}
    return RunResponse.model_validate(members, strict=False)
