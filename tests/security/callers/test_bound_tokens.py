"""A token that is bound to a customer, such as a chat widget's, opens that customer's data only."""

import pytest
from pydantic import SecretStr

from common.web.auth import registered_scopes
from devstack.testing.services import Issuer
from tests.security.comparison import comparable
from tests.security.naming import Tenant, bodies, stranger_to_all, targets
from tests.security.operations import PROTECTED, Operation
from tests.security.site import ALPHA, BETA, Site


@pytest.fixture
def bound(site: Site, alpha: Tenant) -> str:
    """A token with every scope, bound to a customer of alpha's that owns none of the data."""
    issuer = Issuer("threadline:interactions", SecretStr(site.credentials.service_key))
    return issuer.bound_token(ALPHA, alpha.uninvolved, registered_scopes())


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_a_bound_token_sees_no_other_customer(
    operation: Operation, site: Site, alpha: Tenant, bound: str
):
    before, nobody = await site.rows(ALPHA), stranger_to_all()
    answers = []
    for named in (alpha, nobody):
        answers += [
            (named, await site.ask(operation, target, by=BETA, key=bound, body=body))
            for target in targets(operation, named)
            for body in bodies(operation, named)
        ]
    assert {answer.status for _, answer in answers} in ({403}, {404})
    assert len({comparable(answer, named) for named, answer in answers}) == 1
    assert await site.rows(ALPHA) == before
