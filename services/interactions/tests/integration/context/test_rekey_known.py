"""The keys of customers follow the normaliser's version, a batch at a time."""

from sqlalchemy import text

from common.ids import new_id
from interactions.context.timers import rekey_known
from services.interactions.tests.context_rows import (
    a_customer,
    a_phone,
    created,
    merged,
    project_customers,
)

KEYS = "SELECT lookup_key, customer_id, normaliser_version FROM known_identifier ORDER BY 1"


async def execute(api, statement):
    await api.run(lambda tx: tx.execute(text(statement)))


async def drain(api):
    while await api.tick("rekey_known"):
        pass


async def test_keys_of_an_older_version_find_nobody_until_they_are_written_again(api):
    customer = await a_customer(api)
    await execute(api, "UPDATE known_identifier SET normaliser_version = 1")
    phone = {"identifier": {"type": "phone", "value": "+442079460018"}}
    assert (await api.lookup(phone)).status_code == 404
    assert api.identity.lookups, "identity is asked"
    await drain(api)
    found = await api.lookup(phone)
    assert found.json()["customer_id"] == str(customer)


async def test_a_key_that_no_profile_has_is_deleted_with_its_version(api):
    customer = await a_customer(api)
    await execute(
        api, "UPDATE known_identifier SET normaliser_version = 1, lookup_key = '+4420794600'"
    )
    await drain(api)
    [row] = await api.rows(KEYS)
    assert (row.lookup_key, row.customer_id) == ("+442079460018", customer)


async def test_the_work_is_done_in_batches_and_once(api, monkeypatch):
    monkeypatch.setattr(rekey_known, "BATCH", 2)
    customers = [new_id() for _ in range(5)]
    for number, customer in enumerate(customers):
        phone = a_phone(f"+44207946001{number}")
        await project_customers(api, created(customer, identifiers=[phone]))
    await execute(api, "DELETE FROM known_identifier")
    rounds = 0
    while await api.tick("rekey_known"):
        rounds += 1
    assert rounds == 3
    assert {row.customer_id for row in await api.rows(KEYS)} == set(customers)
    [row] = await api.rows("SELECT finished FROM rekeying")
    assert row.finished


async def test_an_absorbed_customer_brings_no_key_back(api):
    """Its profile stays as it was, whatever the survivor loses afterwards."""
    absorbed, survivor = await a_customer(api), new_id()
    await project_customers(api, created(survivor, identifiers=[]))
    await project_customers(api, merged(survivor, [absorbed], sequence=2, identifiers=[]))
    await execute(api, "DELETE FROM known_identifier")
    await drain(api)
    assert await api.rows(KEYS) == []
