"""A policy is made, or replaced by its next version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.db import Transaction
from common.errors import ConflictError, FieldError, InvalidError, NotFoundError
from common.etags import ExpectedEtag
from common.ids import new_id
from sla.rules.domain.calendars import build_calendar, spec_from_json
from sla.rules.domain.hours import add_business
from sla.rules.domain.policy import Target
from sla.rules.store import calendars, policies, revisions
from sla.rules.store.calendars import CalendarVersion
from sla.rules.store.policies import PolicyVersion
from sla.rules.usecases.ruleset import as_policy


@dataclass(frozen=True, slots=True)
class SavePolicy:
    """``policy_id`` None makes a new one. ``expected`` is the tag of the version to be replaced."""

    tenant_id: str
    policy_id: UUID | None
    name: str
    position: int
    enabled: bool
    body: Mapping[str, Any]
    expected: ExpectedEtag | None = None


async def save_policy(tx: Transaction, command: SavePolicy, *, now: datetime) -> PolicyVersion:
    """Check and save it; saving what is there already makes no new version.

    It is for conversations from now on; those matched before keep what they were matched with.
    """
    tenant = command.tenant_id
    draft = PolicyVersion(
        policy_id=command.policy_id or new_id(),
        version=1,
        name=command.name,
        position=command.position,
        enabled=command.enabled,
        body=command.body,
        created_at=now,
    )
    checked = as_policy(draft)
    revision, created_at = await revisions.next_revision(tx, tenant)
    await _check_references(tx, command, checked.targets, now)
    current = await _current(tx, command)
    if current is not None and _same(current, draft):
        return current
    policy = PolicyVersion(
        policy_id=draft.policy_id,
        version=current.version + 1 if current else 1,
        name=draft.name,
        position=draft.position,
        enabled=draft.enabled,
        body=draft.body,
        created_at=created_at,
    )
    await policies.save(tx, tenant, policy, revision)
    return policy


async def _current(tx: Transaction, command: SavePolicy) -> PolicyVersion | None:
    if command.policy_id is None:
        return None
    found = await policies.current(tx, command.tenant_id, policy_id=command.policy_id)
    if not found:
        raise NotFoundError("there is no such policy")
    if command.expected is not None:
        command.expected.check(*found[0].etag_parts)
    return found[0]


async def _check_references(
    tx: Transaction, command: SavePolicy, targets: Sequence[Target], now: datetime
) -> None:
    """Refuse a taken position and targets that their calendar cannot serve, naming the field."""
    at_position = await policies.at_position(tx, command.tenant_id, command.position)
    if at_position is not None and at_position.policy_id != command.policy_id:
        raise ConflictError(
            "another policy has this position",
            errors=[FieldError("/position", "another policy has this position")],
        )
    wanted = [target.calendar_id for target in targets if target.calendar_id is not None]
    known = await calendars.by_ids(tx, command.tenant_id, wanted)
    problems = []
    for index, target in enumerate(targets):
        calendar = known.get(target.calendar_id or "")
        if target.calendar_id is not None and calendar is None:
            problems.append(
                FieldError(f"/targets/{index}/calendar_id", "there is no such calendar")
            )
        elif calendar is not None and not _reachable(target, calendar, now):
            problems.append(
                FieldError(f"/targets/{index}/seconds", "takes over ten years on its calendar")
            )
    if problems:
        raise InvalidError("the policy is not valid", errors=problems)


def _reachable(target: Target, calendar: CalendarVersion, now: datetime) -> bool:
    hours = build_calendar(spec_from_json(calendar.body))
    return add_business(hours, now, timedelta(seconds=target.seconds), ()) is not None


def _same(one: PolicyVersion, other: PolicyVersion) -> bool:
    return (one.name, one.position, one.enabled, one.body) == (
        other.name,
        other.position,
        other.enabled,
        other.body,
    )
