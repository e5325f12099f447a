"""Without ``pii:read``, alpha's own callers see what happened, but no personal data."""

import pytest

from common.web.auth import PII_READ, registered_scopes
from tests.security.canaries import found_in
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import PROTECTED, WITH_BODY, Operation
from tests.security.site import ALPHA, Site

ECHOES = {"ResolveRequest": "answers with the identifiers that the caller has just sent"}


@pytest.fixture
async def blind(site: Site) -> str:
    """A key with every scope except ``pii:read``."""
    return await site.key(ALPHA, sorted(registered_scopes() - {PII_READ}))


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_a_masked_answer_names_nobody(
    operation: Operation, site: Site, alpha: Tenant, blind: str
):
    for target in targets(operation, alpha):
        for body in bodies(operation, alpha):
            answer = await site.ask(
                operation, target, by=ALPHA, key=blind, body=body, wait_for=b"retry"
            )
            assert answer.status < 300 or answer.status in {409, 422}, answer.text()
            if operation.model not in ECHOES:
                assert found_in(answer.text(), alpha.canaries.personal) == set(), target


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_an_error_never_quotes_what_was_sent(operation: Operation, site: Site, alpha: Tenant):
    secrets = list(alpha.canaries.personal.values())
    [target, *_], [sound, *_] = targets(operation, alpha), bodies(operation, alpha)
    assert sound is not None
    for name in operation.members:
        for wrong in ([secrets, [secrets]], "\x00".join(secrets)):
            spoilt = {name: wrong}
            body = {"items": [spoilt]} if operation.is_batch else sound | spoilt
            answer = await site.ask(operation, target, by=ALPHA, key=alpha.key, body=body)
            assert b'"status":422' in answer.body, name
            assert found_in(answer.text(), alpha.canaries.personal) == set(), name


async def test_masked_texts_cannot_be_searched(site: Site, alpha: Tenant, blind: str):
    """Check that search is refused: guess by guess, it would reveal what the mask hides."""
    target = f"/v1/context/{alpha['customer_id']}/timeline?q=canary"
    answer = await site.call("interactions", "GET", target, by=ALPHA, key=blind)
    assert answer.status == 403


@pytest.mark.parametrize("criterion", ["name", "name_prefix"])
async def test_masked_names_cannot_be_searched(
    site: Site, alpha: Tenant, blind: str, criterion: str
):
    body = {criterion: alpha.canaries.name}
    answer = await site.call(
        "identity", "POST", "/v1/customers/search", by=ALPHA, key=blind, body=body
    )
    assert answer.status == 403
    assert found_in(answer.text(), alpha.canaries.personal) == set()
