"""Simulations and applications of rules on stored customers, with requests in between."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from common.runtime import Loop
from common.service import Service
from devstack.testing.costs import cost_of
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.resolution.domain.requests import ResolutionRequest
from identity.rules.store.runs import delete_finished
from identity.rules.timers import runs
from identity.rules.usecases import advance_runs as advancing
from identity.rules.usecases.advance_runs import AdvanceRuns, advance_runs
from identity.settings import RuleSettings
from services.identity.tests.harness import Actor, assert_sound, client, email

P, V = Level.CHANNEL_PROVED, Level.VERIFIED
PATH = "/v1/identities/rules"
STRICTER = {
    "max_identifiers": 4,
    "max_neighbours": 3,
    "types": {"phone": {"max_values": 1}, "email": {"max_neighbours": 2}},
    "blocked": [
        {"type": "email", "match": "any_case", "value": "P3@nordlys.se"},
        {"type": "phone", "match": "pattern", "value": "\\+4670174060[0]"},
    ],
}
COUNTED = ("merged", "split", "moved", "quarantined", "dropped", "recovered")


def presented(random: Random) -> tuple[PresentedIdentifier, ...]:
    """Return what one of a dozen persons shows who share devices, telephones and mailboxes."""
    person = random.randrange(12)
    own = [
        PresentedIdentifier("email", f"p{person}@nordlys.se", level=random.choice([P, V])),
        PresentedIdentifier("external_id", f"n{person}", "shop", random.choice([P, V])),
        PresentedIdentifier("phone", f"+467017406{person // 2:02}", level=random.choice([P, V])),
        PresentedIdentifier("cookie", f"c{person // 3}", level=P),
        PresentedIdentifier("telegram", f"person{person // 4}", level=P),
    ]
    return tuple(random.sample(own, random.choice([1, 2, 2, 3])))


async def live_through(actor: Actor, random: Random, *, events: int = 80) -> None:
    start = actor.clock.now() - timedelta(days=300)
    for number in range(events):
        at = start + timedelta(hours=number)
        await actor.resolve(ResolutionRequest(presented(random), {}, create=True, observed_at=at))


async def save(api: Any, **rules: object) -> int:
    response = await api.post(PATH, json=rules)
    assert response.status_code == 201, response.text
    return int(response.json()["version"])


async def start(api: Any, kind: str, version: int, **more: object) -> str:
    response = await api.post(f"{PATH}/{kind}s", json={"version": version, **more})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


async def work(service: Service) -> None:
    loop = service.components["maintenance:advance_rules"]
    assert isinstance(loop, Loop)
    while not await loop.round():
        pass


async def read(api: Any, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = (await api.get(f"{PATH}/runs/{run_id}")).json()
    return run


async def effects(api: Any, run_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 7}
    while True:
        page = (await api.get(f"{PATH}/runs/{run_id}/effects", params=query)).json()
        found += page["items"]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def owners(actor: Actor) -> dict[tuple[str, str], UUID]:
    rows = await actor.rows(
        "SELECT type, value, customer_id FROM identifier WHERE tenant_id = :tenant_id",
        tenant_id=actor.tenant,
    )
    return {(row.type, row.value): row.customer_id for row in rows}


def without_devices(held: dict[tuple[str, str], UUID]) -> dict[tuple[str, str], UUID]:
    """Return whose the identifiers are that tell of persons; devices follow."""
    return {key: owner for key, owner in held.items() if key[0] != "cookie"}


async def state(actor: Actor) -> list[list[str]]:
    """Return all that decides, and all that is published."""
    tables = ("customer", "customer_alias", "identifier", "link", "claim", "quarantine", "outbox")
    rows = [await actor.rows(f"SELECT * FROM {table}") for table in tables]
    return [sorted(map(repr, of_table)) for of_table in rows]


async def partition(actor: Actor) -> set[frozenset[tuple[str, str]]]:
    groups: dict[UUID, set[tuple[str, str]]] = {}
    for key, customer_id in (await owners(actor)).items():
        groups.setdefault(customer_id, set()).add(key)
    return set(map(frozenset, groups.values()))


async def persons(actor: Actor) -> set[frozenset[tuple[str, str]]]:
    """Return the partition without devices, which come back when they are proved again."""
    groups = {
        frozenset(key for key in group if key[0] != "cookie") for group in await partition(actor)
    }
    return {group for group in groups if group}


def sums(found: list[dict[str, Any]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for effect in found:
        counts["out_of_bounds"] += bool(effect["exceeds"])
        counts["merged"] += effect["merged_into"] is not None
        counts["split"] += effect["split_into"] > 0
        for name in ("moved", "quarantined", "dropped", "recovered"):
            counts[name] += effect[name]
    return +counts


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_simulated_is_what_the_application_does(service, actor, api, seed):
    await live_through(actor, Random(seed))  # noqa: S311
    version = await save(api, **STRICTER)
    untouched = await state(actor)
    simulation = await start(api, "simulation", version)
    await work(service)
    assert await state(actor) == untouched
    simulated, run = await effects(api, simulation), await read(api, simulation)
    assert run["state"] == "done"
    assert +Counter(run["counts"]) == sums(simulated)
    assert sums(simulated)["moved"] + sums(simulated)["quarantined"] > 0

    before = without_devices(await owners(actor))
    application = await start(api, "application", version, expected_version=0)
    await work(service)
    assert await effects(api, application) == simulated
    await assert_difference(actor, before, sums(simulated))
    await assert_sound(actor)
    decided = await actor.rows("SELECT DISTINCT rules_version FROM quarantine")
    assert {row.rules_version for row in decided} <= {0, version}

    again = await start(api, "simulation", version)
    await work(service)
    assert sums(await effects(api, again)) - Counter(out_of_bounds=99) == Counter()


async def assert_difference(
    actor: Actor, before: dict[tuple[str, str], UUID], counts: Counter[str]
) -> None:
    """Assert that the counts are the difference between two states, however they came about."""
    after = without_devices(await owners(actor))
    aliases = {
        row.origin_id: row.canonical_id
        for row in await actor.rows("SELECT origin_id, canonical_id FROM customer_alias")
    }
    merged = {each for each in before.values() if aliases[each] != each}
    moved = [key for key, owner in before.items() if key in after and after[key] != aliases[owner]]
    lost = before.keys() - after.keys()
    assert counts["merged"] == len(merged)
    assert counts["moved"] == len(moved)
    assert counts["quarantined"] + counts["dropped"] == len(lost)
    assert counts["recovered"] == len(after.keys() - before.keys())


@pytest.mark.parametrize("seed", range(3))
async def test_requests_during_an_application_lead_to_one_partition(service, seed):
    """Whether a worker or a request comes first to a customer, the rules decide alike."""
    random = Random(seed)  # noqa: S311
    settled, racing = (Actor(service, tenant) for tenant in ("settled", "racing"))
    start_at = racing.clock.now() - timedelta(days=300)
    events = [
        ResolutionRequest(
            presented(random), {}, create=True, observed_at=start_at + timedelta(hours=number)
        )
        for number in range(90)
    ]
    async with client(service, tenant="racing") as api:
        for event in events[:60]:
            await racing.resolve(event)
        version = await save(api, **STRICTER)
        queue = iter(events[60:])

        async def resolve() -> None:
            for event in queue:
                await racing.resolve(event)

        async def apply() -> None:
            run_id = await start(api, "application", version)
            await work(service)
            assert (await read(api, run_id))["state"] == "done"

        await asyncio.gather(resolve(), apply(), resolve())
    async with client(service, tenant="settled") as api:
        await start(api, "application", await save(api, **STRICTER))
        await work(service)
    for event in events:
        await settled.resolve(event)
    unblocked = {
        group - {("email", "p3@nordlys.se"), ("phone", "+46701740600")}
        for group in await partition(settled)
    }
    assert await partition(racing) == {group for group in unblocked if group}
    await assert_sound(racing)


async def test_going_back_leads_back(service, actor, api):
    await live_through(actor, Random(5))  # noqa: S311
    before = await persons(actor)
    await start(api, "application", await save(api, **STRICTER))
    await work(service)
    assert await persons(actor) != before
    await start(api, "application", 0)
    await work(service)
    assert await persons(actor) == before
    await assert_sound(actor)


async def test_a_worker_that_dies_loses_one_page(actor, api, monkeypatch):
    for number in range(9):
        await actor.meet(email(f"p{number}", V))
    run_id = await start(api, "simulation", await save(api, max_identifiers=7))
    command = AdvanceRuns(actor.limits, 2)

    async def advance() -> None:
        await actor.database.run(advance_runs, command, now=actor.clock.now())

    while not (await read(api, run_id))["visited"]:
        await advance()
    assert (await read(api, run_id))["visited"] == 2

    async def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(advancing, "save_run", die)
        with pytest.raises(KeyboardInterrupt):
            await advance()
    run = await read(api, run_id)
    assert (run["visited"], run["customers"], run["state"]) == (2, 9, "running")
    while (await read(api, run_id))["state"] == "running":
        await advance()
    assert (await read(api, run_id))["visited"] == 9


async def test_two_workers_share_no_page(actor, api):
    for number in range(12):
        await actor.meet(email(f"p{number}", V))
    run_id = await start(api, "simulation", await save(api, max_identifiers=7))
    command = AdvanceRuns(actor.limits, 2)
    while (await read(api, run_id))["state"] == "running":
        calls = (actor.database.run(advance_runs, command, now=actor.clock.now()) for _ in range(3))
        await asyncio.gather(*calls)
    assert (await read(api, run_id))["visited"] == 12


async def test_a_run_that_keeps_failing_ends_and_holds_up_no_other(
    service, actor, api, monkeypatch
):
    await actor.meet(email("anna", V))
    async with client(service, tenant="other") as other:
        await Actor(service, "other").meet(email("bo", V))
        failing = await start(api, "simulation", await save(api, max_identifiers=7))
        fine = await start(other, "simulation", await save(other, max_identifiers=7))
        look_at = advancing._look_at

        async def fail(tx: Any, run: Any, *args: Any, **kwargs: Any) -> Any:
            if str(run.id) == failing:
                raise ValueError("anna@nordlys.se")
            return await look_at(tx, run, *args, **kwargs)

        monkeypatch.setattr(advancing, "_look_at", fail)
        await work(service)
        assert (await read(other, fine))["state"] == "done"
    run = await read(api, failing)
    assert run["state"] == "failed"
    assert run["problem"]
    assert "nordlys" not in run["problem"]


async def test_an_application_ends_what_was_running(service, actor, api):
    await actor.meet(email("anna", V))
    first, second = await save(api, max_identifiers=7), await save(api, max_identifiers=8)
    simulation = await start(api, "simulation", first)
    earlier = await start(api, "application", first)
    later = await start(api, "application", second)
    assert [(await read(api, each))["state"] for each in (simulation, earlier, later)] == [
        "superseded",
        "superseded",
        "running",
    ]
    await work(service)
    assert (await read(api, later))["state"] == "done"
    assert (await api.get(PATH)).json()["version"] == second


async def test_a_run_reads_a_page_at_a_time_however_many_customers_there_are(actor, api):
    command = AdvanceRuns(actor.limits, 5)
    costs = []
    for number in (40, 400):
        for each in range(number):
            await actor.meet(email(f"p{number}-{each}", V))
        await start(api, "simulation", await save(api, max_identifiers=number // 4))
        now = actor.clock.now()
        await actor.database.run(advance_runs, command, now=now)  # It counts all customers.
        costs.append(await cost_of(actor.database, advance_runs, command, now=now))
    few, many = costs
    assert many.rows <= few.rows + 5


async def test_finished_runs_are_deleted_in_time(service, actor, api):
    await live_through(actor, Random(1), events=30)  # noqa: S311
    old = await start(api, "simulation", await save(api, **STRICTER))
    await work(service)
    kept = await start(api, "simulation", 0)
    assert await effects(api, old)
    after = actor.clock.now() + runs.KEEP
    while await actor.database.run(delete_finished, before=after, count=3):
        pass
    assert (await api.get(f"{PATH}/runs/{old}")).status_code == 404
    assert (await read(api, kept))["state"] == "running"
    left = await actor.rows("SELECT 1 FROM rule_run_change")
    assert left == []


def test_settings_of_the_service_are_rules_that_can_be_saved():
    """What a tenant without rules has, it can save as its own."""
    settings = RuleSettings()
    assert settings.max_identifiers <= 500
    assert 2 <= settings.max_neighbours <= 100
    assert CustomerLimits().rules_version == 0


async def test_rows_of_runs_are_the_tenants_own(service, actor, api):
    await actor.meet(email("anna", V))
    run_id = await start(api, "simulation", await save(api, max_identifiers=7))
    async with client(service, tenant="other") as other:
        assert (await other.get(f"{PATH}/runs/{run_id}")).status_code == 404
        assert (await other.get(f"{PATH}/runs/{run_id}/effects")).status_code == 404
        assert (await other.get(f"{PATH}/runs")).json()["items"] == []
        assert (await other.get(f"{PATH}/versions/1")).status_code == 404
        assert (await other.post(f"{PATH}/simulations", json={"version": 1})).status_code == 404
    found = await actor.rows(text("SELECT tenant_id FROM rule_run").text)
    assert {row.tenant_id for row in found} == {"demo"}
