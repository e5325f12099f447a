"""Two customers that were merged and are taken apart again, across the services."""

import pytest

from devstack.fleet.fleet import Fleet
from devstack.testing.observation.leaks import traceable
from devstack.testing.wait import until
from tests.e2e import journey
from tests.e2e.journey import Json, a_phone, an_email, call

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CHANGES = frozenset({"as_of", "updated_at", "version", "recorded_at"})
"""What says when a copy was written, and how often."""


def without_times(value: object) -> object:
    """Return a context or timeline without versions and the times at which copies were written."""
    if isinstance(value, dict):
        return {name: without_times(item) for name, item in value.items() if name not in CHANGES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


async def read(fleet: Fleet, customer_id: str, token: str | None = None) -> list[object]:
    """Return the context and the timeline of a customer."""
    headers = {"Threadline-Consistency": token} if token else {}
    path = f"/v1/context/{customer_id}"
    async with fleet.client("interactions") as client:
        return [
            without_times(await call(client, "GET", each, headers=headers))
            for each in (path, f"{path}/timeline")
        ]


async def texts(fleet: Fleet, customer_id: str) -> list[str]:
    async with fleet.client("interactions") as client:
        page = await call(client, "GET", f"/v1/context/{customer_id}/timeline")
    return [item["text"] for item in page["items"]]


async def decide(fleet: Fleet, path: str, body: Json) -> Json:
    async with fleet.client("identity") as client:
        return await call(client, "POST", path, body)


class Pair:
    """Two persons, each with an address, a name and a message."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.addresses = [an_email(), a_phone()]
        self.ids: list[str] = []

    async def meet(self) -> None:
        for address, name in zip(self.addresses, ("Anna", "Bo"), strict=True):
            attributes = {"name": traceable(name), "tier": "gold"}
            body = {"identifiers": [address], "attributes": attributes}
            met = await decide(self.fleet, "/v1/identities/resolve", body)
            await self.say(len(self.ids), "before")
            self.ids.append(met["customer_id"])
            await until(lambda: self.is_known(self.ids[-1]), within=20)

    async def say(self, side: int, text: str) -> Json:
        return await journey.say(self.fleet, "chat", self.addresses[side], text)

    async def is_known(self, customer_id: str) -> bool:
        """Return whether a context has all that identity and sla told of a customer."""
        context = await journey.context(self.fleet, customer_id)
        fed = [context["parts"][name]["complete"] for name in ("customer", "sla")]
        return all(fed) and bool(context["customer"]) and len(context["interactions"]) == 1

    async def merge(self) -> Json:
        return await decide(
            self.fleet, "/v1/merges", {"source_id": self.ids[1], "target_id": self.ids[0]}
        )

    async def undo(self, merged: Json) -> Json:
        return await decide(self.fleet, f"/v1/merges/{merged['merge_id']}/undo", {})


async def test_whoever_merges_reads_the_merged_customer_at_once(fleet: Fleet):
    pair = Pair(fleet)
    await pair.meet()
    merged = await pair.merge()
    context, timeline = await read(fleet, pair.ids[1], merged["consistency_token"])
    assert isinstance(context, dict)
    assert isinstance(timeline, dict)
    assert context["customer_id"] == pair.ids[0]
    assert len(context["identifiers"]) == 2
    assert len(timeline["items"]) == 2


async def test_an_undone_merge_leaves_contexts_and_timelines_as_they_were(fleet: Fleet):
    pair = Pair(fleet)
    await pair.meet()
    before = [await read(fleet, each) for each in pair.ids]
    merged = await pair.merge()
    await read(fleet, pair.ids[1], merged["consistency_token"])
    undone = await pair.undo(merged)
    tokens = dict(zip(undone["customer_ids"], undone["consistency_tokens"], strict=True))
    assert [await read(fleet, each, tokens[each]) for each in pair.ids] == before


async def test_what_was_said_in_between_goes_to_the_side_whose_identifier_it_carried(
    fleet: Fleet,
):
    pair = Pair(fleet)
    await pair.meet()
    merged = await pair.merge()
    await read(fleet, pair.ids[1], merged["consistency_token"])
    for side in (0, 1):
        said = await pair.say(side, f"between {side}")
        assert said["customer_id"] == pair.ids[0]
    await pair.undo(merged)

    async def are_apart() -> bool:
        own = [await texts(fleet, each) for each in pair.ids]
        return own == [[traceable(f"between {side}"), traceable("before")] for side in (0, 1)]

    await until(are_apart, within=30)
    for side in (0, 1):
        said = await pair.say(side, "after")
        assert said["customer_id"] == pair.ids[side]
