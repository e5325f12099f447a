import pytest

from services.identity.tests.integration.api_requests import MAIL, PHONE, pointers, resolve


async def test_resolve_responds_in_the_documented_shape(api):
    body = await resolve(
        api, MAIL, {"type": "phone", "value": "+12 ab"}, attributes={"tier": "gold"}
    )
    customer_id = body.pop("customer_id")
    assert body == {
        "reason": None,
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
        "claimed": [],
        "moved": [],
        "merged": [],
        "split": [],
        "quarantined": [],
        "conflicts": [],
        "dropped": [
            {
                "identifier": {
                    "type": "phone",
                    "value": "+12 ab",
                    "scope": None,
                    "level": "claimed",
                },
                "reason": "unparseable",
            }
        ],
        "version": 1,
    }
    spelling = {"type": "email", "value": " ANNA@nordlys.se", "level": "channel_proved"}
    again = await resolve(api, spelling)
    assert (again["customer_id"], again["created"]) == (customer_id, False)


async def test_a_national_number_needs_a_region(api):
    written = {"type": "phone", "value": "070-174 06 05"}
    (dropped,) = (await resolve(api, written))["dropped"]
    assert dropped["reason"] == "region_missing"
    (linked,) = (await resolve(api, written, default_region="SE"))["linked"]
    assert linked["value"] == "+46701740605"


async def test_a_look_up_returns_the_customer_or_null(api):
    nobody = await resolve(api, MAIL, create=False)
    assert (nobody["customer_id"], nobody["reason"]) == (None, "no_match")
    made = await resolve(api, MAIL)
    found = await resolve(api, MAIL, create=False)
    assert (found["customer_id"], found["version"]) == (made["customer_id"], 1)


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
async def test_an_invalid_request_is_refused_by_field(api, body, pointer):
    response = await api.post("/v1/identities/resolve", json=body)
    assert response.status_code == 422
    assert pointer in pointers(response)
    assert "nordlys" not in response.text.lower()


async def test_an_invalid_item_leaves_the_others_alone(api):
    items = [
        {"identifiers": [MAIL]},
        {"identifiers": [{"type": "email"}]},
        {"identifiers": [MAIL, PHONE]},
    ]
    response = await api.post("/v1/identities/resolve/batch", json={"items": items})
    assert response.status_code == 200
    first, bad, third = response.json()["items"]
    assert first["created"]
    assert bad["problem"]["errors"][0]["pointer"] == "/identifiers/0/value"
    assert third["customer_id"] == first["customer_id"]
    assert third["version"] == 2


async def test_a_batch_beyond_the_limit_is_refused(api):
    items = [{"identifiers": [MAIL]}] * 1001
    response = await api.post("/v1/identities/resolve/batch", json={"items": items})
    assert response.status_code == 422
    assert pointers(response) == ["/items"]


async def test_an_idempotency_key_replays_the_response(api):
    headers = {"Idempotency-Key": "k-1"}
    body = {"identifiers": [MAIL], "attributes": {"name": "Anna"}}
    first = await api.post("/v1/identities/resolve", json=body, headers=headers)
    second = await api.post("/v1/identities/resolve", json=body, headers=headers)
    assert first.json()["created"]
    assert second.json() == first.json()
    other = await api.post("/v1/identities/resolve", json={"identifiers": [PHONE]}, headers=headers)
    assert other.status_code == 422


async def test_too_many_attributes_fail_only_their_item(api):
    full = {f"a{number}": number for number in range(100)}
    assert (await resolve(api, MAIL, attributes=full))["created"]
    items = [
        {"identifiers": [MAIL], "attributes": {"one_more": 1}},
        {"identifiers": [MAIL], "attributes": {"a1": 2}},
        {"identifiers": [PHONE], "attributes": {"one_more": 1}},
    ]
    response = await api.post("/v1/identities/resolve/batch", json={"items": items})
    bad, known, created = response.json()["items"]
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
    response = await api.post(
        "/v1/identities/resolve",
        content=body.replace("%s", text),
        headers={"content-type": "application/json"},
    )
    assert response.status_code in {400, 422}
