"""The only unauthenticated endpoint accepts calls signed with the account's own secret only."""

from typing import Any
from urllib.parse import urlencode

import pytest

from interactions.channels.providers.twilio import signature
from tests.security.comparison import comparable
from tests.security.naming import Tenant, stranger_to_all, targets
from tests.security.operations import Operation, all_operations
from tests.security.site import ALPHA, BETA, Site

OPEN = [
    operation
    for operation in all_operations()
    if operation.scope is None and operation.method == "POST"
]
FIELDS = [("Body", "hello"), ("From", "+49301234567"), ("MessageSid", "SM1")]
FORM = urlencode(FIELDS).encode()


def signed(target: str, secret: str) -> dict[str, str]:
    text = signature(secret, f"http://testserver{target}", FIELDS)
    return {"x-twilio-signature": text, "content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("operation", OPEN, ids=str)
async def test_a_forged_call_does_not_show_which_accounts_exist(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    nobody, before, seen = stranger_to_all(), await site.rows(), set()
    for named in (alpha, nobody):
        [target, *_] = targets(operation, named)
        forged: tuple[dict[str, Any], ...] = (
            {},
            {"x-twilio-signature": ""},
            {"x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
            signed(target, beta.canaries.business),
            signed(target, "0" * 32),
            signed(target + "?x=1", alpha.canaries.business),
            signed(target, alpha.canaries.business)
            | {"x-forwarded-host": "evil.test", "x-twilio-signature": "x"},
        )
        for headers in forged:
            answer = await site.ask(
                operation, target, by=BETA, key=beta.key, headers=headers, body=FORM
            )
            assert answer.status == 401
            seen.add(comparable(answer, named))
    assert len(seen) == 1
    assert await site.rows() == before


async def test_a_genuine_call_is_stored_for_its_tenant_only(
    site: Site, alpha: Tenant, beta: Tenant
):
    target = f"/v1/channels/twilio/{alpha['account']}"
    before = await site.rows(BETA), await site.rows(ALPHA)
    answer = await site.call(
        "interactions", "POST", target, by=ALPHA, key=beta.key, body=FORM,
        headers=signed(target, alpha.canaries.business),
    )  # fmt: skip
    assert answer.status == 200
    assert await site.rows(BETA) == before[0]
    assert await site.rows(ALPHA) != before[1]


@pytest.mark.parametrize("operation", OPEN, ids=str)
@pytest.mark.usefixtures("unwritten")
async def test_an_unsigned_body_is_not_read_to_its_end(
    operation: Operation, site: Site, alpha: Tenant
):
    for named in (alpha, stranger_to_all()):
        [target, *_] = targets(operation, named)
        body = FORM + b"&x=" + b"a" * 9_000_000
        headers = signed(target, "0" * 32)
        answer = await site.ask(operation, target, by=BETA, key=None, headers=headers, body=body)
        assert (answer.status, answer.is_problem()) == (413, True)


@pytest.mark.usefixtures("untouched")
async def test_the_account_in_the_address_decides_not_the_one_in_the_form(
    site: Site, alpha: Tenant, beta: Tenant
):
    """Check that an account's owner can claim anything, and it stays within their tenant."""
    target = f"/v1/channels/twilio/{beta['account']}"
    claims = [("To", alpha["account"]), ("AccountSid", alpha["account"]), ("tenant_id", ALPHA)]
    fields = [*FIELDS[:2], ("MessageSid", "SM2"), *claims]
    genuine = signature(beta.canaries.business, f"http://testserver{target}", fields)
    answer = await site.call(
        "interactions", "POST", target, by=BETA, key=None, body=urlencode(fields).encode(),
        headers=signed(target, "") | {"x-twilio-signature": genuine},
    )  # fmt: skip
    assert answer.status == 200
