"""The graph of a customer, and the explanation of two of its identifiers, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from services.identity.tests.harness import client
from services.identity.tests.integration.api_requests import pointers, resolve


def mail(name: str, level: str = "verified") -> dict[str, Any]:
    return {"type": "email", "value": f"{name}@nordlys.se", "level": level}


def phone(digit: int, level: str = "channel_proved") -> dict[str, Any]:
    return {"type": "phone", "value": f"+46 70 174 06 0{digit}", "level": level}


def plain(identifier: dict[str, Any]) -> dict[str, Any]:
    return {"type": identifier["type"], "value": identifier["value"]}


async def read(api, customer_id: str) -> dict[str, Any]:
    response = await api.get(f"/v1/customers/{customer_id}/graph")
    assert response.status_code == 200, response.text
    graph: dict[str, Any] = response.json()
    return graph


async def explain(api, customer_id: str, one: dict[str, Any], other: dict[str, Any]) -> Any:
    body = {"identifier": plain(one), "other": plain(other)}
    response = await api.post(f"/v1/customers/{customer_id}/explanation", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def ends(answer: dict[str, Any], links: list[dict[str, Any]]) -> list[set[str]]:
    """Return the values at both ends of each link."""
    values = [identifier["value"] for identifier in answer["identifiers"]]
    return [{values[place] for place in link["ends"]} for link in links]


async def chain(api) -> str:
    """Create a customer whose address is connected with a second number by a first one."""
    await resolve(api, mail("anna"), phone(1, "verified"), source="shop")
    answer = await resolve(api, phone(1), phone(2), source="telephony")
    customer_id: str = answer["customer_id"]
    return customer_id


async def test_the_graph_shows_who_was_proved_with_whom(api):
    customer_id = await chain(api)
    graph = await read(api, customer_id)
    assert [i["value"] for i in graph["identifiers"]] == [
        "anna@nordlys.se", "+46701740601", "+46701740602",
    ]  # fmt: skip
    assert ends(graph, graph["links"]) == [
        {"anna@nordlys.se", "+46701740601"},
        {"+46701740601", "+46701740602"},
    ]
    assert [(link["level"], link["rule"], link["source"]) for link in graph["links"]] == [
        ("verified", "together", "shop"),
        ("channel_proved", "together", "telephony"),
    ]


async def test_the_path_leads_from_one_to_the_other(api):
    customer_id = await chain(api)
    answer = await explain(api, customer_id, phone(2), mail("anna"))
    assert ends(answer, answer["path"]) == [
        {"+46701740601", "+46701740602"},
        {"anna@nordlys.se", "+46701740601"},
    ]
    assert ends(answer, answer["cut"]) == [{"+46701740601", "+46701740602"}]


async def test_a_claimed_identifier_is_connected_with_nothing(api):
    met = await resolve(api, mail("anna"), phone(1, "claimed"))
    answer = await explain(api, met["customer_id"], mail("anna"), phone(1))
    assert (answer["path"], answer["cut"]) == (None, [])
    assert len(answer["identifiers"]) == 2


async def test_a_forced_merge_is_a_link_by_decision(api):
    anna, ann = await resolve(api, mail("anna")), await resolve(api, mail("ann"))
    merge = {"source_id": ann["customer_id"], "target_id": anna["customer_id"]}
    assert (await api.post("/v1/merges", json=merge)).json()["changed"]
    answer = await explain(api, ann["customer_id"], mail("anna"), mail("ann"))
    assert answer["customer_id"] == anna["customer_id"]
    assert [link["rule"] for link in answer["path"]] == ["must-link"]


async def test_an_absorbed_id_leads_to_the_same_graph(api):
    anna = await resolve(api, mail("anna"))
    by_phone = await resolve(api, phone(1, "verified"))
    await resolve(api, mail("anna"), phone(1, "verified"))
    graphs = [await read(api, met["customer_id"]) for met in (anna, by_phone)]
    assert [graph.pop("requested_id") for graph in graphs] == [
        anna["customer_id"], by_phone["customer_id"],
    ]  # fmt: skip
    assert graphs[0] == graphs[1]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"identifier": plain(mail("bo")), "other": plain(mail("anna"))}, "/identifier"),
        ({"identifier": plain(mail("anna")), "other": {"type": "phone", "value": "null"}},
         "/other"),
        ({"identifier": plain(mail("anna")), "other": plain(mail("ANNA"))}, "/other"),
        ({"identifier": plain(mail("anna"))}, "/other"),
    ],
)  # fmt: skip
async def test_bad_input_is_named(api, body: dict[str, Any], pointer: str):
    met = await resolve(api, mail("anna"))
    response = await api.post(f"/v1/customers/{met['customer_id']}/explanation", json=body)
    assert response.status_code == 422
    assert pointers(response) == [pointer]


async def test_unknown_ids_and_other_tenants_are_not_found(service, api):
    met = await resolve(api, mail("anna"))
    body = {"identifier": plain(mail("anna")), "other": plain(phone(1))}
    async with client(service, tenant="other") as http:
        for customer_id in (met["customer_id"], str(uuid4())):
            path = f"/v1/customers/{customer_id}"
            assert (await http.get(f"{path}/graph")).status_code == 404
            assert (await http.post(f"{path}/explanation", json=body)).status_code == 404


async def test_callers_without_pii_see_masks(service, api):
    customer_id = await chain(api)
    async with client(service, scopes=("context:read",)) as http:
        shown = await read(http, customer_id)
        answer = await explain(http, customer_id, phone(2), mail("anna"))
    for identifiers in (shown["identifiers"], answer["identifiers"]):
        assert [i["value"] for i in identifiers] == ["a***@***", "***01", "***02"]


async def test_an_unchanged_graph_is_not_sent_again(api):
    path = f"/v1/customers/{await chain(api)}/graph"
    etag = (await api.get(path)).headers["etag"]
    assert (await api.get(path, headers={"If-None-Match": etag})).status_code == 304
