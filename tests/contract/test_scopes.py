"""The services agree on the scopes that a key may hold, and register those that they require."""

import pytest

import identity.wiring
import interactions.wiring
import sla.wiring
from common.web.auth import PII_READ, registered_scopes
from tests.security.operations import all_operations

WIRINGS = {"identity": identity.wiring, "interactions": interactions.wiring, "sla": sla.wiring}


def test_every_service_knows_the_scopes_of_all():
    every = frozenset().union(*(wiring.SCOPES for wiring in WIRINGS.values()))
    for wiring in WIRINGS.values():
        assert every == wiring.SCOPES | wiring.OTHER_SCOPES
        assert not wiring.SCOPES & wiring.OTHER_SCOPES
    assert registered_scopes() >= every | {PII_READ}


@pytest.mark.parametrize("name", WIRINGS)
def test_routes_require_scopes_of_their_own_service(name: str):
    required = {one.scope for one in all_operations() if one.service == name and one.scope}
    assert required
    assert required <= WIRINGS[name].SCOPES
