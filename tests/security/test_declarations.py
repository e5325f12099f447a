"""Every operation says who may call it, or stands in the short list of those that say why not."""

import pytest

from tests.security.operations import Operation, all_operations
from tests.security.seeds import bodies, stranger_to_all, targets

PUBLIC = {
    "POST /v1/channels/{provider}/{account}": "the provider signs its call",
    "GET /version": "it names the release and no tenant's data",
}
UNDOCUMENTED = {"/openapi.json", "/docs", "/livez", "/readyz", "/metrics"}
"""Health, metrics and the documents: they hold nothing of any tenant."""


@pytest.mark.parametrize("operation", all_operations(), ids=str)
def test_an_operation_declares_its_scope_or_why_it_has_none(operation: Operation):
    declared = operation.declared
    if str(operation) in PUBLIC:
        assert declared["security"] == []
        assert declared["x-public-reason"] == PUBLIC[str(operation)]
    else:
        assert declared["security"] == [{"bearer": []}]
        assert declared["x-required-scope"] == operation.scope
        assert operation.scope is not None


@pytest.mark.parametrize("operation", all_operations(), ids=str)
def test_an_operation_can_be_attacked(operation: Operation):
    """Every path parameter and every body has its line in ``seeds``."""
    nobody = stranger_to_all()
    assert targets(operation, nobody)
    assert bodies(operation, nobody)


async def test_every_route_is_documented(site):
    documented = {operation.path for operation in all_operations()}
    for service in site.services.values():
        known = {getattr(one, "path_format", one.path) for one in service.api.routes}
        assert known - documented == UNDOCUMENTED
