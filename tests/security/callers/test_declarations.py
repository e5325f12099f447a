"""Every operation declares its scope, or is in the short list of public ones with a reason."""

import pytest

from tests.security.naming import bodies, stranger_to_all, targets
from tests.security.operations import Operation, all_operations

PUBLIC = {
    "POST /v1/channels/{provider}/{account}": "the provider signs its call",
    "GET /version": "it names the release and no tenant's data",
}
DOCS = {"page.css", "page.js", "icon.svg", "swagger-ui-bundle.js", "swagger-ui.css"}
UNDOCUMENTED = {
    "/openapi.json", "/docs", *(f"/docs/{name}" for name in DOCS), "/livez", "/readyz", "/metrics"
}  # fmt: skip
"""Health, metrics and the documents, which contain no tenant's data."""


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
    """Check that ``seeds`` has a line for every path parameter and every body."""
    nobody = stranger_to_all()
    assert targets(operation, nobody)
    assert bodies(operation, nobody)


async def test_every_route_is_documented(site):
    documented = {operation.path for operation in all_operations()}
    for service in site.services.values():
        paths = {getattr(route, "path_format", route.path) for route in service.api.routes}
        assert paths - documented == UNDOCUMENTED
