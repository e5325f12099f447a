"""Customers who were once one with an erased person keep what they are, and forget the rest."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common.ids import new_id
from devstack.testing.observation.searching import tables_with
from interactions.context.store.customers.versions import find_profile_as_of
from services.interactions.tests.context_rows import (
    NOW,
    TENANT,
    claimed,
    created,
    identifier_event,
    merged,
    project_customers,
    redirected,
    unmerged,
)
from services.interactions.tests.integration.privacy.test_erasures import erase, sweep

PERSONAL = ["anna@nordlys.se", "Anna Lindqvist"]


def email(name: str) -> dict[str, Any]:
    value = f"{name}@nordlys.se"
    return {
        "type": "email", "value": value, "scope": None, "raw": value, "level": "verified",
    }  # fmt: skip


ANNA, BO = email("anna"), email("bo")


@pytest.fixture
async def pair(api: Any) -> tuple[UUID, UUID]:
    """Two customers who were one for a time: Anna, whose profile the other had, and Bo."""
    anna, bo = new_id(), new_id()
    told = {"name": "Anna Lindqvist"}
    both = {"name": "Anna Lindqvist", "city": "Boras"}
    restored: dict[UUID, tuple[int, list[UUID]]] = {anna: (3, [])}
    for event in (
        created(anna, identifiers=[ANNA], attributes=told, sequence=1),
        created(bo, identifiers=[BO], attributes={"city": "Boras"}, sequence=1),
        merged(bo, [anna], sequence=2, identifiers=[ANNA, BO], attributes=both),
        redirected(anna, bo, sequence=2),
        unmerged(bo, bo, restored, sequence=3, identifiers=[BO], attributes={"city": "Boras"}),
        unmerged(anna, bo, restored, sequence=3, identifiers=[ANNA], attributes=told),
    ):
        await project_customers(api, event)
    return anna, bo


async def profile(api: Any, customer_id: UUID) -> Any:
    [row] = await api.rows(
        "SELECT attributes, identifiers, version FROM customer_profile WHERE customer_id = :id",
        id=customer_id,
    )
    return row


async def test_the_other_keeps_what_it_is_and_nothing_of_the_person_in_its_past(api, pair):
    anna, bo = pair
    before = await profile(api, bo)
    assert "customer_version" in await tables_with(api.service.database, PERSONAL)
    await erase(api, anna)
    await sweep(api)
    assert await tables_with(api.service.database, PERSONAL) == {}
    assert await profile(api, bo) == before
    [base] = await api.rows("SELECT customer_id, version, is_base FROM customer_version")
    assert tuple(base) == (bo, 3, True)
    assert (
        await api.rows(
            "SELECT 1 FROM customer_pointer WHERE customer_id = :id OR target_id = :id", id=anna
        )
        == []
    )
    later = await api.service.database.read(
        find_profile_as_of, (TENANT, bo), recorded_by=NOW + timedelta(days=1)
    )
    assert later.attributes == {"city": "Boras"}


async def test_versions_after_the_two_were_parted_stay(api, pair):
    anna, bo = pair
    await project_customers(api, identifier_event("added", bo, email("bo.two"), sequence=4))
    await erase(api, anna)
    await sweep(api)
    rows = await api.rows("SELECT version, is_base FROM customer_version ORDER BY version")
    assert [tuple(row) for row in rows] == [(3, True), (4, False)]


async def test_an_identifier_that_went_away_from_somebody_is_forgotten_there(api):
    anna, bo = new_id(), new_id()
    await project_customers(api, created(bo, identifiers=[BO, ANNA], attributes={}, sequence=1))
    await project_customers(api, identifier_event("removed", bo, ANNA, sequence=2))
    await project_customers(api, created(anna, identifiers=[ANNA], attributes={}, sequence=1))
    await erase(api, anna)
    await sweep(api)
    assert await tables_with(api.service.database, PERSONAL[:1]) == {}
    assert [i["value"] for i in (await profile(api, bo)).identifiers] == ["bo@nordlys.se"]


async def test_a_claim_of_somebody_else_on_the_person_is_forgotten(api):
    anna, bo = new_id(), new_id()
    await project_customers(api, created(anna, identifiers=[ANNA], attributes={}, sequence=1))
    await project_customers(api, created(bo, identifiers=[BO], attributes={}, sequence=1))
    await project_customers(api, claimed(bo, ANNA, held_by=anna, sequence=2))
    assert await api.rows("SELECT 1 FROM customer_claim")
    await erase(api, anna)
    await sweep(api)
    assert await tables_with(api.service.database, PERSONAL[:1]) == {}
    assert await api.rows("SELECT 1 FROM customer_claim") == []
    assert (await profile(api, bo)).version == 2


async def test_a_customer_who_has_the_identifier_now_keeps_it(api):
    """It went to them before the erasure; our copy of the person only has not heard of it."""
    anna, bo = new_id(), new_id()
    await project_customers(api, created(anna, identifiers=[ANNA], attributes={}, sequence=1))
    await project_customers(api, created(bo, identifiers=[BO, ANNA], attributes={}, sequence=1))
    await erase(api, anna)
    await sweep(api)
    kept = {identifier["value"] for identifier in (await profile(api, bo)).identifiers}
    assert kept == {"anna@nordlys.se", "bo@nordlys.se"}
