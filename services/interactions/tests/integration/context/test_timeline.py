"""Paging and filtering one customer's history over HTTP, while it grows and is merged."""

from datetime import timedelta

import pytest

from common.ids import new_id
from services.interactions.tests.context_rows import (
    NOW,
    a_conversation,
    an_interaction,
    created,
    merged,
    project_customers,
)


async def a_customer_with(api, count, **given):
    """Return a customer with ``count`` interactions, each three of the same second."""
    customer = new_id()
    await project_customers(api, created(customer))
    told = []
    for n in range(count):
        at = NOW - timedelta(seconds=n // 3)
        told.append(await api.run(an_interaction, customer, at=at, **given))
    told.sort(key=lambda one: -one[1])
    return customer, told


async def page_through(api, customer, query="limit=4", between=None):
    found, cursor, pages = [], "", 0
    while True:
        answer = await api.get(f"/v1/context/{customer}/timeline?{query}{cursor}")
        assert answer.status_code == 200
        body = answer.json()
        found += body["items"]
        pages += 1
        if body["next"] is None:
            return found, pages
        cursor = f"&cursor={body['next']}"
        if between is not None:
            await between()


def in_order(items):
    keys = [(i["occurred_at"], i["sequence"]) for i in items]
    return keys == sorted(keys, reverse=True)


async def test_pages_cover_every_interaction_once_newest_first(api):
    customer, told = await a_customer_with(api, 11)
    items, pages = await page_through(api, customer)
    assert {i["interaction_id"] for i in items} == {str(one) for one, _ in told}
    assert len(items) == 11
    assert pages == 3
    assert in_order(items)


async def test_a_page_that_ends_with_the_last_interaction_has_no_next(api):
    customer, _ = await a_customer_with(api, 8)
    _, pages = await page_through(api, customer)
    assert pages == 2


async def test_inserts_and_a_merge_while_paging_neither_repeat_nor_skip(api):
    customer, told = await a_customer_with(api, 20)
    other, _ = await a_customer_with(api, 6)
    merge = iter([merged(other, [customer], sequence=2)])

    async def meanwhile():
        await api.run(an_interaction, customer)
        await api.run(an_interaction, customer, at=NOW - timedelta(seconds=3))
        for record in merge:
            await project_customers(api, record)

    items, _ = await page_through(api, customer, between=meanwhile)
    found = [i["interaction_id"] for i in items]
    assert len(found) == len(set(found))
    assert {str(one) for one, _ in told} <= set(found)
    assert in_order(items)


async def test_a_filter_selects_matching_interactions(api):
    customer = new_id()
    await project_customers(api, created(customer))
    conversation = await api.run(a_conversation, customer)
    late = NOW - timedelta(hours=1)
    first, _ = await api.run(an_interaction, customer, channel="email", at=late)
    second, _ = await api.run(an_interaction, customer, direction="outbound", author_type="agent")
    third, _ = await api.run(an_interaction, customer, conversation_id=conversation)
    moment = (NOW - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for query, expected in {
        "channel=email": {first},
        "direction=outbound": {second},
        f"conversation_id={conversation}": {third},
        f"from={moment}": {second, third},
        f"to={moment}": {first},
        f"to={late.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}": set(),
        f"from={late.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}&channel=email": {first},
        "kind=call": set(),
    }.items():
        items, _ = await page_through(api, customer, query)
        assert {i["interaction_id"] for i in items} == {str(one) for one in expected}, query


async def test_a_repeated_filter_is_refused(api):
    customer = new_id()
    await project_customers(api, created(customer))
    answer = await api.get(f"/v1/context/{customer}/timeline?channel=email&channel=sms")
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/query/channel"]


@pytest.mark.parametrize("name", ["kind", "direction"])
async def test_a_misspelt_filter_is_refused(api, name):
    customer = new_id()
    await project_customers(api, created(customer))
    answer = await api.get(f"/v1/context/{customer}/timeline?{name}=masage")
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [f"/query/{name}"]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("parcel", {"late", "lost"}),
        ("parc", {"late", "lost"}),
        ("parcel -lost", {"late"}),
        ('"my parcel"', {"late"}),
        ("invoice", {"bill"}),
        ("invoice or lost", {"bill", "lost"}),
        ("o'brien", {"bill"}),
        ("o'b", {"bill"}),
        ("nothing", set()),
        ("...", set()),
        ("' | ' & :* ! ( \\", set()),
        ("PARCEL la", {"late"}),
    ],
)
async def test_search_finds_words_phrases_and_unfinished_words(api, q, expected):
    customer, other = new_id(), new_id()
    await project_customers(api, created(customer), created(other))
    texts = {"late": "Where is my parcel? It is late.", "lost": "The parcel is lost", "bill": "x"}
    named = {}
    for name, words in texts.items():
        subject = "Invoice for O'Brien" if name == "bill" else None
        told, _ = await api.run(an_interaction, customer, text=words, subject=subject)
        named[str(told)] = name
    await api.run(an_interaction, other, text="parcel late lost invoice")
    answer = await api.get(f"/v1/context/{customer}/timeline", params={"q": q})
    assert answer.status_code == 200
    assert {named[i["interaction_id"]] for i in answer.json()["items"]} == expected


