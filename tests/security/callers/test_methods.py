"""Other spellings of an address, other methods and overriding headers do not get in."""

import pytest

from devstack.stack.services import NAMES
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import PROTECTED, Operation
from tests.security.site import ALPHA, Site

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PURGE"}
NOWHERE = (
    "/", "/v0/customers", "/v1", "/v2/customers", "/admin", "/debug", "/console", "/env", "/.env",
    "/.git/config", "/actuator/health", "/server-status", "/static/../../etc/passwd", "/redoc",
    "/docs/oauth2-redirect", "/swagger.json", "/graphql", "/favicon.ico", "/v1/keys",
)  # fmt: skip
OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")

pytestmark = pytest.mark.usefixtures("unwritten")


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_only_declared_methods_are_answered(operation: Operation, site: Site, alpha: Tenant):
    declared = {method.upper() for method in operation.document["paths"][operation.path]}
    for method in sorted(METHODS - declared):
        for key in (None, alpha.key):
            answer = await site.call(
                operation.service, method, targets(operation, alpha)[0], by=ALPHA, key=key
            )
            assert answer.status == 405, method
            assert set((answer.header("allow") or "").split(", ")) == declared


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_a_header_does_not_change_the_method(operation: Operation, site: Site, alpha: Tenant):
    """Check that a read stays a read, and that forbidden operations stay forbidden."""
    reading = await site.key(ALPHA, ["context:read", "sla:read"])
    for method in ("PUT", "PATCH", "DELETE", "GET"):
        answer = await site.ask(
            operation,
            targets(operation, alpha)[0],
            by=ALPHA,
            key=reading,
            body=bodies(operation, alpha)[0],
            headers=dict.fromkeys(OVERRIDES, method),
            wait_for=b"retry",
        )
        allowed = operation.scope in {"context:read", "sla:read"}
        assert answer.status == (200 if allowed else 403)


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_an_address_has_only_one_spelling(operation: Operation, site: Site, alpha: Tenant):
    [target, *_] = targets(operation, alpha)
    for spelled in (
        f"{target}/",
        f"/{target}",
        target.replace("/v1/", "/V1/"),
        target.replace("/v1/", "/v1//"),
        target.replace("/v1/", "/v1/./"),
        target.replace("/v1/", "/v1/%2e/"),
        target.replace("/v1/", "/v1/../v1/"),
        target.replace("/v1/", "/v1;x=1/"),
        f"{target}%00",
        f"{target}%20",
    ):
        answer = await site.ask(
            operation, spelled, by=ALPHA, key=alpha.key, body=bodies(operation, alpha)[0]
        )
        assert answer.status in {404, 405}, spelled


@pytest.mark.parametrize("service", NAMES)
async def test_unknown_paths_are_not_found(service: str, site: Site, alpha: Tenant):
    for target in NOWHERE:
        for key in (None, alpha.key):
            answer = await site.call(service, "GET", target, by=ALPHA, key=key)
            assert (answer.status, answer.is_problem()) == (404, True), target


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_pages_of_other_origins_can_neither_call_nor_read(
    operation: Operation, site: Site, alpha: Tenant
):
    [target, *_] = targets(operation, alpha)
    asking = {"access-control-request-method": operation.method}
    asking |= {"access-control-request-headers": "authorization"}
    # A removal needs no body, so with the right to it this one would be carried out.
    removes = operation.method == "DELETE"
    key = await site.key(ALPHA, ["context:read"]) if removes else alpha.key
    for origin in ("https://evil.test", "null", "http://testserver"):
        headers = {"origin": origin}
        caller = {"by": ALPHA, "key": key, "wait_for": b"retry"}
        answer = await site.ask(operation, target, headers=headers, **caller)
        preflight = await site.call(
            operation.service, "OPTIONS", target, by=ALPHA, key=None, headers=headers | asking
        )
        assert preflight.status == 405
        for response in (answer, preflight):
            assert not [name for name, _ in response.headers if name.startswith("access-control-")]
