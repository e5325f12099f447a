from uuid import UUID

import pytest

from services.identity.tests.harness import client


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (("context:read",), "POST", "/v1/identities/resolve"),
        (("context:read",), "POST", "/v1/identities/resolve/batch"),
        (("identity:write",), "POST", "/v1/merges"),
        (("identity:admin",), "POST", "/v1/erasures"),
        (("identity:admin",), "GET", f"/v1/erasures/{UUID(int=1)}"),
        (("identity:admin",), "GET", f"/v1/erasures/{UUID(int=1)}/receipt"),
        (("identity:admin",), "GET", "/v1/receipt-keys"),
        (("identity:admin",), "POST", "/v1/suppressions"),
        (("identity:admin",), "POST", f"/v1/suppressions/{UUID(int=1)}/lift"),
        (("identity:admin",), "POST", "/v1/sign-ups"),
        (("identity:admin", "pii:read"), "GET", f"/v1/customers/{UUID(int=1)}/export"),
        (("identity:write",), "GET", "/v1/identities/types"),
        (("identity:write",), "GET", "/v1/identities/types/badge"),
        (("identity:write",), "PUT", "/v1/identities/types/badge"),
        (("identity:write",), "GET", f"/v1/customers/{UUID(int=28674)}"),
        (("context:read",), "PUT", "/v1/groups"),
        (("context:read",), "DELETE", f"/v1/groups/{UUID(int=28674)}"),
        (("identity:write",), "GET", "/v1/groups"),
        (("identity:write",), "POST", "/v1/groups/lookup"),
    ],
)
async def test_every_call_needs_its_scope(service, scopes, method, path):
    async with client(service, scopes=scopes) as http:
        refused = await http.request(method, path, json={})
        http.headers.pop("Authorization")
        stranger = await http.request(method, path, json={})
    assert (refused.status_code, stranger.status_code) == (403, 401)
