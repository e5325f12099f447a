from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from common.service import Service
from services.identity.tests.running import Actor, client, running

MAIL = {"type": "email", "value": "Anna@Nordlys.se", "scope": None, "level": "verified"}
PHONE = {"type": "phone", "value": "+46 70 174 06 05", "level": "channel_proved"}


@pytest.fixture
async def api(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client(service) as calling:
        yield calling


async def resolve(api: httpx.AsyncClient, *identifiers: object, **more: object) -> dict:
    answer = await api.post(
        "/v1/identities/resolve", json={"identifiers": list(identifiers), **more}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_resolve_answers_in_the_agreed_shape(api):
    body = await resolve(
        api, MAIL, {"type": "phone", "value": "12 ab"}, attributes={"tier": "gold"}
    )
    customer_id = body.pop("customer_id")
    assert body == {
        "created": True,
        "linked": [
            {
                "type": "email",
                "value": "anna@nordlys.se",
                "raw": "Anna@Nordlys.se",
                "scope": None,
                "level": "verified",
            }
        ],
        "merged": [],
        "dropped": [
            {
                "identifier": {
                    "type": "phone",
                    "value": "12 ab",
                    "scope": None,
                    "level": "claimed",
                },
                "reason": "unparseable",
            }
        ],
        "version": 1,
    }
    again = await resolve(api, {"type": "email", "value": " ANNA@nordlys.se"})
    assert (again["customer_id"], again["created"]) == (customer_id, False)


async def test_a_national_number_needs_a_region(api):
    written = {"type": "phone", "value": "070-174 06 05"}
    (dropped,) = (await resolve(api, written))["dropped"]
    assert dropped["reason"] == "unparseable"
    (linked,) = (await resolve(api, written, default_region="SE"))["linked"]
    assert linked["value"] == "+46701740605"


async def test_a_look_up_finds_or_says_null(api):
    assert (await resolve(api, MAIL, create=False))["customer_id"] is None
    made = await resolve(api, MAIL)
    found = await resolve(api, MAIL, create=False)
    assert (found["customer_id"], found["version"]) == (made["customer_id"], 1)


async def test_an_older_value_does_not_overwrite_and_a_null_clears(api):
    async def name(value: object, observed_at: str) -> dict:
        await resolve(api, MAIL, attributes={"name": value}, observed_at=observed_at)
        answer = await api.get(f"/v1/customers/{made['customer_id']}")
        return answer.json()["attributes"]

    made = await resolve(api, MAIL)
    assert await name("Anna", "2026-03-02T12:00:00Z") == {"name": "Anna"}
    assert await name("Ann", "2026-03-01T12:00:00Z") == {"name": "Anna"}
    assert await name(None, "2026-03-03T12:00:00Z") == {}
    assert await name("Ann", "2026-03-02T18:00:00Z") == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"identifiers": []}, "/identifiers"),
        ({}, "/identifiers"),
        ({"identifiers": [{"type": "E-Mail", "value": "x"}]}, "/identifiers/0/type"),
        ({"identifiers": [{"type": "email", "value": 7}]}, "/identifiers/0/value"),
        ({"identifiers": [{**MAIL, "level": "sworn"}]}, "/identifiers/0/level"),
        ({"identifiers": [{**MAIL, "sure": True}]}, "/identifiers/0/sure"),
        ({"identifiers": [MAIL], "create": "yes"}, "/create"),
        ({"identifiers": [MAIL], "observed_at": "yesterday"}, "/observed_at"),
        ({"identifiers": [MAIL], "default_region": "Sweden"}, "/default_region"),
        ({"identifiers": [MAIL], "attributes": {"note": "x" * 9_000}}, "/attributes/note"),
        ({"identifiers": [MAIL] * 51}, "/identifiers"),
    ],
)
async def test_a_broken_request_is_refused_by_field(api, body, pointer):
    answer = await api.post("/v1/identities/resolve", json=body)
    assert answer.status_code == 422
    assert pointer in pointers(answer)
    assert "nordlys" not in answer.text.lower()


async def test_a_bad_item_spoils_only_itself(api):
    items = [
        {"identifiers": [MAIL]},
        {"identifiers": [{"type": "email"}]},
        {"identifiers": [MAIL, PHONE]},
    ]
    answer = await api.post("/v1/identities/resolve/batch", json={"items": items})
    assert answer.status_code == 200
    first, bad, third = answer.json()["items"]
    assert first["created"]
    assert bad["problem"]["errors"][0]["pointer"] == "/identifiers/0/value"
    assert third["customer_id"] == first["customer_id"]
    assert third["version"] == 2


