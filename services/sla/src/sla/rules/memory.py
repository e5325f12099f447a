"""Rules kept in memory; revisions and versions never change, so they cannot become stale."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cachetools import LRUCache

from common.db import ReadConnection, Transaction
from sla.rules.domain.hours import NamedHours
from sla.rules.domain.policy import Ruleset
from sla.rules.store import calendars
from sla.rules.store.calendars import CALENDARS, CalendarVersion, VersionKey
from sla.rules.store.policies import POLICIES, PolicyVersion

MAX_KEPT = 512
MAX_CALENDARS = 1_024


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


class CalendarMemory:
    """Versions of calendars with their names, at most ``MAX_CALENDARS``."""

    def __init__(self) -> None:
        self._kept: LRUCache[VersionKey, NamedHours] = LRUCache(MAX_CALENDARS)

    async def get_all(
        self, connection: ReadConnection, keys: Collection[VersionKey]
    ) -> dict[VersionKey, NamedHours]:
        """Return these versions, the missing ones read in one statement."""
        hours = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [key for key in keys if key not in hours]
        if missing:
            read = await calendars.list_by_versions(connection, missing)
            # A tenant may use many large ones: the other tenants do not wait for them.
            hours |= await asyncio.to_thread(_named_hours, read)
            self._kept.update(hours)
        return hours


def _named_hours(
    versions: Mapping[VersionKey, tuple[str, Mapping[str, Any]]],
) -> dict[VersionKey, NamedHours]:
    return {
        key: NamedHours(calendars.hours_of(body), name) for key, (name, body) in versions.items()
    }
