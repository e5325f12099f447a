"""What recording writes is what context, timeline and change feed show."""

from dataclasses import replace

from sqlalchemy import text

from common.ids import new_id
from interactions.history import record_interactions
from services.interactions.tests.context_rows import NOW, created, merged, project_customers
from services.interactions.tests.factories import a_draft, a_reply, recording


async def record(api, *drafts, customer_id):
    received = [replace(draft, received_at=NOW) for draft in drafts]
    await api.run(record_interactions, recording(*received, customer_id=customer_id), now=NOW)


async def test_a_recorded_message_and_its_reply_appear_in_every_view(api):
    customer = new_id()
    await project_customers(api, created(customer))
    await record(
        api, a_draft(text="Where is it?"), a_reply(text="On its way"), customer_id=customer
    )
    body = (await api.get(f"/v1/context/{customer}")).json()
    assert {i["text"] for i in body["interactions"]} == {"Where is it?", "On its way"}
    assert body["insights"]["contacts_7d"]["value"] == 1
    assert len(body["conversations"]) == 1
    page = (await api.get(f"/v1/context/{customer}/timeline?q=where")).json()
    assert [i["text"] for i in page["items"]] == ["Where is it?"]
    feed = (await api.get("/v1/changes")).json()["items"]
    told = [i for i in feed if i["type"] == "interaction.recorded"]
    assert [i["interaction"]["text"] for i in told] == ["Where is it?", "On its way"]
    assert {i["customer_id"] for i in feed} == {str(customer)}


async def test_a_merge_during_a_conversation_shows_all_of_it_at_once(api):
    one, two = new_id(), new_id()
    await project_customers(api, created(one), created(two))
    await record(api, a_draft(text="before"), customer_id=one)
    await project_customers(api, merged(two, [one], sequence=2))
    await record(api, a_draft(text="after"), customer_id=two)
    body = (await api.get(f"/v1/context/{one}")).json()
    assert {i["text"] for i in body["interactions"]} == {"before", "after"}
    feed = (await api.get("/v1/changes")).json()["items"]
    assert {i["customer_id"] for i in feed} == {str(two)}
    assert all(i["interaction"] for i in feed if i["type"] == "interaction.recorded")


async def test_an_unresolved_message_is_in_the_feed_and_in_no_context(api):
    customer = new_id()
    await project_customers(api, created(customer))
    await record(api, a_draft(text="who am I"), customer_id=None)
    assert (await api.get(f"/v1/context/{customer}")).json()["interactions"] == []
    feed = (await api.get("/v1/changes")).json()["items"]
    (told,) = [i for i in feed if i["type"] == "interaction.recorded"]
    assert (told["customer_id"], told["interaction"]["text"]) == (None, "who am I")

    async def attach(tx):
        values = {"customer": customer}
        await tx.execute(text("UPDATE interaction SET origin_customer_id = :customer"), values)
        await tx.execute(text("UPDATE conversation SET origin_customer_id = :customer"), values)

    await api.run(attach)
    feed = (await api.get("/v1/changes")).json()["items"]
    (told,) = [i for i in feed if i["type"] == "interaction.recorded"]
    assert told["customer_id"] == str(customer)
    assert told["interaction"]["text"] == "who am I"