async def test_a_batch_has_an_end(api):
    items = [{"identifiers": [MAIL]}] * 1001
    answer = await api.post("/v1/identities/resolve/batch", json={"items": items})
    assert answer.status_code == 422
    assert pointers(answer) == ["/items"]


async def test_the_same_key_gets_the_same_answer(api):
    headers = {"Idempotency-Key": "k-1"}
    body = {"identifiers": [MAIL], "attributes": {"name": "Anna"}}
    first = await api.post("/v1/identities/resolve", json=body, headers=headers)
    second = await api.post("/v1/identities/resolve", json=body, headers=headers)
    assert first.json()["created"]
    assert second.json() == first.json()
    other = await api.post("/v1/identities/resolve", json={"identifiers": [PHONE]}, headers=headers)
    assert other.status_code == 422


async def test_a_customer_reads_by_any_id_it_ever_had(api):
    one, two = await resolve(api, MAIL, attributes={"name": "Anna"}), await resolve(api, PHONE)
    merged = await api.post(
        "/v1/merges",
        json={"source_id": one["customer_id"], "target_id": two["customer_id"], "reason": "called"},
    )
    assert merged.status_code == 200
    assert merged.json() == {
        "merge_id": merged.json()["merge_id"],
        "customer_id": two["customer_id"],
        "absorbed_ids": [one["customer_id"]],
        "changed": True,
        "dry_run": False,
        "preview": None,
    }
    body = (await api.get(f"/v1/customers/{one['customer_id']}")).json()
    assert body["customer_id"] == two["customer_id"]
    assert body["requested_id"] == one["customer_id"]
    assert body["merged_ids"] == [one["customer_id"]]
    assert body["attributes"] == {"name": "Anna"}
    assert [held["value"] for held in body["identifiers"]] == ["anna@nordlys.se", "+46701740605"]
    assert body["version"] == 2
    back = await api.post(
        "/v1/merges", json={"source_id": two["customer_id"], "target_id": one["customer_id"]}
    )
    assert (back.status_code, back.json()["changed"]) == (200, False)
    assert back.json()["customer_id"] == two["customer_id"]


async def test_an_unchanged_customer_is_not_sent_again(api):
    made = await resolve(api, MAIL)
    path = f"/v1/customers/{made['customer_id']}"
    first = await api.get(path)
    again = await api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await resolve(api, MAIL, PHONE)
    changed = await api.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_personal_values_are_masked_without_the_scope(service, api):
    made = await resolve(api, MAIL, attributes={"name": "Anna", "tier": "gold", "age": 41})
    other = await resolve(api, PHONE)
    async with client(service, scopes=("context:read", "identity:admin")) as masked:
        answer = await masked.get(f"/v1/customers/{made['customer_id']}")
        merge = {
            "source_id": made["customer_id"],
            "target_id": other["customer_id"],
            "dry_run": True,
        }
        preview = await masked.post("/v1/merges", json=merge)
    assert answer.json()["attributes"] == {"age": "***", "name": "A***", "tier": "gold"}
    (held,) = answer.json()["identifiers"]
    assert (held["value"], held["type"]) == ("a***@***", "email")
    for text in (answer.text.lower(), preview.text.lower()):
        assert "nordlys" not in text
        assert "1740605" not in text
        assert "41" not in answer.json()["attributes"].values()


async def test_a_dry_run_shows_what_would_be(api):
    one = await resolve(api, MAIL, attributes={"name": "Anna"}, observed_at="2026-03-02T12:00:00Z")
    two = await resolve(api, PHONE, attributes={"name": "Ann"}, observed_at="2026-03-01T12:00:00Z")
    merge = {"source_id": one["customer_id"], "target_id": two["customer_id"], "dry_run": True}
    body = (await api.post("/v1/merges", json=merge)).json()
    assert (body["changed"], body["merge_id"]) == (True, None)
    assert body["absorbed_ids"] == [one["customer_id"]]
    assert body["preview"]["attributes"] == {"name": "Anna"}
    assert len(body["preview"]["identifiers"]) == 2
    assert body["preview"]["overridden"] == [
        {"customer_id": two["customer_id"], "name": "name", "value": "Ann"}
    ]
    untouched = (await api.get(f"/v1/customers/{one['customer_id']}")).json()
    assert untouched["customer_id"] == one["customer_id"]


