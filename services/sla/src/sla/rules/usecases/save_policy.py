"""Create a policy, or replace it by its next version."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.db import Transaction
from common.errors import ConflictError, ErrorCode, FieldError, InvalidError, NotFoundError
from common.etags import ExpectedEtag
from common.ids import new_id
from sla.rules.domain.hours import add_business
from sla.rules.domain.policy import Target
from sla.rules.domain.policy_parser import check_spelling
from sla.rules.store import calendars, policies, revisions
from sla.rules.store.calendars import CalendarVersion
from sla.rules.store.policies import POLICIES, PolicyVersion

_UNREACHABLE = "this target cannot be reached within ten years on the calendar"


@dataclass(frozen=True, slots=True)
class SavePolicy:
    """``policy_id`` None makes a new policy. ``expected`` is the ETag of the version to replace."""

    tenant_id: str
    policy_id: UUID | None
    name: str
    position: int
    enabled: bool
    body: Mapping[str, Any]
    expected: ExpectedEtag | None = None


async def save_policy(tx: Transaction, command: SavePolicy, *, now: datetime) -> PolicyVersion:
    """Check and save a policy; saving an unchanged policy makes no new version.

    It covers conversations from now on; those matched before keep the version they matched.
    """
    tenant = command.tenant_id
    check_spelling(command.body)
    draft = PolicyVersion(
        policy_id=command.policy_id or new_id(),
        name=command.name,
        position=command.position,
        enabled=command.enabled,
        body=command.body,
        created_at=now,
    )
    targets = draft.policy().targets
    revision, created_at = await revisions.insert_revision(tx, tenant)
    await _check_references(tx, command, targets, now)
    current = await _current(tx, command)
    policy = replace(draft, created_at=created_at).following(current)
    if policy is not current:
        await POLICIES.save_version(tx, tenant, policy, revision)
    return policy


async def _current(tx: Transaction, command: SavePolicy) -> PolicyVersion | None:
    if command.policy_id is None:
        return None
    current = await POLICIES.find_current(tx, command.tenant_id, command.policy_id)
    if current is None:
        raise NotFoundError("there is no such policy")
    if command.expected is not None:
        command.expected.check(*current.etag_parts)
    return current


async def _check_references(
    tx: Transaction, command: SavePolicy, targets: Sequence[Target], now: datetime
) -> None:
    """Reject a taken position and targets that their calendar cannot serve, naming the field."""
    occupant = await policies.find_by_position(tx, command.tenant_id, command.position)
    if occupant is not None and occupant.policy_id != command.policy_id:
        raise ConflictError(
            "another policy has this position",
            errors=[
                FieldError("/position", ErrorCode.ALREADY_USED, "another policy has this position")
            ],
        )
    calendar_ids = [target.calendar_id for target in targets if target.calendar_id is not None]
    existing = await calendars.list_by_ids(tx, command.tenant_id, calendar_ids)
    # Calendars that are not ready yet take milliseconds each, which only this request should wait.
    if problems := await asyncio.to_thread(_target_problems, targets, existing, now):
        raise InvalidError("the policy is invalid", errors=problems)


def _target_problems(
    targets: Sequence[Target], existing: Mapping[str, CalendarVersion], now: datetime
) -> list[FieldError]:
    problems = []
    for index, target in enumerate(targets):
        calendar = existing.get(target.calendar_id or "")
        if target.calendar_id is not None and calendar is None:
            problems.append(
                FieldError(
                    f"/targets/{index}/calendar_id", ErrorCode.NOT_FOUND, "no calendar has this id"
                )
            )
        elif calendar is not None and not _reachable(target, calendar, now):
            problems.append(
                FieldError(f"/targets/{index}/seconds", ErrorCode.OUT_OF_RANGE, _UNREACHABLE)
            )
    return problems


def _reachable(target: Target, calendar: CalendarVersion, now: datetime) -> bool:
    length = timedelta(seconds=target.seconds)
    return add_business(calendar.hours(), now, length, ()) is not None
