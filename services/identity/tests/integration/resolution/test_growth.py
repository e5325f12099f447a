"""What a resolution costs depends neither on its customer's history nor on other customers."""

from datetime import datetime
from functools import partial

from devstack.testing.costs import Cost, cost_of
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.customers.store.customer_views import get_customer_view
from identity.resolution.usecases.resolve_identities import (
    ResolveIdentities,
    prepare_requests,
    resolve_identities,
)
from services.identity.tests.harness import DENY_KEYS, device, email

BEFORE = 300
"""How many resolutions come before the last one; each leaves an observation and an event."""

BATCH, BATCHES = 100, 10


async def cost_of_resolving(actor, *presented, **attributes: object) -> Cost:
    now: datetime = actor.clock.now()
    prepared = await prepare_requests([actor.request(*presented, **attributes)], now=now)
    command = ResolveIdentities(actor.tenant, prepared, actor.rules, DENY_KEYS)
    return await cost_of(actor.database, resolve_identities, command, now=now)


async def cost_of_resolving_batch(actor, presented) -> Cost:
    now: datetime = actor.clock.now()
    requests = [actor.request(identifier) for identifier in presented]
    command = ResolveIdentities(
        actor.tenant, await prepare_requests(requests, now=now), actor.rules, DENY_KEYS
    )
    return await cost_of(actor.database, resolve_identities, command, now=now)


async def test_a_resolution_costs_the_same_however_often_its_customer_was_resolved(actor):
    anna = email("anna", Level.VERIFIED)
    met, now = await actor.meet(anna, name="Anna"), actor.clock.now()
    first = await cost_of_resolving(actor, anna, name="Ann")
    seen = partial(get_customer_view, now=now)
    view = await cost_of(actor.database, seen, actor.tenant, met.customer_id)
    for number in range(BEFORE):
        await actor.meet(anna, name=f"Anna {number}")
    assert len(await actor.events()) == BEFORE + 2
    assert await cost_of_resolving(actor, anna, name="Anne") == first
    assert await cost_of(actor.database, seen, actor.tenant, met.customer_id) == view


async def test_a_resolution_reads_no_more_than_the_identifiers_that_a_customer_may_have(actor):
    anna, most = email("anna", Level.VERIFIED), actor.limits.max_identifiers
    await actor.meet(anna)
    alone = await cost_of_resolving(actor, anna)
    for number in range(0, most + 100, 25):
        await actor.meet(anna, *(device(str(n)) for n in range(number, number + 25)))
    full = await cost_of_resolving(actor, anna)
    assert full.statements == alone.statements
    # A bitmap scan counts each row twice, in its index and in the table.
    assert most <= full.rows <= alone.rows + 2 * most


async def test_known_evidence_costs_one_read(actor):
    """Also with many other customers, and if two of its identifiers are two customers'."""
    anna, phone = email("anna", Level.CHANNEL_PROVED), device("a", Level.CHANNEL_PROVED)
    numbers = [
        PresentedIdentifier("external_id", value, "shop", Level.VERIFIED) for value in ("1", "2")
    ]
    for presented in ([anna, phone, numbers[0]], [anna, numbers[1]]):
        await actor.meet(*presented)
        first = await cost_of_resolving(actor, *presented)
        assert first.statements == 1
        for number in range(BATCH):
            await actor.meet(email(f"{presented[-1].value}-{number}"), device(f"x{number}"))
        assert await cost_of_resolving(actor, *presented) == first


async def test_new_evidence_reads_only_what_it_is_connected_with(actor):
    async def cost(name: str) -> Cost:
        await actor.meet(email(name, Level.VERIFIED), device(f"{name}-1", Level.CHANNEL_PROVED))
        return await cost_of_resolving(
            actor, email(name, Level.VERIFIED), device(f"{name}-2", Level.CHANNEL_PROVED)
        )

    first = await cost("first")
    for number in range(BATCH):
        await cost(f"other-{number}")
    assert await cost("last") == first


async def test_a_batch_costs_the_same_however_many_customers_its_tenant_has(actor):
    """Also while Postgres has no statistics of the tables, as on the first day of an import."""

    async def cost(name: str) -> Cost:
        return await cost_of_resolving_batch(
            actor, [email(f"{name}-{n}", Level.VERIFIED) for n in range(BATCH)]
        )

    first = await cost("first")
    for number in range(BATCHES):
        await cost(f"{number}")
    assert await cost("last") == first
    known = await cost("first")
    for number in range(BATCHES):
        await cost(f"more-{number}")
    assert await cost("first") == known
