"""Workers that race on overlapping identifiers find what a single one finds."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from common.service import Service
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.resolution.domain.requests import ResolutionRequest
from services.identity.tests.harness import Actor, assert_sound

P, V = Level.CHANNEL_PROVED, Level.VERIFIED
LIMITS = CustomerLimits(max_neighbours=4, repeat_window=timedelta())
WORKERS, EVENTS = 6, 120


def history(actor: Actor, random: Random) -> list[ResolutionRequest]:
    """Return events of persons who share devices, telephones and mailboxes now and then."""
    start = actor.clock.now() - timedelta(days=300)
    requests = []
    for number in range(EVENTS):
        person = random.randrange(12)
        own = [
            PresentedIdentifier("email", f"p{person}@nordlys.se", level=random.choice([P, V])),
            PresentedIdentifier("external_id", f"n{person}", "shop", random.choice([P, V])),
            PresentedIdentifier(
                "phone", f"+467017406{person // 2:02}", level=random.choice([P, V])
            ),
            PresentedIdentifier("cookie", f"c{person // 3}", level=P),
        ]
        shown = random.sample(own, random.choice([1, 2, 2, 3]))
        at = start + timedelta(hours=number)
        requests.append(ResolutionRequest(tuple(shown), {}, create=True, observed_at=at))
    return requests


async def partition(actor: Actor) -> set[frozenset[tuple[str, str]]]:
    rows = await actor.rows(
        "SELECT array_agg(type || ':' || value) AS keys FROM identifier"
        " WHERE tenant_id = :tenant_id GROUP BY customer_id",
        tenant_id=actor.tenant,
    )
    return {frozenset(row.keys) for row in rows}


@pytest.mark.parametrize("seed", range(4))
async def test_racing_workers_find_the_partition_of_a_single_one(service: Service, seed: int):
    alone, racing = (Actor(service, tenant, LIMITS) for tenant in ("alone", "racing"))
    random = Random(seed)  # noqa: S311
    events = history(alone, random)
    for event in events:
        await alone.resolve(event)
    shuffled = [replace(event) for event in random.sample(events, len(events))]
    queue = iter([*shuffled, *random.sample(events, 20)])

    async def work() -> None:
        for event in queue:
            await racing.resolve(event)

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    assert await partition(racing) == await partition(alone)
    assert len(await partition(alone)) > 5
    await assert_sound(racing)


@pytest.mark.parametrize("size", [7, 60])
async def test_batches_find_the_partition_of_single_requests(service: Service, size: int):
    alone, batches = (Actor(service, tenant, LIMITS) for tenant in ("alone", "batches"))
    events = history(alone, Random(9))  # noqa: S311
    for event in events:
        await alone.resolve(event)
    for start in range(0, len(events), size):
        await batches.resolve(*events[start : start + size])
    assert await partition(batches) == await partition(alone)
    await assert_sound(batches)
