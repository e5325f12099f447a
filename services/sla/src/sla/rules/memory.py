"""Rulesets kept in memory; a revision never changes, so they cannot become stale."""

from cachetools import LRUCache

from common.db import Transaction
from sla.rules.domain.policy import Ruleset
from sla.rules.store.calendars import CALENDARS
from sla.rules.store.policies import POLICIES

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
    policies = await POLICIES.list_in_force(tx, tenant_id, revision)
    calendars = await CALENDARS.list_in_force(tx, tenant_id, revision)
    return Ruleset(
        revision=revision,
        policies=tuple(version.policy() for version in policies),
        calendars={c.calendar_id: (c.version, c.hours()) for c in calendars},
    )