async def test_a_merge_is_replayed_by_its_key(service, api):
    one, two = await resolve(api, MAIL), await resolve(api, PHONE)
    merge = {"source_id": one["customer_id"], "target_id": two["customer_id"]}
    answers = [
        await api.post("/v1/merges", json=merge, headers={"Idempotency-Key": "m-1"})
        for _ in range(2)
    ]
    assert answers[0].json()["changed"]
    assert answers[1].json() == answers[0].json()
    assert len(await Actor(service).events("customer.merged")) == 1


async def test_a_merge_that_would_be_too_large_is_a_conflict(service, api):
    one, two = await resolve(api, MAIL), await resolve(api, PHONE)
    merge = {"source_id": one["customer_id"], "target_id": two["customer_id"]}
    dsn = service.settings.postgres.dsn.get_secret_value()
    async with running(dsn, rules={"max_identifiers": 1}) as strict, client(strict) as calling:
        answer = await calling.post("/v1/merges", json=merge)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("too-many-identifiers")


async def test_attributes_beyond_the_limit_spoil_only_their_item(api):
    full = {f"a{number}": number for number in range(100)}
    assert (await resolve(api, MAIL, attributes=full))["created"]
    items = [
        {"identifiers": [MAIL], "attributes": {"one_more": 1}},
        {"identifiers": [MAIL], "attributes": {"a1": 2}},
        {"identifiers": [PHONE], "attributes": {"one_more": 1}},
    ]
    answer = await api.post("/v1/identities/resolve/batch", json={"items": items})
    bad, known, created = answer.json()["items"]
    assert bad["problem"]["errors"][0]["pointer"] == "/attributes"
    assert (known["version"], created["created"]) == (2, True)
    single = await api.post("/v1/identities/resolve", json=items[0])
    assert (single.status_code, pointers(single)) == (422, ["/attributes"])


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800"])
@pytest.mark.parametrize(
    "body",
    [
        '{"identifiers": [{"type": "cookie", "value": "%s"}]}',
        '{"identifiers": [{"type": "cookie", "value": "x", "scope": "%s"}]}',
        '{"identifiers": [{"type": "cookie", "value": "x"}], "attributes": {"note": ["%s"]}}',
        '{"identifiers": [{"type": "cookie", "value": "x"}], "attributes": {"%s": 1}}',
        '{"identifiers": [{"type": "cookie", "value": "x"}], "source": "%s"}',
    ],
)
async def test_text_that_no_column_can_hold_is_refused(api, body, text):
    answer = await api.post(
        "/v1/identities/resolve",
        content=body.replace("%s", text),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("unknown", [str(UUID(int=28673)), "no-uuid"])
async def test_an_unknown_customer_is_not_found(api, unknown):
    answer = await api.get(f"/v1/customers/{unknown}")
    assert answer.status_code == 404


async def test_another_tenants_customer_looks_unknown(service, api):
    made = await resolve(api, MAIL)
    own = await resolve(api, PHONE)
    async with client(service, tenant="other") as there:
        read = await there.get(f"/v1/customers/{made['customer_id']}")
        unknown = await there.get(f"/v1/customers/{uuid4()}")
        merge = {"source_id": made["customer_id"], "target_id": own["customer_id"]}
        merged = await there.post("/v1/merges", json=merge)
        assert (await resolve(there, MAIL))["customer_id"] != made["customer_id"]
    assert read.status_code == unknown.status_code == merged.status_code == 404
    assert read.json() | {"instance": ""} == unknown.json() | {"instance": ""}


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (("context:read",), "POST", "/v1/identities/resolve"),
        (("context:read",), "POST", "/v1/identities/resolve/batch"),
        (("identity:write",), "POST", "/v1/merges"),
        (("identity:write",), "GET", f"/v1/customers/{UUID(int=28674)}"),
    ],
)
async def test_every_call_needs_its_scope(service, scopes, method, path):
    async with client(service, scopes=scopes) as calling:
        refused = await calling.request(method, path, json={})
        calling.headers.pop("Authorization")
        stranger = await calling.request(method, path, json={})
    assert (refused.status_code, stranger.status_code) == (403, 401)