@pytest.mark.parametrize(
    "operator", ["-", "- ", '"', '" ', "or ", "and ", "(", "!", "& ", "| ", "<-> ", ":*", "\\", "'"]
)
async def test_any_number_of_operators_is_a_search(api, operator):
    customer, _ = await a_customer_with(api, 1, text="parcel")
    repeated = operator * (190 // len(operator))
    for q in (repeated, f"parcel {repeated}", f"{repeated} parcel"):
        answer = await api.get(f"/v1/context/{customer}/timeline", params={"q": q[:200]})
        assert answer.status_code == 200, answer.text


async def test_a_pasted_rule_does_not_hide_the_words_around_it(api):
    customer, _ = await a_customer_with(api, 1, text="parcel is late")
    answer = await api.get(
        f"/v1/context/{customer}/timeline", params={"q": f"parcel {'-' * 60} late"}
    )
    assert len(answer.json()["items"]) == 1


async def test_search_results_have_pages(api):
    customer, _ = await a_customer_with(api, 9, text="parcel")
    items, pages = await page_through(api, customer, "q=parcel&limit=4")
    assert (len(items), pages) == (9, 3)


async def test_search_without_pii_read_is_refused(api):
    customer, _ = await a_customer_with(api, 1)
    answer = await api.get(f"/v1/context/{customer}/timeline?q=order", who="reader")
    assert answer.status_code == 403


async def test_without_pii_read_the_items_are_masked(api):
    customer, _ = await a_customer_with(api, 1, text="Canary")
    answer = await api.get(f"/v1/context/{customer}/timeline", who="reader")
    assert len(answer.json()["items"]) == 1
    assert "Canary" not in answer.text
    assert "Anna" not in answer.text


async def test_a_cursor_is_valid_only_for_its_own_filters_and_customer(api):
    customer, _ = await a_customer_with(api, 5)
    path = f"/v1/context/{customer}/timeline"
    cursor = (await api.get(f"{path}?limit=2")).json()["next"]
    other, _ = await a_customer_with(api, 5)
    for wrong in (
        f"{path}?channel=sms&cursor={cursor}",
        f"/v1/context/{other}/timeline?cursor={cursor}",
        f"{path}?cursor={cursor}x",
        f"{path}?cursor=",
    ):
        assert (await api.get(wrong)).status_code == 400, wrong
    assert (await api.get(f"{path}?cursor={cursor}", who="other")).status_code == 400


async def test_another_tenants_timeline_is_unknown(api):
    customer, _ = await a_customer_with(api, 1)
    assert (await api.get(f"/v1/context/{customer}/timeline", who="other")).status_code == 404


async def test_the_limit_is_clamped(api):
    customer, _ = await a_customer_with(api, 3)
    assert len((await api.get(f"/v1/context/{customer}/timeline?limit=0")).json()["items"]) == 1
    assert len((await api.get(f"/v1/context/{customer}/timeline?limit=999")).json()["items"]) == 3


@pytest.mark.parametrize("query", ["from=yesterday", "from=2026-01-01T00:00:00", "nonsense=1",
                                   "conversation_id=7"])  # fmt: skip
async def test_a_bad_filter_is_422(api, query):
    customer, _ = await a_customer_with(api, 1)
    assert (await api.get(f"/v1/context/{customer}/timeline?{query}")).status_code == 422
