"""Start to compare a version of the rules with what is stored, or to apply it."""

from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from common.errors import ConflictError, InvalidError, NotFoundError
from common.ids import new_id
from identity.customers.domain.customers import CustomerLimits
from identity.customers.store.tenant_lock import lock_whole_tenant
from identity.registry.domain.rule_checks import errors_in
from identity.registry.store.registered_types import list_types
from identity.registry.store.rule_sets import (
    find_in_force,
    find_rules,
    lock_rules,
    save_in_force,
)
from identity.rules.domain.runs import Kind, Run
from identity.rules.store.runs import insert_run, mark_superseded


@dataclass(frozen=True, slots=True)
class StartRun:
    """``expected_version`` is the version that must be in force, if any is named."""

    tenant_id: str
    version: int
    kind: Kind
    actor: str
    service: CustomerLimits
    expected_version: int | None = None


async def start_run(tx: Transaction, command: StartRun, *, now: datetime) -> Run:
    """Return the run, which a worker carries on with.

    An application puts the version into force for all requests from now on, and ends every other
    run of the tenant; a simulation ends only the simulation before. Version 0 goes back to the
    service's settings. Raises NotFoundError, ConflictError and InvalidError.
    """
    tenant_id = command.tenant_id
    await lock_rules(tx, tenant_id)
    await _check_version(tx, command)
    in_force = await find_in_force(tx, tenant_id)
    if command.expected_version not in {None, in_force.version}:
        raise ConflictError(
            f"version {in_force.version} is in force by now; simulate the rules again, and name"
            " that version"
        )
    ended = list(Kind) if command.kind is Kind.APPLICATION else [Kind.SIMULATION]
    await mark_superseded(tx, tenant_id, ended, now=now)
    if command.kind is Kind.APPLICATION:
        await lock_whole_tenant(tx, tenant_id)
        await save_in_force(tx, tenant_id, command.version, now=now)
    run = Run(
        tenant_id=tenant_id,
        id=new_id(),
        kind=command.kind,
        version=command.version,
        base_version=in_force.version,
        started_by=command.actor,
        started_at=now,
        advanced_at=now,
    )
    await insert_run(tx, run)
    return run


async def _check_version(tx: Transaction, command: StartRun) -> None:
    """Check the rules again: the service's settings may have changed since they were saved."""
    if command.version == 0:
        return
    rules = await find_rules(tx, command.tenant_id, command.version)
    if rules is None:
        raise NotFoundError("there is no such version of the rules")
    registered = await list_types(tx, command.tenant_id)
    errors = errors_in(rules, registered, most_identifiers=command.service.max_identifiers)
    if errors:
        raise InvalidError("this version is not valid any more; save another one", errors=errors)
