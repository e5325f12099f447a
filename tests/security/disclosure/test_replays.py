"""A stored answer is replayed only to the tenant, and with the scopes, that first got it."""

from uuid import uuid4

import pytest

from common.web.auth import PII_READ, registered_scopes
from tests.security.canaries import found_in
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import PROTECTED, Operation
from tests.security.site import ALPHA, BETA, Site

REPLAYED = [
    operation for operation in PROTECTED if "Idempotency-Key" in operation.parameters("header")
]


@pytest.mark.parametrize("operation", REPLAYED, ids=str)
async def test_alphas_idempotency_key_gives_beta_nothing(
    operation: Operation, site: Site, alpha: Tenant, beta: Tenant
):
    headers = {"idempotency-key": uuid4().hex}
    [target, *_], [body, *_] = targets(operation, alpha), bodies(operation, alpha)
    request = {"headers": headers, "body": body}
    first = await site.ask(operation, target, by=ALPHA, key=alpha.key, **request)
    assert first.status < 300
    again = await site.ask(operation, target, by=ALPHA, key=alpha.key, **request)
    assert (again.body, again.header("idempotent-replayed")) == (first.body, "true")
    theirs = await site.ask(operation, target, by=BETA, key=beta.key, **request)
    assert theirs.header("idempotent-replayed") is None
    assert theirs.body != first.body


@pytest.mark.parametrize("operation", REPLAYED, ids=str)
async def test_a_replay_is_masked_without_pii_read(operation: Operation, site: Site, alpha: Tenant):
    blind = await site.key(ALPHA, sorted(registered_scopes() - {PII_READ}))
    request = {"headers": {"idempotency-key": uuid4().hex}, "body": bodies(operation, alpha)[0]}
    [target, *_] = targets(operation, alpha)
    await site.ask(operation, target, by=ALPHA, key=alpha.key, **request)
    answer = await site.ask(operation, target, by=ALPHA, key=blind, **request)
    assert answer.header("idempotent-replayed") is None
    if operation.model != "ResolveRequest":  # its answer repeats what the caller has just sent
        assert found_in(answer.text(), alpha.canaries.personal) == set()
