"""Rulesets kept in memory; a revision never changes, so they cannot become stale."""

import asyncio
from collections.abc import Sequence

from cachetools import LRUCache

from common.db import Transaction
from sla.rules.domain.policy import Ruleset
from sla.rules.store.calendars import CALENDARS, CalendarVersion
from sla.rules.store.policies import POLICIES, PolicyVersion

MAX_KEPT = 512


class Rulesets:
    """The rulesets of tenants by revision, at most ``MAX_KEPT``; the least recently used go."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[str, int], Ruleset] = LRUCache(MAX_KEPT)

    async def get(self, tx: Transaction, tenant_id: str, revision: int) -> Ruleset:
        """Return a ruleset, read from the database unless it is kept."""
        key = (tenant_id, revision)
        ruleset = self._kept.get(key)
        if ruleset is None:
            ruleset = await _load(tx, tenant_id, revision)
            self._kept[key] = ruleset
        return ruleset


async def _load(tx: Transaction, tenant_id: str, revision: int) -> Ruleset:
    in_force = await POLICIES.list_in_force(tx, tenant_id, revision)
    calendar_versions = await CALENDARS.list_in_force(tx, tenant_id, revision)
    # A tenant may have a thousand large ones: the other tenants do not wait for that.
    return await asyncio.to_thread(_ruleset, revision, in_force, calendar_versions)


def _ruleset(
    revision: int, in_force: Sequence[PolicyVersion], calendar_versions: Sequence[CalendarVersion]
) -> Ruleset:
    parsed = tuple(version.policy() for version in in_force)
    used = {target.calendar_id for policy in parsed for target in policy.targets}
    return Ruleset(
        revision=revision,
        policies=parsed,
        calendars={
            c.calendar_id: (c.version, c.hours())
            for c in calendar_versions
            if c.calendar_id in used
        },
    )
