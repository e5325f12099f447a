"""Every operation refuses callers without a valid credential and shows them nothing."""

import base64
from datetime import timedelta

import pytest

from common.web.auth import registered_scopes
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import PROTECTED, Operation
from tests.security.site import ALPHA, BETA, Site

GARBAGE = {
    "empty": "",
    "no scheme": "tl_test",
    "another scheme": "Basic " + base64.b64encode(b"alpha:alpha").decode(),
    "no token": "Bearer ",
    "noise": "Bearer ' OR 1=1 --",
    "no algorithm": "Bearer eyJhbGciOiJub25lIn0.eyJ0ZW5hbnRfaWQiOiJhbHBoYSJ9.",
    "a long one": "Bearer " + "x" * 20_000,
    "a wrong checksum": "Bearer tl_test_" + "0" * 12 + "_" + "0" * 38,
}


@pytest.fixture
async def refused(site: Site, every_scope: list[str]) -> dict[str, str]:
    """Well-formed keys that must be refused."""
    return {
        "unknown": await site.new_key(ALPHA, every_scope, stored=False),
        "revoked": await site.new_key(ALPHA, every_scope, revoked=True),
        "expired": await site.new_key(ALPHA, every_scope, lives=timedelta(seconds=-1)),
    }


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_a_bad_credential_is_refused(
    operation: Operation, site: Site, alpha: Tenant, refused: dict[str, str]
):
    shown = [None, *GARBAGE.values(), *(f"Bearer {key}" for key in refused.values())]
    [target, *_], [body, *_] = targets(operation, alpha), bodies(operation, alpha)
    for credential in shown:
        headers = {} if credential is None else {"authorization": credential}
        answer = await site.ask(operation, target, by=BETA, key=None, headers=headers, body=body)
        assert (answer.status, answer.is_problem()) == (401, True), credential
        assert answer.header("www-authenticate") == 'Bearer realm="threadline"'
    assert "http.request_answered" in site.log.getvalue(), "the log must be captured"


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
@pytest.mark.parametrize("parameter", ["api_key", "access_token", "q"])
async def test_a_key_in_the_address_is_refused(
    operation: Operation, parameter: str, site: Site, alpha: Tenant
):
    target = f"{targets(operation, alpha)[0]}?{parameter}={alpha.key}"
    for key in (None, alpha.key):
        answer = await site.ask(operation, target, by=ALPHA, key=key)
        assert answer.status == 400
        assert alpha.key not in answer.text()


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_every_other_scope_together_is_not_enough(
    operation: Operation, site: Site, alpha: Tenant
):
    key = await site.key(ALPHA, sorted(registered_scopes() - {operation.scope}))
    for target, body in zip(targets(operation, alpha), bodies(operation, alpha), strict=False):
        answer = await site.ask(operation, target, by=BETA, key=key, body=body)
        assert (answer.status, answer.is_problem()) == (403, True)


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_a_key_without_scopes_opens_nothing(operation: Operation, site: Site, alpha: Tenant):
    key = await site.key(ALPHA, [])
    [target, *_], [body, *_] = targets(operation, alpha), bodies(operation, alpha)
    answer = await site.ask(operation, target, by=BETA, key=key, body=body)
    assert (answer.status, answer.is_problem()) == (403, True)
