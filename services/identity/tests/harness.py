"""Runs the service for integration tests: a database of its own, and an API in-process."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast
from uuid import UUID

import httpx

from common.db import Database
from common.jsons import loads
from common.service import Service
from devstack.testing.postgres import rows_of
from devstack.testing.services import api_client, running_service, service_settings
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.denials import DenyKeys
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.merging.usecases.merge_customers import MergeCustomers, MergeResult, merge_customers
from identity.registry.domain.tenant_rules import TenantRules
from identity.resolution.domain.answers import Resolution
from identity.resolution.domain.requests import ResolutionRequest
from identity.resolution.usecases.resolve_identities import (
    ResolveIdentities,
    prepare_requests,
    resolve_identities,
)
from identity.settings import IdentitySettings
from identity.wiring import build

ALL_SCOPES = ("identity:write", "identity:admin", "context:read", "pii:read", "privacy:admin")
DENY_KEYS = DenyKeys(["d" * 32])
"""Those of the settings of tests."""


def running(dsn: str, **more: Any) -> AbstractAsyncContextManager[Service]:
    """Run the service on that database; ``more`` replaces or adds groups of settings."""
    return running_service(build(service_settings(IdentitySettings, dsn, **more)))


def client(
    service: Service, *, tenant: str = "demo", scopes: Sequence[str] = ALL_SCOPES
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """Return a client of the API with a new key of the tenant."""
    return api_client(service, scopes=scopes, tenant=tenant)


class Actor:
    """Calls the use cases of one tenant."""

    def __init__(
        self, service: Service, tenant: str = "demo", limits: CustomerLimits | None = None
    ) -> None:
        self.database: Database = service.database
        self.clock = service.clock
        self.tenant = tenant
        self.limits = limits or CustomerLimits()
        self.rules = TenantRules.by_default(self.limits)

    async def resolve(self, *requests: ResolutionRequest) -> tuple[Resolution, ...]:
        prepared = await prepare_requests(requests, now=self.clock.now())
        command = ResolveIdentities(self.tenant, prepared, self.rules, DENY_KEYS)
        answers = await self.database.run(resolve_identities, command, now=self.clock.now())
        assert all(isinstance(answer, Resolution) for answer in answers), answers
        return cast("tuple[Resolution, ...]", answers)

    async def meet(self, *presented: PresentedIdentifier, **attributes: Any) -> Resolution:
        (resolution,) = await self.resolve(self.request(*presented, **attributes))
        return resolution

    def request(
        self, *presented: PresentedIdentifier, create: bool = True, **attributes: object
    ) -> ResolutionRequest:
        return ResolutionRequest(presented, attributes, create, self.clock.now())

    async def merge(self, source: UUID, target: UUID, *, dry_run: bool = False) -> MergeResult:
        command = MergeCustomers(
            self.tenant, source, target, "same person", "agent-7", self.limits, dry_run
        )
        return await self.database.run(merge_customers, command, now=self.clock.now())

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        return await rows_of(self.database, statement, **parameters)

    async def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the bodies in the outbox, oldest first; those of erased customers are empty."""
        rows = await self.rows("SELECT payload FROM outbox WHERE payload <> '' ORDER BY position")
        bodies = [loads(row.payload) for row in rows]
        return [body for body in bodies if kind is None or body["type"] == f"identity.{kind}"]


def email(name: str, level: Level = Level.CLAIMED) -> PresentedIdentifier:
    return PresentedIdentifier("email", f"{name}@nordlys.se", level=level)


def device(name: str, level: Level = Level.CLAIMED) -> PresentedIdentifier:
    return PresentedIdentifier("device", f"dev-{name}", level=level)


async def assert_sound(actor: Actor) -> None:
    """Assert the invariants of the database: aliases, identifiers, versions, event sequences."""
    hops = await actor.rows(
        "SELECT a.origin_id FROM customer_alias AS a"
        " LEFT JOIN customer_alias AS b ON b.tenant_id = a.tenant_id"
        " AND b.origin_id = a.canonical_id WHERE b.canonical_id IS DISTINCT FROM a.canonical_id"
    )
    assert hops == [], "an alias is not one hop from a canonical customer"
    lost = await actor.rows(
        "SELECT c.id FROM customer AS c LEFT JOIN customer_alias AS a"
        " ON a.tenant_id = c.tenant_id AND a.origin_id = c.id"
        " WHERE a.canonical_id IS DISTINCT FROM coalesce(c.merged_into, c.id)"
        "   AND (a.canonical_id IS NULL OR c.merged_into IS NULL)"
    )
    assert lost == [], "an id was issued that does not resolve"
    strays = await actor.rows(
        "SELECT i.value FROM identifier AS i JOIN customer AS c"
        " ON c.tenant_id = i.tenant_id AND c.id = i.customer_id WHERE c.merged_into IS NOT NULL"
    )
    assert strays == [], "an identifier belongs to a customer that was absorbed"
    sequences: defaultdict[str, list[int]] = defaultdict(list)
    candidates: set[str] = set()
    for event in await actor.events():
        sequences[event["subject_id"]].append(event["sequence"])
        if event["type"].startswith("identity.candidate."):
            candidates.add(event["subject_id"])
    for subject, numbers in sequences.items():
        assert numbers == list(range(1, len(numbers) + 1)), subject
    versions = await actor.rows("SELECT id, version FROM customer")
    assert {str(row.id): row.version for row in versions} == {
        subject: len(numbers) for subject, numbers in sequences.items() if subject not in candidates
    }
