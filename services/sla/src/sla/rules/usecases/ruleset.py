"""Rules of a revision as values, kept because a revision never changes."""

from __future__ import annotations

from cachetools import LRUCache

from common.db import Transaction
from sla.rules.domain.calendars import build_calendar, spec_from_json
from sla.rules.domain.policy import Policy, Ruleset
from sla.rules.domain.policy_parser import policy_of
from sla.rules.store import calendars, policies

MAX_KEPT = 512


class Rulesets:
    """The rules of tenants by revision; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[str, int], Ruleset] = LRUCache(MAX_KEPT)

    async def get(self, tx: Transaction, tenant_id: str, revision: int) -> Ruleset:
        key = (tenant_id, revision)
        found = self._kept.get(key)
        if found is None:
            found = await load(tx, tenant_id, revision)
            self._kept[key] = found
        return found


async def load(tx: Transaction, tenant_id: str, revision: int) -> Ruleset:
    """Return the rules of a revision from their rows."""
    return Ruleset(
        revision=revision,
        policies=tuple(
            [as_policy(row) for row in await policies.in_force(tx, tenant_id, revision)]
        ),
        calendars={
            row.calendar_id: (row.version, build_calendar(spec_from_json(row.body)))
            for row in await calendars.in_force(tx, tenant_id, revision)
        },
    )


def as_policy(row: policies.PolicyVersion) -> Policy:
    return policy_of(
        row.body,
        policy_id=row.policy_id,
        version=row.version,
        since=row.created_at,
        name=row.name,
        position=row.position,
    )
